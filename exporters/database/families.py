"""From rows to metric families."""

from __future__ import annotations

from collections.abc import Sequence

from exporters.core.exposition import AnyFamily, Family
from exporters.database.queries import Query
from exporters.database.statement import Row
from exporters.database.top_rows import TopRows


class Presenter:
    """Builds the families of one query and keeps the number of rows within its limit."""

    def __init__(self, query: Query, server: str) -> None:
        """Take the value of the label `server`, which postgres_exporter sets on every metric named pg_."""
        self._query = query
        self._server = server
        self._metrics = query.columns()
        self._top_rows = TopRows(query, self._metrics, query.limit) if query.limit else None

    @property
    def folded(self) -> int:
        """Return how many rows of the last run have no series of their own."""
        return self._top_rows.folded if self._top_rows else 0

    def families(self, rows: Sequence[Row]) -> list[AnyFamily]:
        """Return one family per metric that has samples; the rows contain `query.columns()`."""
        if self._top_rows:
            rows = self._top_rows.rows(rows)
        names, own = tuple(self._query.labels), [labels for labels, _ in rows]
        names_with_server, with_server = (*names, "server"), [(*labels, self._server) for labels in own]
        families: list[AnyFamily] = []
        for column, metric in enumerate(self._metrics):
            is_ecosystem = metric.name.startswith("pg_")
            owners = with_server if is_ecosystem else own
            samples = [
                (labels, value)
                for labels, (_, values) in zip(owners, rows, strict=True)
                if (value := values[column]) is not None
            ]
            if samples:
                label_names = names_with_server if is_ecosystem else names
                families.append(Family(metric.name, metric.type, metric.help, label_names, samples))
        return families
