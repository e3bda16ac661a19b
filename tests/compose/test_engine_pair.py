"""`docker-compose --profile ha` on a real engine: one of each may go, an outage is one message, and nothing lacks."""

from __future__ import annotations

import json
import time
from itertools import pairwise
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.compose.compose_project import Stack, kill
from tests.support.servers import wait_until

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1500)]

# As docs/scale.md has it.
_SCALE = """
scale:
  cluster: crm
  replica: prometheus
  replicas: ["prometheus:9090", "prometheus-b:9090"]
  alertmanagers: ["alertmanager:9093", "alertmanager-b:9093"]
  remote_write: [{url: "http://store:8428/api/v1/write"}]
  store: {url: "http://store:8428"}
"""
_PROMETHEUS, _ALERTMANAGERS = (19090, 19091), (19093, 19097)
_DOWN = "CrmDatabaseDown"
_LONGEST_STEP_SECONDS = 20.0  # 15 s between scrapes
_AWAY_SECONDS = 45.0
_MISSED = {"postgres", "crm", "traffic", "faults"}  # while the database is down


@pytest.fixture(scope="module")
def pair(running: Stack) -> Stack:
    """The demo watched by a pair, healthy."""
    settings = running.clone / "settings.yaml"
    settings.write_text(settings.read_text() + _SCALE)
    _both(running, "up", "--detach")
    running.wait_until_healthy("the pair")
    return running


def _both(stack: Stack, *arguments: str) -> str:
    return stack.demo("--profile", "ha", *arguments)


def _get(stack: Stack, port: int, path: str) -> Any:
    return json.loads(stack.engine.fetch(f"http://127.0.0.1:{port}{path}"))


def _store(stack: Stack, path: str, **form: str) -> Any:
    """Return the first line that the store answers; it has no port of its own outside."""
    url = f"http://store:8428/api/v1/{path}?{urlencode(form)}"
    return json.loads(
        stack.python("inbox", f"import urllib.request as u; print(u.urlopen({url!r}).readline().decode())")
    )


def _firing(stack: Stack) -> list[bool]:
    """Return for each Prometheus whether the database's outage fires there."""
    found = [_get(stack, port, "/api/v1/alerts")["data"]["alerts"] for port in _PROMETHEUS]
    return [any(one["labels"]["alertname"] == _DOWN and one["state"] == "firing" for one in own) for own in found]


def _held(stack: Stack) -> list[int]:
    """Return for each Alertmanager how many alerts of the outage it has."""
    path = f"/api/v2/alerts?{urlencode({'filter': f'alertname={_DOWN}'})}"
    return [len(_get(stack, port, path)) for port in _ALERTMANAGERS]


def _told(stack: Stack, since: float) -> list[tuple[str, str]]:
    """Return channel and status of each message about the outage since a moment, in their order of names."""
    found = [one for one in stack.messages() if _DOWN in one["alerts"] and one["received_at"] > since]
    return sorted((one["channel"], one["status"]) for one in found)


def _is_well(stack: Stack) -> bool:
    return stack.unhealthy().keys() <= _MISSED


def test_both_watch_everything_and_the_store_has_it_once(pair: Stack) -> None:
    """Every target is up for each, the Alertmanagers know each other, and samples are the same series from both."""
    for port in _PROMETHEUS:
        active = _get(pair, port, "/api/v1/targets?state=active")["data"]["activeTargets"]
        assert {one["health"] for one in active} == {"up"}, port
    for port in _ALERTMANAGERS:
        assert len(_get(pair, port, "/api/v2/status")["cluster"]["peers"]) == 2, port
    wanted = {("cache", "crm"): 1, ("prometheus", "crm"): 2, ("alertmanager", "crm"): 2}

    def counted() -> bool:
        rows = _store(pair, "query", query="count by (job, cluster, replica) (up)")["data"]["result"]
        assert not any("replica" in row["metric"] for row in rows)
        found = {(row["metric"]["job"], row["metric"]["cluster"]): int(row["value"][1]) for row in rows}
        return wanted.items() <= found.items()

    wait_until(counted, 60, "the store has what both measure")
    assert set(pair.grafana()["datasources"].values()) == {200}


def test_an_outage_is_one_message_while_one_of_each_is_killed(pair: Stack) -> None:
    """One Prometheus is killed and gone, one Alertmanager is killed: each channel hears once of it and of its end."""
    wait_until(lambda: not any(_firing(pair)) and _held(pair) == [0, 0], 300, "nothing is left of a slow start")
    since = time.time()
    pair.demo("stop", "postgres")
    wait_until(lambda: all(_firing(pair)), 180, "the outage fires on both")
    firing = [(channel, "firing") for channel in ("email", "slack", "webhook")]
    wait_until(lambda: _told(pair, since) == firing, 180, "each channel has its message")
    assert _held(pair) == [1, 1]
    kill([pair.inspect()["prometheus"]])
    _both(pair, "stop", "prometheus")
    stopped = time.time()
    wait_until(lambda: max(_times(pair)) > stopped + _AWAY_SECONDS, 180, "the other one goes on")
    assert (_held(pair), _told(pair, since)) == ([1, 1], firing)
    _both(pair, "start", "prometheus")
    wait_until(lambda: _is_well(pair), 180, "it is back")
    kill([pair.inspect()["alertmanager"]])
    wait_until(lambda: _is_well(pair) and _held(pair) == [1, 1], 400, "the Alertmanager has the alert again")
    assert _told(pair, since) == firing
    pair.demo("start", "postgres")
    ended = [(channel, "resolved") for channel, _ in firing]
    wait_until(lambda: _told(pair, since) == sorted(firing + ended), 400, "each channel has the end")
    assert _held(pair) == [0, 0]
    times = [one for one in _times(pair) if one > since]
    longest = max(after - before for before, after in pairwise(times))
    assert longest < _LONGEST_STEP_SECONDS


def _times(stack: Stack) -> list[float]:
    """Return when the samples in the store of a target of both were scraped."""
    times = _store(stack, "export", **{"match[]": 'up{job="cache",instance="main"}'})["timestamps"]
    return [one / 1000 for one in times]
