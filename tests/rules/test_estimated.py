"""A target that the server counts, as what measures it is not set up: exactly, or by an estimate that wakes nobody."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from pantrywatch.config.settings import Settings, read_settings
from pantrywatch.config.targets import read_targets
from pantrywatch.generate.rules import measured_targets, rule_documents, substituted_targets
from tests.rules.promtool import at

_ROOT = Path(__file__).parents[2]
_TARGETS = read_targets(_ROOT / "targets.yaml")
_ABOUT = "db-query-latency"
_NAME = "pantrywatch_pg_statement_duration_seconds"
_EXACT = "pantrywatch_pg_stat_monitor_duration_seconds"
_OWN = "db_client_operation_duration_seconds"


def _settings(*data_sources: str) -> Settings:
    return replace(read_settings(_ROOT / "settings.yaml"), data_sources=data_sources)


def _belongs(rule: dict[str, Any]) -> bool:
    target = rule.get("labels", {}).get("target", "{{")
    return target == _ABOUT or "{{" in target


def _groups(*data_sources: str) -> list[dict[str, Any]]:
    documents = rule_documents(_ROOT, _TARGETS, _settings(*data_sources))
    return [
        {**group, "rules": [rule for rule in group["rules"] if _belongs(rule)]}
        for layer in ("installation", "targets")
        for group in documents[layer]["groups"]
    ]


@pytest.fixture(scope="module")
def groups() -> list[dict[str, Any]]:
    """The rules about the target, of an installation with the database exporter alone."""
    return _groups("database")


@pytest.mark.parametrize(
    ("data_sources", "expected"),
    [
        (("application", "statements", "database", "pg_stat_monitor"), _OWN),
        (("application", "statements", "database"), _OWN),
        (("application", "database", "pg_stat_monitor"), _EXACT),
        (("pg_stat_monitor", "database"), _EXACT),
        (("database",), _NAME),
        (("application",), None),
        (("application", "pg_stat_monitor"), None),
    ],
)
def test_one_of_the_three_counts(data_sources: tuple[str, ...], expected: str | None) -> None:
    """The application's own histogram where the settings have it, else pg_stat_monitor, else the estimate."""
    settings = _settings(*data_sources)
    assert substituted_targets(_TARGETS, settings, "on_server") == [_ABOUT] * (expected == _EXACT)
    assert substituted_targets(_TARGETS, settings, "estimate") == [_ABOUT] * (expected == _NAME)
    assert measured_targets(_TARGETS, settings)[_ABOUT] == (expected is not None)
    text = str(rule_documents(_ROOT, _TARGETS, settings)["targets"])
    counting = {name for name in (_OWN, _EXACT, _NAME) if f"{name}_count" in text}
    assert counting == {expected or _OWN}


def test_no_alert_from_an_estimate_is_above_medium(groups: list[dict[str, Any]]) -> None:
    """Its burn-rate alerts are medium and low, and each text says that it is an estimate; without data, medium."""
    alerts = [rule for group in groups for rule in group["rules"] if "alert" in rule]
    burns = [rule for rule in alerts if rule["labels"]["target"] == _ABOUT]
    assert [rule["labels"]["severity"] for rule in burns] == ["medium", "low"]
    assert all("This is an estimate" in rule["annotations"]["description"] for rule in burns)
    high = [rule["expr"] for rule in alerts if rule["labels"]["severity"] in {"critical", "high"}]
    assert all(f'target!~"{_ABOUT}"' in expr for expr in high)
    missed = next(rule for rule in alerts if rule["alert"] == "CrmTargetMissedNow")
    assert 'eq $labels.basis "estimate"' in missed["annotations"]["description"]


