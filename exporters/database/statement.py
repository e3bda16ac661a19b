"""From a query to SQL for one server, and from its result to rows."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from psycopg.pq.abc import PGresult

from exporters.core.errors import CollectError, ErrorClass
from exporters.database.queries import Metric, Query

# Label values in the query's order, then one value per metric; None if the server returned none.
Row = tuple[tuple[str, ...], tuple[float | None, ...]]


class Statement(NamedTuple):
    """The statement for the metrics that one server has; `without` names those it turned out to lack or to refuse."""

    query: Query
    metrics: tuple[Metric, ...]
    schema: str = "public"
    without: frozenset[str] = frozenset()

    def sql(self) -> str:
        """Return the statement: labels first, then the metrics, with omitted ones as NULL so that positions stay."""
        labels = [f"({expression})::text" for expression in self.query.labels.values()]
        there = {metric.name: metric.value for metric in self.metrics if metric.name not in self.without}
        names = [metric.name for metric in self.query.columns()]
        values = [f"({there[name]})::float8" if name in there else "NULL" for name in names]
        return self._select(labels + values)

    def probe(self, metric: Metric | None = None) -> str:
        """Return a statement that costs nothing and fails if this metric would, or the query without any metric."""
        expressions = [f"({metric.value})::float8"] if metric else list(self.query.labels.values())
        return self._select(expressions or ["1"]) + " LIMIT 0"

    def rows(self, result: PGresult) -> list[Row]:
        """Return the rows of the statement's result. Raises CollectError (protocol): it has other columns."""
        columns = len(self.query.labels) + len(self.query.columns())
        if result.nfields != columns:
            raise CollectError(ErrorClass.PROTOCOL, f"{result.nfields} columns, expected {columns}")
        return rows_of(_Cells(result), len(self.query.labels))

    def _select(self, expressions: list[str]) -> str:
        source = self.query.source.replace("{schema}", self.schema)
        return f"SELECT {', '.join(expressions)} FROM {source}"  # noqa: S608 - the query files are SQL, used as written


class _Cells:
    """The server's texts of a result, a row at a time: all of them at once take more memory than all else here."""

    def __init__(self, result: PGresult) -> None:
        self._result = result

    def __iter__(self) -> Iterator[list[bytes | None]]:
        get, columns = self._result.get_value, range(self._result.nfields)
        return ([get(position, column) for column in columns] for position in range(self._result.ntuples))


class _Texts(dict[bytes | None, str]):
    """Decoded texts: the name of a database is one object, however many rows have it."""

    def __init__(self, errors: str) -> None:
        super().__init__({None: ""})
        self._errors = errors

    def __missing__(self, cell: bytes) -> str:
        text = self[cell] = cell.decode(errors=self._errors)
        return text


def rows_of(cells: Iterable[Sequence[bytes | None]], labels: int) -> list[Row]:
    """Return rows of the server's texts, which are gone through up to three times; the first `labels` are labels.

    A number that is not finite counts as no value: one NaN would stay in a running total forever, and sorts
    arbitrarily. Bytes that are not UTF-8 are replaced, as postgres_exporter does, except where two rows would then have
    the same labels.

    Raises CollectError (protocol): a value is not a number.
    """
    names: list[tuple[str, ...]] = []
    for errors in ("replace", "backslashreplace"):
        texts = _Texts(errors)
        names = [tuple([texts[cell] for cell in row[:labels]]) for row in cells]
        if len(set(names)) == len(names):
            break
    return list(zip(names, _values(row[labels:] for row in cells), strict=True))


def _values(rows: Iterable[Sequence[bytes | None]]) -> Iterator[tuple[float | None, ...]]:
    last: tuple[float | None, ...] = ()
    for row in rows:
        values = tuple([None if cell is None else _finite(cell) for cell in row])
        if values != last:  # most tables of a large database are idle: their rows of zeros are one object
            last = values
        yield last


def _finite(text: bytes) -> float | None:
    try:
        value = float(text)
    except ValueError:
        raise CollectError(ErrorClass.PROTOCOL, "expected a number") from None
    return value if math.isfinite(value) else None
