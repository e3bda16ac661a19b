"""Alerts remember what a collector of a database said while it fails: by the names of the queries as they are."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

_ROOT = Path(__file__).parents[2]
_TABLE = _ROOT / "alert_rules/lib/collectors.libsonnet"
_RULES = _ROOT / "alert_rules/generated/database.yml"


def _queries() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for file in sorted((_ROOT / "exporters/database/queries").glob("*.yaml")):
        for query in yaml.safe_load(file.read_text())["queries"]:
            for metric in query["metrics"]:
                found.setdefault(metric["name"], set()).add(query["name"])
    return found


def test_every_remembered_gauge_names_its_collector() -> None:
    """The table has each gauge of a query that alerts remember, with the query that exports it."""
    queries = _queries()
    expressions = " ".join(
        rule["expr"]
        for group in yaml.safe_load(_RULES.read_text())["groups"]
        for rule in group["rules"]
        if "alert" in rule
    )
    remembered = set(re.findall(r"last_over_time\(([a-z_0-9]+)(?:\{[^}]*\})?\[1m\]\)", expressions))
    table = dict(re.findall(r"^  (\w+): '(\w+)',$", _TABLE.read_text(), re.MULTILINE))
    assert {name: {query} for name, query in table.items()} == {
        name: queries[name] for name in remembered if name in queries
    }
