"""What `explain` puts together, from a Prometheus that is played."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from exporters.core.errors import ConfigError
from pantrywatch.analysis.explain.alerts import explains, read_alerts
from pantrywatch.analysis.explain.command import print_explanation
from pantrywatch.analysis.explain.evidence import evidence_about, table
from pantrywatch.analysis.explain.explanation import explain
from pantrywatch.analysis.explain.text import text_of
from pantrywatch.config.components import components
from pantrywatch.config.targets import read_targets
from pantrywatch.web.prometheus import Answer, Prometheus

ROOT = Path(__file__).parents[3]
_AT = 1_800_000_000.0
_WEEK = 7 * 86400
_SINCE = "2027-01-15T07:48:00Z"  # twelve minutes before


def _alert(name: str, severity: str, state: str = "firing", **labels: str) -> dict[str, Any]:
    texts = {"summary": f"{name} is true.", "description": "Why.", "impact": "Nobody can work.", "first_step": "Look."}
    return {
        "labels": {"alertname": name, "severity": severity, **labels},
        "annotations": texts,
        "state": state,
        "activeAt": _SINCE,
        "value": "1e+00",
    }


_SLOW = _alert("CrmApiSlow", "high", component="api", job="application", instance="crm")
_DOWN = _alert("CrmDatabaseDown", "critical", component="database", job="database", instance="primary")
_CAUSE = _alert("CrmMonitoringCauseRecent", "none", cause="database", mutes="recent", component="prometheus")
_BURN = _alert("CrmDbQueryLatencyBurn", "critical", target="db-query-latency", layer="infrastructure")


class _Played(Prometheus):
    """Answers by what the question holds: part of the expression, week ago or now → label and number."""

    def __init__(self, alerts: list[dict[str, Any]], answers: dict[tuple[str, bool], list[tuple[str, float]]]) -> None:
        super().__init__("http://nowhere.invalid")
        self._alerts, self._answers = alerts, answers

    def query(self, path: str, parameters: list[tuple[str, str]]) -> Answer:
        if path == "alerts":
            return _success({"alerts": self._alerts})
        expr, at = dict(parameters)["query"], float(dict(parameters)["time"])
        rows = [
            {"metric": dict(pair.split("=") for pair in labels.split(",") if pair), "value": [at, str(number)]}
            for (part, is_before), found in self._answers.items()
            if part in expr and is_before == (at < _AT)
            for labels, number in found
        ]
        return _success({"resultType": "vector", "result": rows})


def _success(data: object) -> Answer:
    return Answer(200, json.dumps({"status": "success", "data": data}).encode())


def test_an_alert_is_told_with_what_explains_it_and_what_was_different_a_week_ago() -> None:
    """State, since when, cause, other alerts, deployment, worst routes against last week, first step: in one text."""
    prometheus = _Played(
        [_SLOW, _DOWN, _CAUSE, _alert("CrmCacheEvictions", "medium", "pending", component="cache")],
        {
            ("pantrywatch_deployment_timestamp_seconds", False): [("version=1", _AT - 9000), ("version=2", _AT - 900)],
            ("http_route, le", False): [("http_route=/a", 0.2), ("http_route=/b", 2.5)],
            ("http_route, le", True): [("http_route=/b", 0.12), ("http_route=/gone", 9)],
        },
    )
    text = text_of(explain(prometheus, "CrmApiSlow", "unused", _AT))
    assert "CrmApiSlow: firing" in text
    assert "since 2027-01-15 07:48 UTC, 12 minutes ago (component=api, instance=crm, job=application" in text
    assert "Explained by CrmMonitoringCauseRecent (database): nobody is notified of this one" in text
    others = text.split("Also firing")[1].split("\n\n")[0]
    assert others.split() == ["critical", "CrmDatabaseDown:", "CrmDatabaseDown", "is", "true."]
    assert "2, 2027-01-15 07:45 UTC, 15 minutes ago" in text
    routes = re.findall(r"^ +(\S+ \S+) +(.+?)  (/\S*)$", text.split("Slowest routes, p95")[1], re.MULTILINE)
    assert routes[:2] == [("2.5 s", "120 ms", "/b"), ("200 ms", "no data", "/a")]
    assert "/gone" not in text
    assert "First step\n  Look.\n  then: docs/runbooks/CrmApiSlow.md" in text


def test_a_cause_says_what_it_explains() -> None:
    """What an alert inhibits is listed with it; the silent reminders are not."""
    waits = _alert("CrmDatabaseLockWait", "high", component="database", instance="primary")
    told = explain(_Played([_DOWN, _CAUSE, waits], {}), "CrmDatabaseDown", "", _AT)
    assert told.instances[0].explains == ["CrmDatabaseLockWait"]
    assert {other.alert: other.explained_by for other in told.others} == {"CrmDatabaseLockWait": ["CrmDatabaseDown"]}
    assert told.instances[0].explained_by == []


def test_a_target_is_told_in_numbers() -> None:
    """Promise, now, budget and when it is used up; what was not recorded is not known, never 0."""
    answers = {
        ("slo:objective", False): [("target=db-query-latency", 0.95)],
        ("ratio_rate5m", False): [("target=db-query-latency", 0.6)],
        ("exhaustion", False): [("target=db-query-latency", 7200.0)],
    }
    text = text_of(explain(_Played([_BURN], answers), "CrmDbQueryLatencyBurn", "", _AT))
    assert "promised 95 %, last 5 minutes 60 %, last hour not known" in text
    assert "budget of 30 days left: not known, used up in 2 hours at this pace" in text


def test_what_will_be_full_is_told_with_what_has_no_forecast() -> None:
    """Share in use and interval of what fills up, the first one first; the rest by why it has no forecast."""
    disk, inodes, log = (
        f"instance=a,name={name}" for name in ("/,resource=disk", "/,resource=inodes", "/log,resource=disk")
    )
    memory = "instance=a,resource=memory"
    answers = {
        ("crm:resource_forecast:state", False): [(disk, 1.0), (inodes, 1.0), (log, 4.0), (memory, 2.0)],
        ("crm:resource_used", False): [(disk, 0.815), (log, 0.2), (memory, 0.5)],
        ("crm:resource_full_earliest", False): [(disk, 30.0 * 86400), (inodes, 12.0 * 86400)],
        ("crm:resource_full_latest", False): [(disk, 3650.0 * 86400), (inodes, 31.0 * 86400)],
    }
    alert = _alert("CrmHostFullSoon", "medium", component="host", instance="a", resource="disk")
    text = text_of(explain(_Played([alert], answers), "CrmHostFullSoon", "", _AT))
    assert text.split("\nForecast\n")[1].split("\n\n")[0].splitlines() == [
        "  inodes / of a: not known in use, full in 12 to 31 days",
        "  disk / of a: 81.5 % in use, full in 30 days or much later",
        "  comes and goes: disk /log of a",
        "  too early: memory of a",
    ]


def test_an_alert_that_does_not_fire_says_when_it_last_did() -> None:
    """Neither silence nor an error: when it was last seen, and the first step of its page."""
    fired = {('alertname="CrmApiSlow"', False): [("", _AT - 7300)]}
    text = text_of(explain(_Played([], fired), "CrmApiSlow", "Look there.", _AT))
    assert text.startswith("CrmApiSlow: does not fire; last seen firing 2 hours ago\n")
    assert "Also firing\n  nothing" in text
    assert "  Look there.\n" in text
    assert "none is marked" in text


def test_a_question_without_an_answer_is_named() -> None:
    """A query that fails costs its own part, which is said; nothing is printed as 0."""

    class Partly(_Played):
        def query(self, path: str, parameters: list[tuple[str, str]]) -> Answer:
            if "http_route, le" in dict(parameters).get("query", ""):
                return Answer(422, b'{"status": "error", "error": "too many samples"}')
            return super().query(path, parameters)

    told = explain(Partly([_SLOW], {}), "CrmApiSlow", "", _AT)
    routes = "Slowest routes, p95"
    assert told.unanswered == [f"{routes}: too many samples", f"{routes}, a week ago: too many samples"]
    assert "Not known\n  Slowest routes" in text_of(told)


def test_the_same_answers_make_the_same_document(capsys: pytest.CaptureFixture[str]) -> None:
    """JSON holds all of it, and the order of Prometheus' answers changes nothing."""
    alerts = [_SLOW, _DOWN, _CAUSE, _BURN]
    told = [explain(_Played(order, {}), "CrmApiSlow", "", _AT) for order in (alerts, alerts[::-1])]
    assert asdict(told[0]) == asdict(told[1])
    assert print_explanation(_Played(alerts, {}), "CrmApiSlow", ROOT / "docs/runbooks", as_json=True) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["instances"] == [asdict(told[0].instances[0])]
    assert document["state"] == "firing"


