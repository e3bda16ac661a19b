"""Prometheus 2 counts a sample on the left edge of a range, 3 does not: no case of the rules depends on one."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.rules.left_edge import left_open
from tests.rules.needed import Document, rules_of, run_cases

ROOT = Path(__file__).parents[2]
# The others are tried with a current promtool itself (tests/test_current_releases.py); that of causes takes minutes.
_CASES = [ROOT / "tests/rules" / f"{name}.yml" for name in ("database_upkeep", "monitoring_trends", "synthetic_daily")]


def _shift(rules: dict[str, Document]) -> dict[str, Document]:
    for document in rules.values():
        for group in document["groups"]:
            for rule in group["rules"]:
                rule["expr"] = left_open(rule["expr"])
    return rules


@pytest.mark.long
@pytest.mark.timeout(1100)
@pytest.mark.parametrize("file", _CASES, ids=lambda file: file.name)
def test_no_case_depends_on_a_sample_on_an_edge(tmp_path: Path, file: Path) -> None:
    """Each file of cases holds whether such a sample counts or not; with the rules as they are, test_rules.py says."""
    assert run_cases(file, _shift(rules_of(file)), tmp_path, 1000) == ""


@pytest.mark.parametrize(("step", "depends"), [("15s", True), ("13s", False)])
def test_a_case_that_depends_on_one_is_found(tmp_path: Path, step: str, *, depends: bool) -> None:
    """Five samples in a minute at whole steps, of which one lies on the edge, are four in Prometheus 3."""
    rules = {"groups": [{"name": "tried", "rules": [{"record": "tried", "expr": "count_over_time(up[1m]) >= 5"}]}]}
    expected = {"eval_time": "5m", "expr": "tried", "exp_samples": [{"labels": "tried", "value": 5}]}
    tests = [
        {
            "interval": step,
            "input_series": [{"series": "up", "values": "1x40"}],
            "promql_expr_test": [expected],
        }
    ]
    file = tmp_path / "tried.yml"
    file.write_text(yaml.safe_dump({"evaluation_interval": "15s", "tests": tests}))
    found = run_cases(file, _shift({"rules.yml": rules}), tmp_path, 60)
    assert bool(found) == depends, found


@pytest.mark.parametrize(
    ("expression", "shifted"),
    [
        ("rate(a[5m])", "rate(a[5m] offset -1ms)"),
        ("sum_over_time(a[1h:1m]) - a", "sum_over_time(a[1h:1m] offset -1ms) - a"),
        ("sum_over_time(a[1h:1m] offset 1ms)", "sum_over_time(a[1h:1m] offset 1ms)"),
    ],
)
def test_each_range_is_shifted(expression: str, shifted: str) -> None:
    """Ranges and subqueries, unless they have an offset of their own."""
    assert left_open(expression) == shifted
