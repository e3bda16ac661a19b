"""`pantrywatch build grafana-rules`: alerts for a Grafana that evaluates them itself."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
import yaml
from grafana_foundation_sdk.cog import plugins
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.alerting import RuleGroup

from pantrywatch.cli import main
from tests.support.exporter import ROOT

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def groups(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The groups that the command writes for the settings of the repository, by their files."""
    into = tmp_path_factory.mktemp("rules")
    assert main(["build", "grafana-rules", "--settings", str(ROOT / "settings.yaml"), "--into", str(into)]) == 0
    return {file.stem: json.loads(file.read_text()) for file in into.glob("*.json")}


def test_each_alert_is_there_with_its_expression(groups: dict[str, dict[str, Any]]) -> None:
    """Every alert of the rule files once: expression, waits and labels; titles and ids are unique and fit."""
    files = [yaml.load(file.read_text(), yaml.CSafeLoader) for file in (ROOT / "alert_rules/generated").glob("*.yml")]
    alerts = [rule for file in files for group in file["groups"] for rule in group["rules"] if "alert" in rule]
    rules = [rule for group in groups.values() for rule in group["rules"]]
    written = [[one["title"].split()[0], one["data"][0]["model"]["expr"], *_waits(one)] for one in rules]
    assert _sorted(written) == _sorted([[one["alert"], one["expr"], *_waits(one)] for one in alerts])
    for field, most in (("title", 190), ("uid", 40)):
        values = [rule[field] for rule in rules]
        assert len(set(values)) == len(values)
        assert max(map(len, values)) <= most
    assert all(name == group["title"] and group["interval"] % 10 == 0 for name, group in groups.items())


def test_grafanas_own_types_read_them_whole(groups: dict[str, dict[str, Any]]) -> None:
    """No key that Grafana does not know: what its types have read and written is the same."""
    plugins.register_default_plugins()
    for group in groups.values():
        after = json.loads(JSONEncoder().encode(RuleGroup.from_json(copy.deepcopy(group))))
        for rule, read in zip(group["rules"], after["rules"], strict=True):
            assert {key: read.get(key) for key in rule if key != "data"} == {
                key: value for key, value in rule.items() if key != "data"
            }
            assert [one["refId"] for one in read["data"]] == ["A", "B", "C"]
            assert read["data"][0]["model"]["expr"] == rule["data"][0]["model"]["expr"]


def test_templates_are_those_of_grafana(groups: dict[str, dict[str, Any]]) -> None:
    """No query and no `$value`, which Grafana fills otherwise; the runbook is always there."""
    for group in groups.values():
        for rule in group["rules"]:
            assert rule["annotations"].keys() >= {"runbook_url", "first_step"}
            for text in rule["annotations"].values():
                assert "$value " not in text
                assert 'query "' not in text


def _waits(rule: dict[str, Any]) -> list[Any]:
    return [rule.get("for", "0s"), rule.get("keep_firing_for"), rule["labels"]]


def _sorted(rows: list[list[Any]]) -> list[str]:
    return sorted(json.dumps(row, sort_keys=True) for row in rows)