def test_the_target_is_live_and_says_that_it_is_an_estimate(groups: list[dict[str, Any]], tmp_path: Path) -> None:
    """A fifth of the statements are slow: it is missed, medium; without an estimate it is not measured, and why."""
    labels = '{job="database",instance="main"'
    series = [
        {"series": f"{_NAME}_count{labels}}}", "values": "0+600x40"},
        {"series": f'{_NAME}_bucket{labels},le="0.1"}}', "values": "0+480x40"},
    ]
    measured = 'max by (target, basis, requires) (slo:measured:bool{target="db-query-latency"})'
    told = 'sum by (severity) (ALERTS{alertstate="firing",alertname="CrmTargetMissedNow",target="db-query-latency"})'
    why = 'max by (reason) (slo:not_measured:bool{target="db-query-latency"})'
    shown = f'{{basis="estimate", requires="database", target="{_ABOUT}"}}'
    reason = '{reason="no estimate, or none yet: pg_stat_statements must be installed and readable"}'
    cases = [at("30m", measured, {shown: 1}), at("30m", told, {'{severity="medium"}': 1}), at("30m", why, {})]
    without = [at("30m", measured, {shown: 0}), at("30m", told, {}), at("30m", why, {reason: 1})]
    _check(groups, tmp_path, (series, cases), ([], without))


def test_an_exact_count_wakes_people_and_says_why_there_is_none(tmp_path: Path) -> None:
    """A fifth of the statements are slow: it is missed, and no estimate; ranges that do not fit are a reason."""
    groups = _groups("database", "pg_stat_monitor")
    burns = [rule for group in groups for rule in group["rules"] if rule.get("alert") == "CrmDbQueryLatencyBurn"]
    assert [rule["labels"]["severity"] for rule in burns] == ["critical", "high", "medium", "low"]
    assert not any("estimate" in rule["annotations"]["description"] for rule in burns)
    usable = 'pantrywatch_pg_stat_monitor_usable{job="database",instance="main"}'
    labels = '{job="database",instance="main"'
    series = [
        {"series": f"{_EXACT}_count{labels}}}", "values": "0+600x40"},
        {"series": f'{_EXACT}_bucket{labels},le="0.1"}}', "values": "0+480x40"},
        {"series": usable, "values": "1x40"},
    ]
    measured = 'max by (target, basis, requires) (slo:measured:bool{target="db-query-latency"})'
    told = 'sum by (severity) (ALERTS{alertstate="firing",alertname="CrmTargetMissedNow",target="db-query-latency"})'
    why = 'max by (reason) (slo:not_measured:bool{target="db-query-latency"})'
    shown = f'{{basis="traffic", requires="database, pg_stat_monitor", target="{_ABOUT}"}}'
    unfit = (
        "pg_stat_monitor has no range that ends at 0.1 s, or drops its buckets within a minute: pantrywatch validate"
    )
    unread = "pg_stat_monitor counts nothing, or nothing yet: it must be installed and readable: pantrywatch validate"
    cases = [at("30m", measured, {shown: 1}), at("30m", told, {'{severity="medium"}': 1}), at("30m", why, {})]

    def without(reason: str) -> list[dict[str, Any]]:
        return [at("30m", measured, {shown: 0}), at("30m", told, {}), at("30m", why, {f'{{reason="{reason}"}}': 1})]

    _check(
        groups,
        tmp_path,
        (series, cases),
        ([{"series": usable, "values": "0x40"}], without(unfit)),
        ([], without(unread)),
    )


def _check(groups: list[dict[str, Any]], folder: Path, *tests: tuple[list[Any], list[Any]]) -> None:
    """Have promtool evaluate the rules with each set of series, and compare."""
    (folder / "rules.yml").write_text(yaml.dump({"groups": groups}, Dumper=yaml.CSafeDumper))
    document = {
        "rule_files": ["rules.yml"],
        "evaluation_interval": "1m",
        "group_eval_order": [group["name"] for group in groups],
        "tests": [{"interval": "1m", "input_series": series, "promql_expr_test": cases} for series, cases in tests],
    }
    (folder / "test.yml").write_text(yaml.safe_dump(document))
    command = ["promtool", "test", "rules", str(folder / "test.yml")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=250, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[:4000]
