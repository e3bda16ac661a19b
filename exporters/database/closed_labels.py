"""Keeps labels to closed lists of values, and people in groups that are large enough."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import product

from exporters.core.cardinality import OTHER
from exporters.database.queries import Metric, Query
from exporters.database.statement import Row

Labels = tuple[str, ...]
Values = tuple[float | None, ...]

_JOIN: dict[str, Callable[[list[float]], float]] = {"sum": sum, "max": max}


class ClosedLabels:
    """The closed labels of one query, and the groups of people that one of them forms."""

    def __init__(self, query: Query) -> None:
        """Take the query; `query.columns()` are the columns of the rows."""
        self._query = query
        self._metrics = query.columns()
        self._names = tuple(query.labels)
        self._group = self._names.index(query.groups) if query.groups else None

    def rows(self, rows: Sequence[Row]) -> list[Row]:
        """Return rows with listed label values only; values without a row have 0 in every metric that is a sum."""
        listed = self._joined((self._listed(labels), values) for labels, values in rows)
        if self._group is not None:
            small = self._small(listed, self._group)
            listed = self._joined((self._folded(labels, self._group, small), values) for labels, values in listed)
        known = {labels for labels, _ in listed}
        return [*listed, *((labels, self._empty()) for labels in self._expected(known) if labels not in known)]

    def _listed(self, labels: Labels) -> Labels:
        closed = self._query.closed
        return tuple(
            closed[name].get(label, OTHER) if name in closed else label
            for name, label in zip(self._names, labels, strict=True)
        )

    def _small(self, rows: Sequence[Row], group: int) -> set[str]:
        """Return the values of the group's label that share `other`: it needs enough people too, where there are."""
        people = [metric.name for metric in self._metrics].index(str(self._query.people))
        sizes: dict[str, float] = {}
        for labels, values in rows:
            sizes[labels[group]] = max(sizes.get(labels[group], 0.0), values[people] or 0.0)
        least = self._query.least_people
        small = {name for name, size in sizes.items() if size < least or name == OTHER}
        rest = sorted(sizes.keys() - small, key=lambda name: (sizes[name], name))
        while rest and 0 < sum(sizes[name] for name in small) < least:
            small.add(rest.pop(0))
        return small

    @staticmethod
    def _folded(labels: Labels, group: int, small: set[str]) -> Labels:
        return tuple(OTHER if at == group and label in small else label for at, label in enumerate(labels))

    def _joined(self, rows: Iterable[Row]) -> list[Row]:
        together: dict[Labels, list[Values]] = {}
        for labels, values in rows:
            together.setdefault(labels, []).append(values)
        return [
            (labels, members[0] if len(members) == 1 else tuple(map(_one, self._metrics, zip(*members, strict=True))))
            for labels, members in together.items()
        ]

    def _expected(self, known: set[Labels]) -> list[Labels]:
        """Return the label sets that must not be missing; where there are no people, that of `other`."""
        if self._group is not None:
            return [] if known or set(self._names) - set(self._query.closed) else [tuple(OTHER for _ in self._names)]
        open_positions = [at for at, name in enumerate(self._names) if name not in self._query.closed]
        seen = {tuple(labels[at] for at in open_positions) for labels in known} or (
            {()} if not open_positions else set()
        )
        return [self._woven(combination, chosen) for combination in seen for chosen in self._choices()]

    def _choices(self) -> Iterable[Labels]:
        return product(*(dict.fromkeys(values.values()) for values in self._query.closed.values()))

    def _woven(self, open_labels: Labels, chosen: Labels) -> Labels:
        closed, rest = dict(zip(self._query.closed, chosen, strict=True)), iter(open_labels)
        return tuple(closed[name] if name in closed else next(rest) for name in self._names)

    def _empty(self) -> Values:
        return tuple(0.0 if metric.folded == "sum" else None for metric in self._metrics)


def _one(metric: Metric, values: Sequence[float | None]) -> float | None:
    present = [value for value in values if value is not None]
    return _JOIN[metric.folded](present) if present and metric.folded in _JOIN else None
