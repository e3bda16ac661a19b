"""From a query to SQL for one server, and from its result to rows."""

from __future__ import annotations

from dataclasses import dataclass

from psycopg.pq.abc import PGresult

from exporters.database.queries import Metric, Query

# Label values in the query's order, then one value a metric; None where the server gives none.
Row = tuple[tuple[str, ...], tuple[float | None, ...]]


@dataclass(frozen=True, slots=True)
class Plan:
    """The statement for the metrics one server has; `without` names those it was found to lack or to refuse."""

    query: Query
    metrics: tuple[Metric, ...]
    schema: str = "public"
    without: frozenset[str] = frozenset()

    def sql(self) -> str:
        """Return the statement: labels first, then the metrics, those left out as NULL so that positions stay."""
        labels = [f"({expression})::text" for expression in self.query.labels.values()]
        values = ["NULL" if metric.name in self.without else f"({metric.value})::float8" for metric in self.metrics]
        return self._select(labels + values)

    def probe(self, metric: Metric | None = None) -> str:
        """Return a statement that costs nothing and fails if this metric would, or the query without any metric."""
        expressions = [f"({metric.value})::float8"] if metric else list(self.query.labels.values())
        return self._select(expressions or ["1"]) + " LIMIT 0"

    def rows(self, result: PGresult) -> list[Row]:
        """Return the rows of the statement's result."""
        get, width = result.get_value, result.nfields
        first = len(self.query.labels)
        rows: list[Row] = []
        for position in range(result.ntuples):
            cells = [get(position, column) for column in range(width)]
            labels = tuple(["" if cell is None else bytes(cell).decode(errors="replace") for cell in cells[:first]])
            rows.append((labels, tuple([None if cell is None else float(cell) for cell in cells[first:]])))
        return rows

    def _select(self, expressions: list[str]) -> str:
        source = self.query.source.replace("{schema}", self.schema)
        return f"SELECT {', '.join(expressions)} FROM {source}"  # noqa: S608 - the query files are SQL, as written
