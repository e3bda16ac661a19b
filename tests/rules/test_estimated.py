"""A target that an estimate counts, since what measures it is not set up: it is live, says so, and wakes nobody."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from pantrywatch.config.settings import Settings, read_settings
from pantrywatch.config.targets import read_targets
from pantrywatch.generate.rules import estimated_targets, rule_documents
from tests.rules.promtool import at

_ROOT = Path(__file__).parents[2]
_TARGETS = read_targets(_ROOT / "targets.yaml")
_ABOUT = "db-query-latency"
_NAME = "pantrywatch_pg_statement_duration_seconds"


def _settings(*data_sources: str) -> Settings:
    return replace(read_settings(_ROOT / "settings.yaml"), data_sources=data_sources)


def _belongs(rule: dict[str, Any]) -> bool:
    target = rule.get("labels", {}).get("target", "{{")
    return target == _ABOUT or "{{" in target


@pytest.fixture(scope="module")
def groups() -> list[dict[str, Any]]:
    """The rules about the target, of an installation with the database exporter alone."""
    documents = rule_documents(_ROOT, _TARGETS, _settings("database"))
    return [
        {**group, "rules": [rule for rule in group["rules"] if _belongs(rule)]}
        for layer in ("installation", "targets")
        for group in documents[layer]["groups"]
    ]


@pytest.mark.parametrize(
    ("data_sources", "expected"),
    [
        (("application", "statements", "database"), []),
        (("application", "database"), [_ABOUT]),
        (("database",), [_ABOUT]),
        (("application",), []),
    ],
)
def test_one_of_the_two_counts(data_sources: tuple[str, ...], expected: list[str]) -> None:
    """The application's own histogram where the settings have it, else the estimate of the database exporter."""
    settings = _settings(*data_sources)
    assert estimated_targets(_TARGETS, settings) == expected
    text = str(rule_documents(_ROOT, _TARGETS, settings)["targets"])
    assert (_NAME in text) == bool(expected)
    assert ("db_client_operation_duration_seconds_count" in text) != bool(expected)


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
    (tmp_path / "rules.yml").write_text(yaml.dump({"groups": groups}, Dumper=yaml.CSafeDumper))
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
    document = {
        "rule_files": ["rules.yml"],
        "evaluation_interval": "1m",
        "group_eval_order": [group["name"] for group in groups],
        "tests": [
            {"interval": "1m", "input_series": series, "promql_expr_test": cases},
            {"interval": "1m", "input_series": [], "promql_expr_test": without},
        ],
    }
    (tmp_path / "test.yml").write_text(yaml.safe_dump(document))
    command = ["promtool", "test", "rules", str(tmp_path / "test.yml")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=250, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[:4000]
