"""The lint of the boards finds each seeded mistake, nothing where there is none, and knows Grafana's units."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import _jsonnet
import pytest
from grafana_foundation_sdk.models import units as grafana_units

from pantrywatch.config.targets import Targets, read_targets
from tools.board_lint.board_lints import link_problems
from tools.board_lint.check import LINTER, LINTS, check
from tools.board_lint.exclusions import EXCLUSIONS
from tools.board_lint.model import Json, board_of, read_boards, references, substituted
from tools.board_lint.units import UNITS
from tools.rule_lint.catalogue import ROOT, read_catalogue
from tools.rule_lint.rulebook import Rulebook, read_rules

# Demanded of every board by Grafana's linter, and excluded for all of ours: a board without a mistake has them too.
_EXCLUDED = {lint for board, _, lint in EXCLUSIONS if board == "*"}
SEEDED: Json = json.loads(_jsonnet.evaluate_file(str(Path(__file__).parent / "seeded_mistakes.jsonnet")))


@pytest.fixture(scope="module")
def book() -> Rulebook:
    """Everything a query may ask for."""
    return Rulebook(read_catalogue(), read_rules(sorted((ROOT / "alert_rules/generated").glob("*.yml"))))


@pytest.fixture(scope="module")
def targets() -> Targets:
    """The documented targets."""
    return read_targets(ROOT / "targets.yaml")


def _lints(source: Json, book: Rulebook, targets: Targets) -> set[str]:
    # Only what links lead to of the other board: its queries have a test of their own.
    linked = [board_of({**board.source, "panels": []}) for board in read_boards() if board.uid == "crm-slo"]
    found = check([board_of(source), *linked], book, targets)
    return {finding.lint for finding in found if finding.board == "crm-seeded"} - _EXCLUDED


def test_every_lint_has_a_mistake() -> None:
    """Each lint finds a board among the seeded ones, or is demanded of all boards by the exclusions."""
    assert SEEDED["mistakes"].keys() | _EXCLUDED == LINTS.keys()


def test_a_board_without_a_mistake_has_no_finding(book: Rulebook, targets: Targets) -> None:
    """The board that the mistakes are made on is right."""
    assert _lints(SEEDED["right"], book, targets) == set()


@pytest.mark.parametrize("mistake", SEEDED["mistakes"])
def test_a_seeded_mistake_is_found_and_nothing_else(mistake: str, book: Rulebook, targets: Targets) -> None:
    """Each board of mistakes has the one finding that its name says."""
    assert _lints(SEEDED["mistakes"][mistake], book, targets) == {mistake}


def test_units_are_grafanas_and_all_in_use() -> None:
    """Each unit that has a meaning here is in Grafana's list, and shown by some board."""
    known = {str(value) for name, value in vars(grafana_units).items() if not name.startswith("_")}
    assert UNITS.keys() - known == set()
    texts = "".join(json.dumps(board.source, ensure_ascii=False) for board in read_boards())
    assert [unit for unit in UNITS if f'"{unit}"' not in texts] == []


def test_the_linter_has_its_rules() -> None:
    """All rules of Grafana's dashboard linter are here but those on Loki and counters, which have other names."""
    assert len(LINTER) == 17 - len({"target-logql", "target-logql-auto", "target-counter-agg"})


@pytest.mark.parametrize(
    ("url", "faults"),
    [
        ("/d/crm-slo?var-target=lcp&${__url_time_range}", 0),
        ("/d/crm-slo?var-tarjet=lcp", 1),
        ("/d/crm-slow", 1),
        ("https://example.org/d/crm-slow", 0),
        ("/d/${__value.raw}", 0),
    ],
)
def test_links_are_followed(url: str, faults: int) -> None:
    """A link to a board must lead to one that is there, with variables it has."""
    assert len(list(link_problems(url, {board.uid: board for board in read_boards()}))) == faults


def test_variables_are_read_as_grafana_reads_them() -> None:
    """$name, ${name}, ${name:format} and [[name]] are one variable; what has no value stays."""
    assert references(["$a ${b} ${c:regex} [[d]] 5 $"]) == {"a", "b", "c", "d"}
    values: dict[str, Any] = {"a": 1, "b": "x"}
    assert substituted("$a ${b:regex} $c", values) == "1 x $c"


def test_numbers_of_targets_stand_in_no_source() -> None:
    """What only targets.yaml says, such as 0.9995 or 2.5, is typed in no board."""
    document = read_targets(ROOT / "targets.yaml")
    numbers = {f"{n:g}" for t in document.targets for n in (t.threshold, t.objective) if n is not None}
    # Quantiles, halves, milliseconds and round numbers mean other things too; limits are the lint's (target-limits).
    telling = {
        number
        for number in numbers
        if number not in {"0.95", "0.9", "0.75", "0.5", "0.2", "0.1", "1", "2", "3", "1000"}
    }
    sources = sorted((ROOT / "dashboards").rglob("*sonnet"))
    found = [
        f"{file.name}: {word}"
        for file in sources
        for line in file.read_text().splitlines()
        if not line.strip().startswith("//")
        for word in line.replace("[", " ").replace("(", " ").replace(",", " ").replace(")", " ").split()
        if word.strip("]") in telling
    ]
    assert {"0.9995", "2.5"} <= telling
    assert found == []
