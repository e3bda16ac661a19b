"""Prometheus 2 counts a sample on the left edge of a range, 3 does not: no case of the rules depends on one."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.rules.left_edge import left_open

ROOT = Path(__file__).parents[2]
# The others are tried with a current promtool itself (tests/test_current_releases.py); that of causes takes minutes.
_CASES = [ROOT / "tests/rules" / f"{name}.yml" for name in ("database_upkeep", "monitoring_trends", "synthetic_daily")]
Document = dict[str, Any]


def _passes(folder: Path, rules: dict[str, Document], cases: Document) -> str:
    """Return what promtool says of the cases with such rules; nothing if they hold."""
    for name, document in rules.items():
        for group in document["groups"]:
            for rule in group["rules"]:
                rule["expr"] = left_open(rule["expr"])
        (folder / name).write_text(yaml.dump(document, Dumper=yaml.CSafeDumper))
    (folder / "cases.yml").write_text(yaml.dump(cases | {"rule_files": [*rules]}, Dumper=yaml.CSafeDumper))
    command = ["promtool", "test", "rules", "cases.yml"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=1000, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


@pytest.mark.long
@pytest.mark.timeout(1100)
@pytest.mark.parametrize("file", _CASES, ids=lambda file: file.name)
def test_no_case_depends_on_a_sample_on_an_edge(tmp_path: Path, file: Path) -> None:
    """Each file of cases holds whether such a sample counts or not; with the rules as they are, test_rules.py says."""
    cases = yaml.load(file.read_text(), yaml.CSafeLoader)
    paths = [file.parent / name for name in cases["rule_files"]]
    rules = {path.name: yaml.load(path.read_text(), yaml.CSafeLoader) for path in paths}
    assert _passes(tmp_path, rules, cases) == ""


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
    found = _passes(tmp_path, {"rules.yml": rules}, {"evaluation_interval": "15s", "tests": tests})
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
