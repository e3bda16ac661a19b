"""Which alerts fire is asked of every Prometheus of a pair, never of the store, which has no rules."""

from __future__ import annotations

import json
import subprocess
from argparse import Namespace
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from pantrywatch.analysis.commands import prometheus_of
from pantrywatch.analysis.explain.command import print_explanation
from pantrywatch.web.alerts import merged
from pantrywatch.web.prometheus import Prometheus
from tests.support.properties import cases
from tests.support.servers import free_port, process, stop, wait_until

ROOT = Path(__file__).parents[2]
_RULES = {"groups": [{"name": "all", "rules": [{"alert": "CrmApiSlow", "expr": "vector(1)"}]}]}
_SETTINGS = """\
environment: test
scale:
  cluster: crm
  replica: a
  replicas: ["{}", "{}"]
"""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two Prometheus with an alert, a store where it is recorded, and a settings file with the pair."""

    first: subprocess.Popen[bytes]
    replicas: list[str]
    store: str
    settings: Path

    def explained(self, prometheus: Prometheus, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
        """Return the explanation of the alert."""
        assert print_explanation(prometheus, "CrmApiSlow", ROOT / "docs/runbooks", as_json=True) == 0
        document: dict[str, Any] = json.loads(capsys.readouterr().out)
        return document


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    """It runs, and both have the alert."""
    (tmp_path / "rules.yml").write_text(json.dumps(_RULES))
    (tmp_path / "prometheus.yml").write_text('{"global": {"evaluation_interval": "1s"}, "rule_files": ["rules.yml"]}')
    addresses = [f"127.0.0.1:{free_port()}" for _ in range(3)]
    (tmp_path / "settings.yaml").write_text(_SETTINGS.format(*addresses[:2]))
    with ExitStack() as stack:
        commands = [
            ["prometheus", f"--config.file={tmp_path}/prometheus.yml", f"--storage.tsdb.path={tmp_path}/{number}",
             f"--web.listen-address={address}"]
            for number, address in enumerate(addresses[:2])
        ]  # fmt: skip
        store = ["victoria-metrics", f"-storageDataPath={tmp_path}/store", f"-httpListenAddr={addresses[2]}"]
        commands.append([*store, "-search.latencyOffset=0s"])
        first, _, _ = [stack.enter_context(process(command, tmp_path / "log")) for command in commands]
        urls = [f"http://{address}" for address in addresses]
        for url in urls[:2]:
            wait_until(lambda url=url: _fires(url), 60, "the alert fires")
        wait_until(lambda: _records(urls[2]), 60, "the store has the alert")
        yield Pair(first, urls[:2], urls[2], tmp_path / "settings.yaml")


def _fires(url: str) -> bool:
    try:
        alerts = requests.get(f"{url}/api/v1/alerts", timeout=5).json()["data"]["alerts"]
    except requests.RequestException:
        return False
    return any(alert["state"] == "firing" for alert in alerts)


def _records(url: str) -> bool:
    sample = 'ALERTS{alertname="CrmApiSlow",alertstate="firing"} 1\n'
    try:
        requests.post(f"{url}/api/v1/import/prometheus", data=sample, timeout=5)
        answer = requests.get(f"{url}/api/v1/query", params={"query": "ALERTS", "nocache": "1"}, timeout=5)
    except requests.RequestException:
        return False
    return bool(answer.json()["data"]["result"])


@pytest.mark.long
def test_an_alert_is_explained_while_the_first_of_the_pair_is_away(
    pair: Pair, capsys: pytest.CaptureFixture[str]
) -> None:
    """It fires once, as the second says, and the first is named; a store alone says that it cannot know."""
    options = Namespace(prometheus=pair.store, settings=pair.settings, state=None)
    both = pair.explained(prometheus_of(options), capsys)
    assert (both["state"], len(both["instances"]), both["unanswered"]) == ("firing", 1, [])
    stop(pair.first)
    one = pair.explained(prometheus_of(options), capsys)
    assert (one["state"], len(one["instances"])) == ("firing", 1)
    (unanswered,) = one["unanswered"]
    assert unanswered.startswith(f"which alerts fire: without the alerts of {pair.replicas[0]}: Prometheus does not")
    alone = pair.explained(Prometheus(pair.store), capsys)
    assert alone["state"] == "unknown"
    assert alone["unanswered"] == [
        f"which alerts fire: {pair.store} has no rules, only what others recorded: it may be a store"
    ]


def _body(*alerts: tuple[str, str, str]) -> bytes:
    found = [{"labels": {"alertname": name}, "state": state, "activeAt": since} for name, state, since in alerts]
    return json.dumps({"status": "success", "data": {"alerts": found}}).encode()


def test_an_alert_of_both_is_there_once() -> None:
    """As of the one where it fires, or for longer: the other has just started."""
    first, second = _body(("A", "pending", "2026-01-01"), ("B", "firing", "2026-01-03")), _body(
        ("A", "firing", "2026-01-02"), ("B", "firing", "2026-01-02"), ("C", "pending", "2026-01-02")
    )  # fmt: skip
    for bodies in ({"a": first, "b": second}, {"b": second, "a": first}):
        document = json.loads(merged(bodies) or b"")
        found = [(one["labels"]["alertname"], one["state"], one["activeAt"]) for one in document["data"]["alerts"]]
        assert sorted(found) == [
            ("A", "firing", "2026-01-02"), ("B", "firing", "2026-01-02"), ("C", "pending", "2026-01-02"),
        ]  # fmt: skip
        assert "warnings" not in document


_KEYS = st.sampled_from(["data", "alerts", "labels", "state", "activeAt", "error"])
_JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=4),
    max_leaves=8,
)


@cases(30)
@given(odd=_JSON.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=50))
def test_an_odd_answer_costs_that_server_alone(odd: bytes) -> None:
    """The alerts of the other one are there, and the odd one is named unless it has a list of alerts."""
    document = json.loads(merged({"odd": odd, "good": _body(("A", "firing", "2026-01-01"))}) or b"")
    assert "A" in [one["labels"].get("alertname") for one in document["data"]["alerts"]]
    assert "warnings" in document or b'"alerts"' in odd
    assert merged({"odd": b"<html>"}) is None
