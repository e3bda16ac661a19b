"""Tables taken from panels of the boards: the slowest, the business, what will be full. The list is tables.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import yaml

from pantrywatch.analysis.explain.questions import Question
from pantrywatch.analysis.report.panels import Panels
from pantrywatch.analysis.report.questions import Values

Unit = Literal["seconds", "until", "ratio", "count"]
_FILE = Path(__file__).parent / "tables.yaml"
_MOST_ROWS = 8


@dataclass(frozen=True, slots=True)
class Column:
    """One query of the panel."""

    ref: str
    text: str
    unit: Unit


@dataclass(frozen=True, slots=True)
class TableSource:
    """An entry of tables.yaml."""

    id: str
    section: str
    board: str
    panel: str
    shown: float
    names: tuple[str, ...]
    columns: tuple[Column, ...]
    by: str
    least: bool


@dataclass(frozen=True, slots=True)
class Table:
    """What is shown: a row has a name and a number (or None) for each column."""

    id: str
    section: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, tuple[float | None, ...]], ...]


@cache
def table_sources() -> tuple[TableSource, ...]:
    """Return the entries of tables.yaml."""
    return tuple(
        TableSource(
            one["id"],
            one["section"],
            one["board"],
            one["panel"],
            float(one["shown"]),
            tuple(one["names"]),
            tuple(Column(ref, text, unit) for ref, (text, unit) in one["columns"].items()),
            one["by"],
            one.get("least", False),
        )
        for one in yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    )


def table_questions(panels: Panels, at: float) -> dict[str, Question]:
    """Return the questions of all tables."""
    return {
        _question(source, column): Question(panels.expr(source.board, source.panel, column.ref, source.shown), at)
        for source in table_sources()
        for column in source.columns
    }


def tables_of(answers: Mapping[str, Values]) -> list[Table]:
    """Return the tables that have a row."""
    return [table for source in table_sources() if (table := _table(source, answers)).rows]


def _question(source: TableSource, column: Column) -> str:
    return f"{source.panel}: {column.text}"


def _table(source: TableSource, answers: Mapping[str, Values]) -> Table:
    of = {column.ref: _by_name(source, answers[_question(source, column)]) for column in source.columns}
    order = of[source.by]
    names = order if source.least else {name for values in of.values() for name in values}
    sign = 1 if source.least else -1
    ranked = sorted(names, key=lambda name: (name not in order, sign * order.get(name, 0.0), name))
    rows = tuple((name, tuple(values.get(name) for values in of.values())) for name in ranked[:_MOST_ROWS])
    return Table(source.id, source.section, source.columns, rows)


def _by_name(source: TableSource, values: Values) -> dict[str, float]:
    """Return name of the row → number, such as "GET /orders" → 0.2."""
    found = {}
    for labels, value in values.items():
        known = dict(labels)
        found[" ".join(known[label] for label in source.names if known.get(label))] = value
    return found
