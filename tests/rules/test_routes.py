"""The routing table, as Alertmanager's own tool reads it: every severity, type and layer to its receivers.

What is expected is written by hand, from docs/notifications.md, and not taken from the code.
"""

from __future__ import annotations

import itertools
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
CONFIGURATION = ROOT / "provisioning/alertmanager/alertmanager.yml"
GENERATED = (ROOT / "alert_rules/generated").glob("*.yml")

# Severity → (receiver, delay, repeat, when); the first line is what a type may have in its place.
_OFFICE, _DIGEST = ["office hours"], ["digest of low"]
_TABLE: dict[str, list[tuple[str, str, str, list[str] | None]]] = {
    "critical": [
        ("on-call by email+slack+webhook", "5s", "1h", None),
        ("second-on-call by email+webhook after 15m", "15m", "1h", None),
        ("manager by email after 30m", "30m", "1h", None),
    ],
    "high": [
        ("on-call by slack+email", "10s", "4h", None),
        ("on-call by email+slack+webhook after 30m", "30m", "4h", None),
        ("second-on-call by email+webhook after 45m", "45m", "4h", None),
        ("manager by email after 60m", "60m", "4h", None),
    ],
    "medium": [
        ("on-call by slack", "1m", "12h", _OFFICE),
        ("on-call by email after 4h", "4h", "12h", _OFFICE),
    ],
    "low": [("on-call by email", "1m", "20h", _DIGEST)],
}
_OWN = {"security": "security by email+webhook", "business": "sales-ops by email"}
_LAYERS = ("frontend", "backend", "infrastructure", "business", "monitoring")
_TYPES = ("performance", "error", "security", "business", "unusual")
_CASES = list(itertools.product(_TABLE, _TYPES, _LAYERS))
_QUERY = re.compile(r'^(?:collector|query)="(\w+)"$')


