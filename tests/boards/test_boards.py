"""The generated boards: whatever makes one empty, wrong or hard to read shows here, without a Grafana."""

from __future__ import annotations

import pytest

from pantrywatch.config.targets import Targets, read_targets
from tools.board_lint.check import LINTS, check, exclusions_of, without_excluded
from tools.board_lint.exclusions import EXCLUSIONS
from tools.board_lint.model import Board, read_boards
from tools.rule_lint.catalogue import ROOT, read_catalogue
from tools.rule_lint.rulebook import Rulebook, read_rules


@pytest.fixture(scope="module")
def book() -> Rulebook:
    """Everything a query may ask for."""
    return Rulebook(read_catalogue(), read_rules(sorted((ROOT / "alert_rules/generated").glob("*.yml"))))


@pytest.fixture(scope="module")
def targets() -> Targets:
    """The documented targets."""
    return read_targets(ROOT / "targets.yaml")


@pytest.fixture(scope="module")
def boards() -> list[Board]:
    """What `./run build` made."""
    return read_boards()


@pytest.mark.long
def test_the_boards_have_no_faults(boards: list[Board], book: Rulebook, targets: Targets) -> None:
    """Every board passes every lint; what is excluded has a reason, and is still needed."""
    found = check(boards, book, targets)
    assert [str(finding) for finding in without_excluded(found)] == []
    needed = {key for finding in found for key in exclusions_of(finding)}
    assert EXCLUSIONS.keys() - needed == set()
    assert all(reason for reason in EXCLUSIONS.values())
    assert {lint for _, _, lint in EXCLUSIONS} <= LINTS.keys()
