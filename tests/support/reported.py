"""A real Prometheus with 35 days that a report is made of: three targets, incidents, deployments, months."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pantrywatch.analysis.report.period import period_of
from tests.support.filled_prometheus import filled_prometheus

DAY, HOUR, MINUTE = 86400, 3600, 60
DAYS = 35
_AHEAD = 900  # a test may take as long

# What `slo:promise:info` says of each target.
TARGETS = {
    "api-latency": ("06", "API Performance Metrics", "p95 < 500ms", "traffic", "backend", "API response time"),
    "api-availability": ("21", "Availability", "99.9% uptime", "probe", "backend", "API availability"),
    "lcp": ("01", "Core Web Vitals", "Target < 2.5 seconds", "field", "frontend", "Largest contentful paint"),
}  # fmt: skip
OBJECTIVES = {"api-latency": 0.95, "api-availability": 0.999, "lcp": 0.75}
# Share of bad events: in the 30 days until now, and in those before; api-latency became bad 7 days ago.
NOW, BEFORE, WEEK = (
    {"api-latency": 0.06, "api-availability": 0.0002},
    {"api-latency": 0.04, "api-availability": 0.0002},
    0.08,
)
MONTHS = {"2026-09": 0.4, "2026-10": 1.6, "2026-11": 0.9}
# Name, labels, first minute and length in minutes, before now: one outage with what it explains, and one still firing.
_DATABASE = 'alertname="CrmDatabaseDown",severity="critical",component="database",job="database",instance="primary"'
_FAILING = 'alertname="CrmApiErrorsSudden",severity="critical",component="api",job="application"'
_REMINDER = 'alertname="CrmMonitoringCauseRecent",severity="none",cause="database",mutes="recent",job="database"'
_BURN = 'alertname="CrmApiLatencyBurn",severity="high",target="api-latency",layer="backend"'
ALERTS = (
    (_DATABASE, 3 * DAY, 20), (_FAILING, 3 * DAY - 2 * MINUTE, 22), (_REMINDER, 3 * DAY, 65),
    (_BURN, 10 * MINUTE, 60),
)  # fmt: skip
DEPLOYMENTS = {"1.0": 20 * DAY, "1.1": 3 * DAY + 10 * MINUTE}


def samples(now: int) -> Iterator[str]:
    """Yield the lines of a past that ends at `now`, as OpenMetrics."""
    hours = range(now // HOUR * HOUR - DAYS * DAY, now + 1, HOUR)
    minutes = _minutes(now)
    before = range(now - 30 * DAY - 5 * MINUTE, now - 30 * DAY + _AHEAD, MINUTE)
    ends = [*before, *minutes]
    for target, (position, section, statement, basis, layer, title) in TARGETS.items():
        facts = f'target="{target}",position="{position}",section="{section}",statement="{statement}",basis="{basis}"'
        yield from _gauge("slo:promise:info", f'{facts},layer="{layer}",title="{title}"', sorted({*hours, *ends}), 1)
        yield from _gauge("slo:objective:ratio", f'target="{target}"', sorted({*hours, *ends}), OBJECTIVES[target])
        yield from _gauge("slo:measured:bool", f'target="{target}"', ends, float(target in NOW))
    yield from _gauge("slo:not_measured:bool", 'target="lcp",reason="no data source frontend"', ends, 1)
    for target, share in NOW.items():
        label = f'target="{target}"'
        yield from _gauge("slo:history:days", label, ends, 30)
        yield from _gauge("target:health:state", label, ends, 0)
        yield from _gauge("slo:sli_error:ratio_rate30d", label, before, BEFORE[target])
        yield from _gauge("slo:sli_error:ratio_rate30d", label, minutes, share)
        yield from _gauge(
            "slo:period_error_budget_remaining:ratio", label, minutes, 1 - share / (1 - OBJECTIVES[target])
        )
        yield from _events(now, target)
        for month, spent in MONTHS.items():
            of_month = f'{label},month="{month}"'
            yield from _gauge("slo:daily_budget_spent:ratio_month", of_month, minutes, spent)
            yield from _gauge("slo:daily_good:ratio_month", of_month, minutes, 0.99)
            yield from _gauge("slo:daily_measured:days_month", of_month, minutes, 28)
    yield from _gauge("layer:health:state", 'layer="backend"', minutes, 1)
    yield from _gauge("system:health:state", "", minutes, 1)
    for version, ago in DEPLOYMENTS.items():
        yield from _gauge("pantrywatch_deployment_timestamp_seconds", f'version="{version}"', minutes, now - ago)
    yield from _alerts(now)
    yield "# EOF"


def _minutes(now: int) -> list[int]:
    """Return the minutes around now; on the first day of a month, whose report is of the one before, also its last."""
    first = int(period_of("month", now).end)
    last = range(first - 10 * MINUTE, first, MINUTE) if first < now else ()
    return sorted({*last, *range(now - 10 * MINUTE, now + _AHEAD, MINUTE)})


def _alerts(now: int) -> Iterator[str]:
    for labels, ago, length in ALERTS:
        times = range(now - ago, min(now - ago + length * MINUTE, now + _AHEAD), 30)
        yield from _gauge("ALERTS", f'{labels},alertstate="firing"', times, 1)
        yield from _gauge("ALERTS_FOR_STATE", labels, times, now - ago - 2 * MINUTE)
    bad = range(now - 40 * MINUTE, now + _AHEAD, 30)
    yield from _gauge("slo:sli_error:ratio_rate5m", 'target="api-latency"', bad, 0.5)
    yield from _gauge("slo:error_budget:ratio", 'target="api-latency"', bad, 0.05)


def _events(now: int, target: str) -> Iterator[str]:
    times = range(now // 300 * 300 - DAYS * DAY, now + _AHEAD, 300)
    for kind, value in (("total", 1000.0), ("bad", None)):
        name = f"slo:events_{kind}:sampled5m"
        yield f"# TYPE {name} unknown"
        for at in times:
            share = WEEK if target == "api-latency" and at > now - 7 * DAY else BEFORE[target]
            yield f'{name}{{target="{target}"}} {value or 1000 * share:g} {at}'


def _gauge(name: str, labels: str, times: Iterable[int], value: float) -> Iterator[str]:
    yield f"# TYPE {name} unknown"
    yield from (f"{name}{{{labels}}} {value:.9g} {at}" for at in times)


@contextmanager
def reported(folder: Path, now: int) -> Iterator[str]:
    """Run it until the block ends; yields its URL."""
    lines: dict[str, list[str]] = {}
    for line in samples(now):
        if not line.startswith("#"):
            lines.setdefault(line.partition("{")[0], []).append(line)
    text = "".join(f"# TYPE {name} unknown\n" + "\n".join(found) + "\n" for name, found in lines.items())
    with filled_prometheus(folder, text + "# EOF\n") as url:
        yield url
