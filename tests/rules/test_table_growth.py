"""The rules that say how fast a table grows, in promtool."""

from __future__ import annotations

from pathlib import Path

import yaml

from tests.rules.conftest import ROOT
from tests.rules.promtool import Case, at, promtool_says

_RULES = ROOT / "alert_rules/generated/forecasts.yml"
_NOW = "30d"
# Typical size by day, of 31 days.
_TABLES = {
    "grows": "1000+10x30",
    "imports": "1000+10x20 100000+10x1 1230+10x7",
    "wavers": "1000x6 900x6 1000x6 900x6 1000x2",
    "shrinks": "1000-10x30",
    "young": "_x20 1000+10x10",
}


def test_a_table_that_grows_each_week_is_twice_as_large_in_some_weeks(tmp_path: Path) -> None:
    """An import that is undone does not count; what wavers, shrinks or is young has no such time."""
    growth = {"grows": 70, "imports": 70, "shrinks": -70}
    cases = [
        at(_NOW, 'round(crm:table_growth:bytes1w{relname!="wavers"})', _labeled(growth)),
        at(_NOW, "crm:table_growth:bytes1w{relname='young'}", {}),
        at(_NOW, "round(crm:table_doubles_latest:weeks)", _labeled({"grows": 100, "imports": 100})),
        at(_NOW, "round(crm:table_doubles_earliest:weeks{relname='grows'})", _labeled({"grows": 100})),
    ]
    _promtool(tmp_path, cases)


def _labeled(values: dict[str, int]) -> dict[str, float]:
    return {f'{{relname="{name}"}}': value for name, value in values.items()}


def _promtool(folder: Path, cases: list[Case]) -> None:
    groups = yaml.load(_RULES.read_text(), yaml.CSafeLoader)["groups"]
    (tables,) = (group for group in groups if group["name"] == "forecasts.tables")
    (folder / "rules.yml").write_text(
        yaml.safe_dump({"groups": [{"name": tables["name"], "rules": tables["rules"][2:]}]})
    )
    inputs = [
        {"series": f'crm:table_{name}{{relname="{table}"}}', "values": values}
        for table, typical in _TABLES.items()
        for name, values in (("typical:bytes1d", typical), ("size:bytes", "7000x31"))
    ]
    test = {"interval": "1d", "input_series": inputs, "promql_expr_test": cases}
    document = {"rule_files": ["rules.yml"], "evaluation_interval": _NOW, "tests": [test]}
    (folder / "test.yml").write_text(yaml.safe_dump(document))
    said = promtool_says(folder, "test.yml", 100)
    assert not said, said[:8000]