def _receivers(**labels: str) -> list[str]:
    """Return the receivers of an alert, by `amtool config routes test`."""
    command = ["amtool", "config", "routes", "test", f"--config.file={CONFIGURATION}"]
    done = subprocess.run(
        [*command, *(f"{name}={value}" for name, value in labels.items())],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    return done.stdout.strip().split(",")


def _expected(severity: str, kind: str) -> list[str]:
    first, *later = [receiver for receiver, *_ in _TABLE[severity]]
    return [_OWN.get(kind, first), *later]


@pytest.fixture(scope="module")
def routes() -> list[dict[str, Any]]:
    """The routes of the committed configuration."""
    found: list[dict[str, Any]] = yaml.safe_load(CONFIGURATION.read_text())["route"]["routes"]
    return found


def test_every_severity_type_and_layer_reaches_its_receivers() -> None:
    """The whole table, 100 combinations: exactly these receivers, in this order."""
    with ThreadPoolExecutor(2) as pool:
        found = pool.map(lambda case: _receivers(severity=case[0], type=case[1], layer=case[2]), _CASES)
        wrong = {case: seen for case, seen in zip(_CASES, found, strict=True) if seen != _expected(case[0], case[1])}
    assert wrong == {}


def test_what_has_another_severity_is_not_lost() -> None:
    """An alert of somebody else's rules goes where high goes first; `none` is for nobody, or the heartbeat."""
    assert _receivers(severity="warning") == ["on-call by slack+email"]
    assert _receivers(alertname="AnyOther") == ["on-call by slack+email"]
    assert _receivers(severity="page", type="security") == ["security by email+webhook"]
    assert _receivers(severity="none", alertname="InfoInhibitor") == ["nobody"]
    assert _receivers(severity="none", alertname="Watchdog") == ["heartbeat"]


def test_every_alert_of_ours_is_told_somebody() -> None:
    """No alert of the generated rules ends with nobody but the heartbeat and those that only inhibit others."""
    alerts = [
        rule
        for file in GENERATED
        for group in yaml.load(file.read_text(), Loader=yaml.CSafeLoader)["groups"]
        for rule in group["rules"]
        if "alert" in rule
    ]
    silent = {rule["alert"] for rule in alerts if rule["labels"]["severity"] == "none"}
    assert silent == {"Watchdog", "CrmMonitoringCauseRecent", "CrmMonitoringTargetBurned"}
    assert all(_receivers(severity="none", alertname=name) == ["nobody"] for name in silent - {"Watchdog"})
    alerts = [rule for rule in alerts if rule["alert"] not in silent]
    kinds = {(rule["labels"]["severity"], rule["labels"]["type"]) for rule in alerts}
    assert kinds <= set(itertools.product(_TABLE, _TYPES))
    assert all(_receivers(severity=severity, type=kind) == _expected(severity, kind) for severity, kind in kinds)


@pytest.mark.parametrize("severity", _TABLE)
def test_delays_repeats_and_hours_are_those_of_the_table(routes: list[dict[str, Any]], severity: str) -> None:
    """Each step waits its delay, alone for each alert after the first; what can wait keeps to office hours."""
    mine = [route for route in routes if f'severity="{severity}"' in route.get("matchers", [])]
    told = [
        (r["receiver"], r["group_wait"], r["repeat_interval"], r.get("active_time_intervals"))
        for r in mine
        if r["receiver"] not in _OWN.values()
    ]
    assert told == _TABLE[severity]
    first = ["severity"] if severity == "low" else ["layer", "component", "target"]
    assert all(r["group_by"] == (["..."] if " after " in r["receiver"] else first) for r in mine)
    own = [r for r in mine if r["receiver"] in _OWN.values()]
    assert [(r["group_wait"], r.get("active_time_intervals")) for r in own] == [told[0][1::2]] * 2


def test_watchdog_comes_first_and_often(routes: list[dict[str, Any]]) -> None:
    """Its route is the first and waits for nothing; it is due at each interval and knows no maintenance."""
    watchdog = routes[0]
    assert watchdog["matchers"] == ['alertname="Watchdog"']
    assert (watchdog["group_wait"], watchdog["group_interval"], watchdog["repeat_interval"]) == ("0s", "1m", "30s")
    assert not watchdog.keys() & {"continue", "mute_time_intervals", "active_time_intervals"}
    receivers = {r["name"]: r for r in yaml.safe_load(CONFIGURATION.read_text())["receivers"]}
    assert [config["send_resolved"] for config in receivers["heartbeat"]["webhook_configs"]] == [False]


def test_inhibition_names_alerts_that_exist() -> None:
    """Every alert that a rule of inhibition names is one of ours, and never Watchdog."""
    names = set(
        re.findall(r"alert: (\w+)", "".join(f.read_text() for f in (ROOT / "alert_rules/generated").glob("*.yml")))
    )
    rules = yaml.safe_load(CONFIGURATION.read_text())["inhibit_rules"]
    matchers = {m for rule in rules for side in ("source_matchers", "target_matchers") for m in rule[side]}
    named = {name for m in matchers for name in re.findall(r"Crm\w+(?![\w.(])", m) if not m.endswith('.+"')}
    assert named
    assert named - names == set()
    watchdog = [r for r in rules if any("Watchdog" in m for m in r["source_matchers"] + r["target_matchers"])]
    assert watchdog == []


def test_inhibition_names_queries_that_exist() -> None:
    """A collector or query that a rule of inhibition names is one of the database exporter."""
    rules = yaml.safe_load(CONFIGURATION.read_text())["inhibit_rules"]
    named = {name for rule in rules for m in rule["target_matchers"] for name in _QUERY.findall(m)}
    files = (ROOT / "exporters/database/queries").glob("*.yaml")
    assert named
    assert named <= {query["name"] for file in files for query in yaml.safe_load(file.read_text()).get("queries", ())}


def test_rules_and_inhibition_mean_the_same_targets() -> None:
    """The targets that CrmApiUsersAffected speaks for are those whose alerts are inhibited instead."""
    (not_felt,) = re.findall(r"local not_felt = '(.+)';", (ROOT / "alert_rules/causes.jsonnet").read_text())
    rules = yaml.safe_load(CONFIGURATION.read_text())["inhibit_rules"]
    users = [rule["target_matchers"] for rule in rules if 'cause="application"' in rule["source_matchers"]]
    by_target = [matchers for matchers in users if 'target!=""' in matchers]
    assert by_target
    assert all(f'target!~"{not_felt}"' in matchers for matchers in by_target)


def test_what_keeps_coming_back_inhibits_its_outages_and_does_not_reach_the_last_step() -> None:
    """Each alert about one has the inhibition of its outage; its escalation ends before the last contact."""
    alerts = [
        rule["labels"]
        for group in yaml.safe_load((ROOT / "alert_rules/generated/causes.yml").read_text())["groups"]
        for rule in group["rules"]
        if rule.get("alert") == "CrmMonitoringOutageFlapping"
    ]
    muted = [
        (rule["source_matchers"][1], rule["target_matchers"])
        for rule in yaml.safe_load(CONFIGURATION.read_text())["inhibit_rules"]
        if 'alertname="CrmMonitoringOutageFlapping"' in rule["source_matchers"]
    ]
    names = sorted(labels["outage"] for labels in alerts)
    assert names
    assert sorted(muted) == [(f'outage="{name}"', [f'alertname="{name}"']) for name in names]
    for severity in {labels["severity"] for labels in alerts}:
        told = _receivers(severity=severity, type="error", layer="monitoring", escalates="partly")
        assert told == _expected(severity, "error")[:-1]
