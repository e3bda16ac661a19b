"""The rules that say how many servers the coming quarter of an hour takes, against the function of the benchmark."""

from __future__ import annotations

import math

from demo.history.noise import Noise
from tests.bench.scaling_model import Traffic
from tests.rules.promtool import Case, Promtool, at

_DAY = 1440
_PER_SERVER = 60
_PROVEN = "pantrywatch_capacity_requests_per_minute"
# Half a minute later by each step, so that no sample lies on the edge of a range.
_EVERY_MINUTES = 719.5
# From the sixth week on: it rises, rises later, is a night, and has been twice as busy for half an hour.
_STEPS = (71, 73, 77, 81)
_TOO_EARLY = 67


def _minutes(days: int) -> list[float]:
    """Requests minute by minute: a rhythm of the day, weeks that differ, and the last hours twice as busy."""
    noise = Noise("scaling")
    weeks = [noise.between(80, 120) for _ in range(days // 7 + 1)]
    values = []
    for minute in range(days * _DAY):
        by_day = (1 - math.cos(2 * math.pi * minute / _DAY + 1.6)) / 2
        busy = 2.0 if minute > _STEPS[-1] * _EVERY_MINUTES - 30 else 1.0
        values.append(float(round(weeks[minute // (7 * _DAY)] * busy * (by_day + noise.between(0, 0.1)))))
    return values


def test_the_rules_forecast_what_the_function_of_the_benchmark_does(promtool: Promtool) -> None:
    """Requests and servers in the sixth week, none before it, never fewer than now, none without a proven rate."""
    traffic = Traffic(_minutes(42))
    events = 'slo:events_total:increase5m{target="api-error-rate"}', " ".join(f"{one:g}" for one in traffic.fives)
    requests = 'http_server_request_duration_seconds_count{route_group="critical",http_response_status_code="200"}'
    # Busier than ever, for servers that the events do not know of, between the second and the third time.
    series = [events, (_PROVEN, f"{_PER_SERVER}x58500 _x1000"), (requests, "0+1x54000 60000+6000x5000")]
    cases = [
        at(_time(_TOO_EARLY), "crm:api_requests:ahead15m", {}),
        at(_time(_TOO_EARLY), "crm:api_servers_needed:ahead15m", {}),
        at(_time(_TOO_EARLY), "sum(crm:api_servers_needed)", {"{}": 1}),
        *(_requests(traffic, step) for step in _STEPS),
        *(_servers(step, math.ceil((traffic.ahead(_minute(step)) or 0) / _PER_SERVER)) for step in _STEPS[:2]),
        *(_servers(step, 100) for step in _STEPS[2:]),
        at(_time(_STEPS[-1] + 1), "crm:api_servers_needed:ahead15m", {}),
    ]
    promtool(series, "1m", cases, records="crm:api_.+", every=f"{round(_EVERY_MINUTES * 60)}s")


def _requests(traffic: Traffic, step: int) -> Case:
    expected = traffic.ahead(_minute(step))
    assert expected is not None
    return at(_time(step), "round(100 * sum(crm:api_requests:ahead15m))", {"{}": round(100 * expected)})


def _servers(step: int, expected: int) -> Case:
    return at(_time(step), "sum(crm:api_servers_needed:ahead15m)", {"{}": expected})


def _minute(step: int) -> int:
    return int(step * _EVERY_MINUTES)


def _time(step: int) -> str:
    return f"{round(step * _EVERY_MINUTES * 60)}s"
