"""What the rules of baselines would have recorded of gauges: connections of the database, and clients of the cache."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from statistics import fmean

from demo.history.activity import DAY
from demo.history.baselines import SIGNALS, STEP, Baselines, Signal
from demo.history.blocks import Series

_HOUR = 3600
# Less than the five weeks of a band: one begins when half of the week that it is made of is the live demo's, whose
# connections have their own rhythm. So nothing is unusual where the past ends.
_SECONDS = 31 * DAY + DAY // 2
_INSTANCE = re.compile(r'instance="([^"]+)"')
# Gauge → the signal that is its mean of an hour.
_SIGNALS = {"pantrywatch_database_connections_used": "connections", "redis_connected_clients": "cache clients"}


class GaugeHours:
    """The signals of gauges; `until` is when the past ends (unix seconds)."""

    def __init__(self, until: int) -> None:
        self._first, self._until = until - _SECONDS, until
        self._seen: dict[str, dict[int, float]] = {}
        self._hours: dict[str, dict[int, float]] = {}
        self._baselines: Baselines | None = None

    def series(self, gauges: Iterable[Series], start: int, end: int) -> Iterator[Series]:
        """Yield what was recorded of such gauges; to be asked for one piece of time after the other."""
        instances = {gauge.name: self._add(gauge, start, end) for gauge in gauges if gauge.name in _SIGNALS}
        if self._baselines is None:
            self._baselines = Baselines([self._signal(name, found) for name, found in instances.items()], self._until)
        for labels, series in self._baselines.series(max(start, self._first), end):
            yield series._replace(labels=_text(labels))

    def _signal(self, name: str, instance: str) -> Signal:
        labels = {"instance": instance, "signal": _SIGNALS[name], "kind": "gauge"}
        return Signal(labels, self._hours[name], None)

    def _add(self, gauge: Series, start: int, end: int) -> str:
        """Add the means of the hours that end in a piece, of a gauge of one instance; returns the instance."""
        seen, hours = self._seen.setdefault(gauge.name, {}), self._hours.setdefault(gauge.name, {})
        first, every, lines = gauge.steps
        times = range(first, first + every * len(lines), every)
        seen |= {time: value for time, value in zip(times, gauge.values, strict=True) if value is not None}
        for step in range(max(start, self._first) // STEP, end // STEP):
            at = step * STEP + SIGNALS[1]
            if known := [seen[time] for time in _of_hour(at, gauge) if time in seen]:
                hours[step] = fmean(known)
        for time in [time for time in seen if time <= end - 2 * _HOUR]:
            del seen[time]
        return "".join(_INSTANCE.findall(gauge.labels))


def _of_hour(at: int, gauge: Series) -> range:
    """Return the times of the gauge in the hour until `at`."""
    first, every, _ = gauge.steps
    last = at - (at - first) % every
    return range(last, at - _HOUR, -every)


def _text(labels: Mapping[str, str]) -> str:
    return ",".join(f'{name}="{value}"' for name, value in sorted(labels.items()))
