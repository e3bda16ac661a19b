"""How a target stands, in one word: the expression behind it on every board, run by promtool over made-up series."""

from __future__ import annotations

import subprocess
from pathlib import Path

import yaml

from tools.board_lint.model import read_boards
from tools.rule_lint.catalogue import ROOT

# Target → its series, and the number the boards show (dashboards/lib/table_cells.libsonnet gives it a word).
_CASES: dict[str, tuple[dict[str, float], int]] = {
    "hurt": ({"slo:measured:bool": 1, "target:health:state": 2, "slo:period_error_budget_remaining:ratio": 0.9}, 6),
    "degraded": ({"slo:measured:bool": 1, "target:health:state": 1, "slo:period_error_budget_remaining:ratio": -1}, 5),
    "missed": (
        {
            "slo:measured:bool": 1,
            "target:health:state": 0,
            "slo:period_error_budget_remaining:ratio": -0.1,
            "slo:history:days": 1,
        },
        4,
    ),
    "young": (
        {
            "slo:measured:bool": 1,
            "target:health:state": 0,
            "slo:period_error_budget_remaining:ratio": -0.1,
            "slo:history:days": 0.9,
        },
        3,
    ),
    "at-risk": ({"slo:measured:bool": 1, "target:health:state": 0, "slo:period_error_budget_remaining:ratio": 0.1}, 3),
    "no-data": ({"slo:measured:bool": 1}, 2),
    "unknown": (
        {"slo:measured:bool": 1, "target:health:state": 3, "slo:period_error_budget_remaining:ratio": 0.5},
        2,
    ),
    "kept": ({"slo:measured:bool": 1, "target:health:state": 0, "slo:period_error_budget_remaining:ratio": 0.5}, 1),
    "capacity": ({"slo:measured:bool": 1, "slo:capacity:ratio": 1.2}, 1),
    "nobody-knows": ({"slo:measured:bool": 0, "slo:not_measured:bool": 0}, -1),
    "said-why": ({"slo:measured:bool": 0, "slo:not_measured:bool": 1}, 0),
    "not-fed": ({"slo:measured:bool": 0, "slo:period_error_budget_remaining:ratio": -0.5}, 0),
}


def _state() -> str:
    (board,) = (board for board in read_boards() if board.uid == "crm-targets")
    (panel,) = (panel for panel in board.panels if panel.title == "All targets")
    return next(query.expr for query in panel.queries() if "target:health:state" in query.expr)


def test_each_state_has_its_number(tmp_path: Path) -> None:
    """Worse is greater; what is not fed is never kept, whatever its series say, nor is what has no data."""
    series = [
        {"series": f'{name}{{target="{target}", layer="backend"}}', "values": f"{value}x2"}
        for target, (values, _) in _CASES.items()
        for name, value in values.items()
    ]
    samples = [{"labels": f'{{target="{target}"}}', "value": number} for target, (_, number) in _CASES.items()]
    case = {"expr": _state(), "eval_time": "1m", "exp_samples": samples}
    path = tmp_path / "state.yml"
    path.write_text(yaml.safe_dump({"tests": [{"interval": "1m", "input_series": series, "promql_expr_test": [case]}]}))
    done = subprocess.run(
        ["promtool", "test", "rules", str(path)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_promises_are_told_in_the_words_and_order_of_the_document() -> None:
    """slo:promise:info has each target once, with the words and the place it has in targets.yaml."""
    groups = yaml.load((ROOT / "alert_rules/generated/targets.yml").read_text(), yaml.CSafeLoader)["groups"]
    told = [rule["labels"] for group in groups for rule in group["rules"] if rule.get("record") == "slo:promise:info"]
    written = yaml.safe_load((ROOT / "targets.yaml").read_text())["targets"]
    assert [(each["target"], each["statement"], each["section"]) for each in told] == [
        (target["id"], target["statement"], target["section"]) for target in written
    ]
    assert [each["position"] for each in told] == [f"{number:02d}" for number in range(1, len(written) + 1)]