@pytest.mark.parametrize("name", ["CrmApiSlo", 'x"} or vector(1)', ""])
def test_a_name_that_is_none_is_a_mistake(name: str) -> None:
    """It is refused with the name that was probably meant, and never part of a query."""
    with pytest.raises(ConfigError, match=r"expected the name of an alert( \(did you mean CrmApiSlow\?\))?"):
        print_explanation(_Played([], {}), name, ROOT / "docs/runbooks", as_json=False)


def test_prometheus_that_is_away_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 1, and which address does not answer."""
    prometheus = Prometheus("http://127.0.0.1:1", timeout_seconds=2)
    assert print_explanation(prometheus, "CrmApiSlow", ROOT / "docs/runbooks", as_json=False) == 1
    assert "http://127.0.0.1:1" in capsys.readouterr().err


def test_answers_that_are_no_alerts_are_refused() -> None:
    """Another program behind the address is named as such."""
    odd: tuple[Any, ...] = (None, {}, {"alerts": [{"labels": {}}]}, {"alerts": 3})
    for data in odd:
        with pytest.raises(ValueError, match="not a list of alerts"):
            read_alerts(data)


def test_a_pending_alert_explains_nothing() -> None:
    """Alertmanager has not heard of it."""
    slow, cause = read_alerts({"alerts": [_SLOW, {**_CAUSE, "state": "pending"}]})
    assert explains(cause, slow) == ""


def test_every_subject_exists_and_every_alert_has_evidence() -> None:
    """No pattern without a component, target or alert, and no component without a question."""
    known = {*components().alert_components, *(target.id for target in read_targets(ROOT / "targets.yaml").targets)}
    known |= {file.stem for file in (ROOT / "docs/runbooks").glob("*.md")}
    assert [
        about for one in table() for about in one.about if not evidence_about([about]) or not _some(about, known)
    ] == []
    assert [name for name in components().alert_components if not evidence_about([name])] == []


def _some(about: str, known: set[str]) -> bool:
    return any(re.fullmatch(re.escape(about).replace(r"\*", ".*"), name) for name in known)
