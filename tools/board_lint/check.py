"""The lint over boards: problems that make a panel empty, wrong or hard to read and can be found without Grafana."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pantrywatch.config.targets import Targets
from tools.board_lint import board_lints, panel_lints, query_lints, target_lints
from tools.board_lint.exclusions import EXCLUSIONS
from tools.board_lint.model import Board
from tools.board_lint.units import UNITS
from tools.rule_lint.check import LINTS as RULE_LINTS
from tools.rule_lint.rulebook import Rulebook

# The rules of Grafana's dashboard linter, under its names. Its target-counter-agg is bare-counter below; its two about
# Loki always pass if every data source is Prometheus, as panel-datasource demands.
LINTER = {
    "template-datasource": "there is one data source variable, and every variable and query uses it",
    "template-job": "a variable for the job, of several values",
    "template-instance": "a variable for the instance, of several values",
    "template-label-promql": "the query of a variable parses",
    "template-on-time-change-reload": "a variable offers the values of the time range shown",
    "panel-datasource": "panel and queries use the chosen Prometheus",
    "panel-title-description": "a panel has a title and a description",
    "panel-units": "a unit, from units.py",
    "panel-no-targets": "a panel has a query",
    "target-promql": "a query parses",
    "target-rate-interval": "a rate is over $__rate_interval",
    "target-job": "a query is narrowed to the chosen jobs",
    "target-instance": "a query is narrowed to the chosen instances",
    "uneditable-dashboard": "a board can only be changed in its source",
}
OURS = {
    "panel-no-value": "an empty panel says why",
    "panel-room": "a number's text for no data can be read",
    "panel-decimals": "no more decimals than somebody reads",
    "panel-colors": "limits in order, chosen by somebody, and never a state shown by its color alone",
    "panel-legend": "several series have names",
    "panel-scale": "bars have an end, nothing is stacked to 100 % or drawn over missing data",
    "panel-stack": "stacked series have no lines: that of a series at zero would cover the others",
    "panel-now": "a number is the current one, not the last one that existed",
    "panel-ids": "ids and titles are unique on a board",
    "table-columns": "sorting, color and renaming refer to existing columns",
    "table-links": "the links of a table are on a column",
    "grid": "panels are in 24 columns and do not overlap",
    "variable-unknown": "a variable that is used is declared",
    "variable-unused": "a variable that is declared is used",
    "variable-text": "a variable has a label, and its definition",
    "variable-all": "all values are .+",
    "unresolved-input": "no input waits for a manual import",
    "link": "a link leads to an existing board, with variables it has",
    "link-encoding": "a link encodes the value it carries",
    "legend-label": "a label in a legend exists on the series",
    "quantile-by-le": "a quantile is taken over the sum of all instances",
    "target-limits": "limits on a target's metrics are those of the target",
}
# The rule lints that apply to an expression by itself.
_OF_QUERIES = (
    "unknown-metric", "unknown-label", "nothing-selected", "no-join", "ambiguous-join", "bare-counter", "rated-gauge",
    "short-range", "beyond-retention", "unguarded-division", "averaged-ratio", "no-edge", "stale-timestamp",
    "gone-in-newer", "new-function",
    "counted-twice", "hiding-fallback",
)  # fmt: skip
LINTS = LINTER | OURS | {name: RULE_LINTS[name] for name in _OF_QUERIES}


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """A problem on a board; `where` is a panel, variable or annotation, empty for the board. Prints as one line."""

    board: str
    where: str
    lint: str
    message: str

    def __str__(self) -> str:
        """Return board, panel, lint and message."""
        return f"{self.board}: {self.where or 'the board'}: {self.lint}: {self.message}"


def check(boards: Sequence[Board], book: Rulebook, targets: Targets) -> list[Finding]:
    """Return all findings on the boards, ignoring exclusions, sorted."""
    return sorted(
        {Finding(board.uid, *problem) for board in boards for problem in _problems(board, boards, book, targets)}
    )


def without_excluded(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings without an exclusion."""
    return [finding for finding in findings if not any(key in EXCLUSIONS for key in exclusions_of(finding))]


def exclusions_of(finding: Finding) -> list[tuple[str, str, str]]:
    """Return the keys under which a finding can be excluded: this panel, the board, all boards."""
    return [
        (finding.board, finding.where, finding.lint),
        (finding.board, "*", finding.lint),
        ("*", "*", finding.lint),
    ]


def _problems(
    board: Board, boards: Sequence[Board], book: Rulebook, targets: Targets
) -> Iterator[tuple[str, str, str]]:
    yield from board_lints.problems(board, boards)
    yield from query_lints.problems(board, book)
    for panel in board.panels:
        found = (*panel_lints.problems(panel, frozenset(UNITS)), *target_lints.problems(panel, targets))
        yield from ((panel.title, lint, message) for lint, message in found)
