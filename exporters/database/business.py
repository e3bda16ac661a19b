"""The numbers of the business: queries/business.yaml, with the names that an installation's tables and columns have.

Names come from the settings into SQL, so they are checked as identifiers there and quoted here; values never do: they
are compared with the rows that come back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Annotated

from exporters.core.errors import ConfigError, ConfigProblem
from exporters.core.field_checks import between, not_empty
from exporters.core.problem_text import expected_one_of
from exporters.core.settings import load
from exporters.database.queries import BUSINESS, SHIPPED, Histogram, Metric, Query
from exporters.database.settings import Business

_PLACEHOLDER = re.compile(r"\{(?P<table>[a-z_]+)(?:\.(?P<column>[a-z_]+))?(?: (?P<alias>[a-z]))?\}")
_DELETED = ("is_deleted", "deleted_at")


@dataclass(frozen=True, slots=True)
class Entry:
    """One query, in the tables and columns of the Kitchen Pantry CRM; `closed`: label → list in `values`."""

    name: str
    decision: Annotated[str, not_empty]
    source: str
    metrics: tuple[Metric, ...]
    interval_seconds: Annotated[float, between(60, 1200)]
    timeout_seconds: Annotated[float, between(0.1, 2)]
    labels: dict[str, str] = field(default_factory=dict)
    closed: dict[str, str] = field(default_factory=dict)
    groups: str | None = None
    people: str | None = None
    histogram: Histogram | None = None

    def columns(self) -> Iterator[tuple[str, str]]:
        """Yield table and column of each placeholder, some more than once; `live` is a column here."""
        more = self.histogram.value if self.histogram else ""
        texts = (self.source, *self.labels.values(), *(metric.value for metric in self.metrics), more)
        for text in texts:
            for found in _PLACEHOLDER.finditer(text):
                if found["column"]:
                    yield found["table"], found["column"]


@dataclass(frozen=True, slots=True)
class Pack:
    """The file: which tables and columns there are to map, the lists of label values, and the entries."""

    tables: dict[str, tuple[str, ...]]
    optional: tuple[str, ...]
    values: dict[str, tuple[str, ...]]
    queries: tuple[Entry, ...]


@cache
def pack() -> Pack:
    """Return the shipped file."""
    return load(SHIPPED / BUSINESS, Pack, {})


def business_queries(settings: Business, entry: str, file: str) -> list[Query]:
    """Return the queries for one target. Raises ConfigError for tables, columns, values or entries that are unknown."""
    problems = [ConfigProblem(file, f"{entry}.{place}", text) for place, text in _unknown(settings, pack())]
    if problems:
        raise ConfigError(problems)
    names = Names(settings)
    left_out = {table for table in pack().optional if table not in settings.tables}
    return [
        names.query(one)
        for one in pack().queries
        if one.name not in settings.without and not left_out & {table for table, _ in one.columns()}
    ]


def _unknown(settings: Business, known: Pack) -> Iterator[tuple[str, str]]:
    columns = [f"{table}.{column}" for table, columns in known.tables.items() for column in columns]
    queries = [query.name for query in known.queries]
    for place, given, allowed in (
        ("tables", settings.tables, list(known.tables)),
        ("columns", settings.columns, columns),
        ("values", settings.values, list(known.values)),
    ):
        for name in given:
            if name not in allowed:
                yield f"{place}.{name}", expected_one_of(allowed, name)
    for index, name in enumerate(settings.without):
        if name not in queries:
            yield f"without[{index}]", expected_one_of(queries, name)
    for name, column in settings.columns.items():
        if column is None and not name.endswith(".is_deleted"):
            yield f"columns.{name}", "expected the name of a column; only is_deleted can be null"


class Names:
    """What tables and columns are called in one installation."""

    def __init__(self, settings: Business) -> None:
        """Take the settings, whose names are identifiers."""
        self._settings = settings

    def query(self, entry: Entry) -> Query:
        """Return an entry as a query of this installation; it requires each column that it reads."""
        histogram = entry.histogram
        return Query(
            name=entry.name,
            source=self._sql(entry.source),
            metrics=tuple(replace(metric, value=self._sql(metric.value)) for metric in entry.metrics),
            labels={name: self._sql(value) for name, value in entry.labels.items()},
            requires=tuple(self._requirements(entry)),
            interval_seconds=entry.interval_seconds,
            timeout_seconds=entry.timeout_seconds,
            closed={label: self._values(name) for label, name in entry.closed.items()},
            groups=entry.groups,
            people=entry.people,
            least_people=self._settings.least_people,
            histogram=replace(histogram, value=self._sql(histogram.value)) if histogram else None,
            time_zone=self._settings.stored_time_zone,
        )

    def table(self, name: str) -> str:
        """Return the name that a table has, without its schema."""
        return self._settings.tables.get(name, name)

    def column(self, table: str, name: str) -> str | None:
        """Return the name that a column has; None where the settings say that there is none."""
        given: Mapping[str, str | None] = self._settings.columns
        default = None if name == "deleted_at" else name
        return given.get(f"{table}.{name}", default)

    def deletion(self, table: str) -> tuple[str, str] | None:
        """Return which of the two ways of soft deletion a table has, and in which column; None without any."""
        if at := self.column(table, "deleted_at"):
            return "deleted_at", at
        flag = self.column(table, "is_deleted")
        return ("is_deleted", flag) if flag else None

    def _requirements(self, entry: Entry) -> Iterator[str]:
        place = self._settings.schema
        for table, column in dict.fromkeys(entry.columns()):
            deletion = self.deletion(table)
            real = (deletion[1] if deletion else None) if column == "live" else self.column(table, column)
            if real:
                key = deletion[0] if deletion and column == "live" else column
                yield f"column:{place}.{self.table(table)}.{real}={table}.{key}"

    def _values(self, name: str) -> dict[str, str]:
        return dict(self._settings.values.get(name) or {value: value for value in pack().values[name]})

    def _sql(self, text: str) -> str:
        return _PLACEHOLDER.sub(self._rendered, text)

    def _rendered(self, found: re.Match[str]) -> str:
        table, column, alias = found["table"], found["column"], found["alias"]
        if table == "zone":
            return f"'{self._settings.time_zone}'"
        if column is None:
            return f"{_quoted(self._settings.schema)}.{_quoted(self.table(table))} AS {alias}"
        if column == "live":
            return self._live(table, alias)
        return f"{alias}.{_quoted(self.column(table, column) or column)}"

    def _live(self, table: str, alias: str) -> str:
        deletion = self.deletion(table)
        if deletion is None:
            return "true"
        form = "IS NULL" if deletion[0] == "deleted_at" else "IS NOT TRUE"
        return f"{alias}.{_quoted(deletion[1])} {form}"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def default_queries() -> list[Query]:
    """Return every entry, with the names of the Kitchen Pantry CRM and of its optional tables."""
    return business_queries(Business(tables={table: table for table in pack().optional}), "", "")
