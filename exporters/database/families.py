"""From rows to metric families."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence

from exporters.core.errors import CollectError, ErrorClass
from exporters.core.exposition import AnyFamily, Family, HistogramFamily, HistogramSample
from exporters.database.closed_labels import ClosedLabels
from exporters.database.queries import DURATION_COLUMNS, RANGE_COLUMNS, Query
from exporters.database.stat_monitor import Counted, MonitoredDurations, Options
from exporters.database.statement import Row
from exporters.database.statement_durations import DurationEstimate, Executions
from exporters.database.top_rows import TopRows


def _any(_: str) -> bool:
    return True


class Presenter:
    """Builds the families of one query and keeps the number of rows within its limit."""

    def __init__(self, query: Query, server: str, counts: Callable[[str], bool] = _any) -> None:
        """Take the value of the label `server`, which postgres_exporter sets on every metric named pg_.

        `counts`: name of a database → whether the durations of its statements count.
        """
        self._query = query
        self._server = server
        self._metrics = query.columns()
        self._top_rows = TopRows(query, self._metrics, query.limit) if query.limit else None
        self._durations = _Durations(query, counts) if query.durations else None
        self._ranges = _Ranges(query, counts) if query.ranges else None
        self._closed = ClosedLabels(query) if query.closed else None

    @property
    def folded(self) -> int:
        """Return how many rows of the last run have no series of their own."""
        return self._top_rows.folded if self._top_rows else 0

    def families(self, rows: Sequence[Row]) -> list[AnyFamily]:
        """Return one family per metric that has samples; the rows contain `query.columns()`."""
        if self._ranges:
            return self._ranges.families(rows)
        estimated = list(self._durations.families(rows)) if self._durations else []
        if self._closed:
            rows = self._closed.rows(rows)
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
                if metric.exported and (value := values[column]) is not None
            ]
            if samples:
                label_names = names_with_server if is_ecosystem else names
                families.append(Family(metric.name, metric.type, metric.help, label_names, samples))
        return [*families, *self._histograms(rows), *estimated]

    def _histograms(self, rows: Sequence[Row]) -> Iterator[HistogramFamily]:
        histogram = self._query.histogram
        if histogram is None:
            return
        family = HistogramFamily(histogram.name, histogram.help, tuple(self._query.labels))
        for labels, values in rows:
            *buckets, count, total = [value or 0.0 for value in values[-len(histogram.metrics()) :]]
            if count:
                pairs = list(zip(histogram.edges, buckets, strict=True))
                family.samples.append(HistogramSample(labels, pairs, count, total))
        if family.samples:
            yield family


class _Durations:
    """Reads what each statement has counted out of a query's rows, for the estimate of durations."""

    def __init__(self, query: Query, counts: Callable[[str], bool]) -> None:
        names = [metric.name for metric in query.columns()]
        self._columns = tuple(names.index(name) for name in DURATION_COLUMNS)
        self._database = list(query.labels).index("datname")
        self._counts = counts
        self._estimate = DurationEstimate()
        self._is_known = False

    def families(self, rows: Sequence[Row]) -> Iterator[AnyFamily]:
        """Yield the histogram, once there was something to estimate it from.

        Rows that lack a value are left out: the next complete reading covers their time.
        """
        now, left_out = dict[Hashable, Executions](), set[Hashable]()
        server: float | None = None
        for labels, values in rows:
            *counted, does_count, server = (values[column] for column in self._columns)
            numbers = [value for value in counted if value is not None]
            if len(numbers) < len(counted) or server is None:
                server = None
                break
            if not does_count or not self._counts(labels[self._database]):
                left_out.add(labels)
            calls, seconds, squares, longest, shortest = numbers
            now[labels] = Executions(calls, seconds, squares, longest, shortest).and_also(now.get(labels))
        if server is not None:
            self._estimate.add(now, server, left_out)
            self._is_known = True
        if self._is_known:
            yield self._estimate.family()


class _Ranges:
    """Reads what each time bucket of pg_stat_monitor holds out of a query's rows: a row for each range."""

    def __init__(self, query: Query, counts: Callable[[str], bool]) -> None:
        names, labels = [metric.name for metric in query.columns()], list(query.labels)
        self._columns = tuple(names.index(name) for name in RANGE_COLUMNS)
        self._database, self._bucket = labels.index("datname"), labels.index("bucket")
        self._counts = counts
        self._durations = MonitoredDurations()

    def families(self, rows: Sequence[Row]) -> list[AnyFamily]:
        """Return what the buckets make; nothing of a server without the extension.

        Raises CollectError (protocol): there are other ranges than the settings say.
        """
        now, options, server = dict[Hashable, Counted](), None, 0.0
        for labels, values in rows:
            number, calls, seconds, *about = (values[column] for column in self._columns)
            known = [value for value in about if value is not None]
            if len(known) < len(about):
                raise CollectError(ErrorClass.VERSION, "settings of pg_stat_monitor are missing")
            server, options = known.pop(), Options(*known)
            if number is None or not self._counts(labels[self._database]):
                continue
            if not 1 <= number <= options.ranges or calls is None or seconds is None:
                raise CollectError(ErrorClass.PROTOCOL, "pg_stat_monitor has other ranges than its settings say")
            bucket = (labels[self._database], labels[self._bucket])
            so_far = now.get(bucket, Counted((0.0,) * options.ranges, seconds)).calls
            position = int(number) - 1
            now[bucket] = Counted((*so_far[:position], so_far[position] + calls, *so_far[position + 1 :]), seconds)
        if options is None:
            return []
        self._durations.add(now, options, server)
        return self._durations.families()
