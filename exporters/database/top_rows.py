"""Keeps the rows of a query within a limit: the leading ones by name, the rest together as `other`.

The leaders are chosen by recent growth (a counter) or by size (a gauge). A leader keeps its place until a rival is
clearly ahead, so series do not come and go; a statement that just became slow leads after one run, because it has grown
most.

A leader's counters are the server's own. Those of `other` are computed here: the growth of all rows without their own
series, so they never decrease, and `sum(rate())` over all series is the growth of all rows. A row that becomes a
leader, or stops being one, counts into `other` for that run, because its own series shows no growth in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from exporters.core.cardinality import OTHER
from exporters.database.queries import Metric, Query
from exporters.database.statement import Row

_RIVAL_FACTOR = 1.5  # how far ahead of the last leader a newcomer must be
_MEMORY = 0.8  # share of the score that carries over to the next run: one busy interval decides, one quiet one does not

Labels = tuple[str, ...]
Values = tuple[float | None, ...]


class TopRows:
    """The ranking and running totals of one query."""

    def __init__(self, query: Query, metrics: Sequence[Metric], limit: int) -> None:
        """Take the query's columns; `query.rank` names the metric that ranks them."""
        self._limit = limit
        self._metrics = tuple(metrics)
        self._rank = next((i for i, metric in enumerate(metrics) if metric.name == query.rank), 0)
        self._counters = any(metric.type == "counter" for metric in metrics)
        self._fold = tuple(name in query.fold for name in query.labels)
        self._previous: dict[Labels, Values] | None = None
        self._scores: dict[Labels, float] = {}
        self._leaders: set[Labels] = set()
        self._grown: dict[Labels, list[float]] = {}
        self._present: set[int] = set()  # columns that ever had a value
        self.folded = 0

    def rows(self, rows: Sequence[Row]) -> list[Row]:
        """Return the leaders' rows unchanged, and one row of the rest for each combination of unfolded labels."""
        now = self._added_up(rows)
        scores = {labels: self._score(labels, values) for labels, values in now.items()}
        before = self._leaders
        self._leaders = _chosen(scores, before, self._limit)
        rest = [labels for labels in now if labels not in self._leaders]
        if rest or self._grown:
            # On the first run the leaders' series start with their full counts; so must the rest.
            own_series = self._leaders if self._previous is None else self._leaders & before
            for labels in now.keys() - own_series:
                self._grow(labels, now[labels])
        # The counts of the first run are those of weeks: they rank it, but would outweigh what grows now for many runs.
        is_first = self._previous is None
        self._scores = {} if is_first else {labels: score for labels, score in scores.items() if score}
        # A row that has counted nothing is as good as a new one: of 10,000 tables most are not worth remembering.
        self._previous = {labels: self._last_known(labels, values) for labels, values in self._counting(now)}
        self.folded = len(rest)
        return [(labels, now[labels]) for labels in now if labels in self._leaders] + self._others(now, rest)

    def _counting(self, now: Mapping[Labels, Values]) -> Iterator[tuple[Labels, Values]]:
        """Yield the rows whose growth is known by what they have counted so far."""
        if self._counters:
            previous = self._previous or {}
            yield from ((labels, values) for labels, values in now.items() if any(values) or labels in previous)

    def _added_up(self, rows: Sequence[Row]) -> dict[Labels, Values]:
        """Return the values by labels; rows with equal labels together, as in `other`: no row displaces another."""
        if len(single := dict(rows)) == len(rows):
            return single
        groups: dict[Labels, list[Values]] = {}
        for labels, values in rows:
            groups.setdefault(labels, []).append(values)
        return {labels: self._joined(members) if len(members) > 1 else members[0] for labels, members in groups.items()}

    def _joined(self, members: Sequence[Values]) -> Values:
        columns = zip(self._metrics, zip(*members, strict=True), strict=True)
        return tuple(_join("sum" if metric.type == "counter" else metric.folded, values) for metric, values in columns)

    def _score(self, labels: Labels, values: Values) -> float:
        value = values[self._rank] or 0.0
        if self._metrics[self._rank].type != "counter":
            return value
        return self._growth(labels, values, self._rank) + _MEMORY * self._scores.get(labels, 0.0)

    def _last_known(self, labels: Labels, values: Values) -> Values:
        """Return the values, with missing ones as they were last: a counter that is temporarily missing continues."""
        before = (self._previous or {}).get(labels)
        if before is None or None not in values:
            return values
        return tuple(old if new is None else new for new, old in zip(values, before, strict=True))

    def _growth(self, labels: Labels, values: Values, column: int) -> float:
        """Return a counter's growth; its full value if the row is new or was reset, as such a row started at zero."""
        value = values[column]
        if value is None:
            return 0.0
        self._present.add(column)
        before = (self._previous or {}).get(labels)
        last = (before[column] or 0.0) if before else 0.0
        return value - last if value >= last else value

    def _grow(self, labels: Labels, values: Values) -> None:
        totals = self._grown.setdefault(self._folded_labels(labels), [0.0] * len(values))
        for column, metric in enumerate(self._metrics):
            if metric.type == "counter":
                totals[column] += self._growth(labels, values, column)

    def _others(self, now: Mapping[Labels, Values], rest: Iterable[Labels]) -> list[Row]:
        groups: dict[Labels, list[Values]] = {labels: [] for labels in self._grown}
        for labels in rest:
            groups.setdefault(self._folded_labels(labels), []).append(now[labels])
        return [(labels, self._other(labels, members)) for labels, members in groups.items()]

    def _other(self, labels: Labels, members: Sequence[Values]) -> Values:
        totals = self._grown.get(labels)
        values: list[float | None] = []
        for column, metric in enumerate(self._metrics):
            if metric.type == "counter":
                values.append((totals[column] if totals else 0.0) if column in self._present else None)
                continue
            values.append(_join(metric.folded, [row[column] for row in members]))
        return tuple(values)

    def _folded_labels(self, labels: Labels) -> Labels:
        return tuple(OTHER if fold else label for fold, label in zip(self._fold, labels, strict=True))


_JOIN: dict[str, Callable[[list[float]], float]] = {"sum": sum, "max": max}


def _join(how: str, values: Iterable[float | None]) -> float | None:
    """Return one value for several rows: none of the rows has one, or nothing can be said, gives None."""
    present = [value for value in values if value is not None]
    return _JOIN[how](present) if how in _JOIN and present else None


def _chosen(scores: Mapping[Labels, float], leaders: set[Labels], limit: int) -> set[Labels]:
    """Return the current leaders: previous leaders that still exist, then the best, then clearly better rivals."""
    ranked = sorted(scores, key=scores.__getitem__, reverse=True)
    staying = [labels for labels in ranked if labels in leaders]
    rivals = [labels for labels in ranked if labels not in leaders]
    free = limit - len(staying)
    chosen = staying + rivals[:free]
    for rival in rivals[free:]:
        weakest = min(chosen, key=scores.__getitem__)
        if scores[rival] <= _RIVAL_FACTOR * scores[weakest]:
            break
        chosen[chosen.index(weakest)] = rival
    return set(chosen)
