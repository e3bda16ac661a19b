"""What the recording rules of the targets would have recorded, computed from the events of each minute.

Names, labels and constants come from the generated rules; only what an expression computes is written here, and a
test compares it with what Prometheus computes from raw series. Each group has its own interval and its own second in
it, as in Prometheus. What is computed from the same group or an earlier one of the minute is that of the same minute.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from demo.history.baselines import Baselines, Hour, signals
from demo.history.blocks import Series, Steps, steps
from demo.history.promises import MINUTE, Counts, Past

# Each group: interval, and when in it.
_EVENTS = (60, 7)
_WINDOWS = (60, 9)
_SAMPLED = (300, 11)
_BUDGET = (120, 19)
_HEALTH = (60, 23)  # every 15 s by the live stack: four times as many samples would tell no more
_MEASURED = "slo:measured:bool"
_DAY_SAMPLES = 288
_MONTH_SAMPLES = 30 * _DAY_SAMPLES
_VECTOR = re.compile(r"vector\(([0-9.]+)\)")


class _Rule(NamedTuple):
    record: str
    labels: Mapping[str, str]
    expr: str


class RecordingRules:
    """The recording rules of a folder of rule files."""

    def __init__(self, folder: Path) -> None:
        self._rules = [rule for file in sorted(folder.glob("*.yml")) for rule in _rules(file)]

    def labels(self, record: str) -> list[dict[str, str]]:
        """The labels that the rules of a record add, one entry a rule."""
        return [dict(rule.labels) for rule in self._rules if rule.record == record]

    def constants(self) -> Iterator[tuple[str, dict[str, str], float]]:
        """Record, labels and value of each rule that records a constant, sorted by record."""
        for rule in sorted(self._rules, key=lambda rule: rule.record):
            if found := _VECTOR.fullmatch(rule.expr.strip()):
                yield rule.record, dict(rule.labels), float(found[1])


def _rules(file: Path) -> Iterator[_Rule]:
    document: Any = yaml.load(file.read_text(encoding="utf-8"), yaml.CSafeLoader)
    for group in document["groups"]:
        for rule in group["rules"]:
            if "record" in rule:
                yield _Rule(rule["record"], rule.get("labels", {}), rule["expr"])


class _Target:
    """The recorded values of one target by minute (or, for `sampled`, by five)."""

    def __init__(self, counts: Counts, labels: dict[str, str], budget: float) -> None:
        self.labels, self.budget = labels, budget
        self.total, self.bad = _Sums(counts.total), _Sums(counts.bad)

    def ratio(self, of: _Window, at: int) -> float | None:
        """Bad events by all events of a window, where there are any."""
        total = of(self.total, at)
        return of(self.bad, at) / total if total > 0 else None

    def hour(self, minute: int) -> Hour | None:
        """Return the events of the hour before a minute."""
        return Hour(self.total.minutes(minute, 60), self.bad.minutes(minute, 60)) if minute >= 5 else None

    def remaining(self, samples: int) -> float | None:
        """What is left of the budget of 30 days, in terms of the whole 30 days, after so many samples of 5 minutes."""
        count = min(samples, _MONTH_SAMPLES)
        total = self.total.sampled(samples, _MONTH_SAMPLES)
        if total <= 0:
            return None
        return 1 - self.bad.sampled(samples, _MONTH_SAMPLES) / (self.budget * total / count * _MONTH_SAMPLES)


class _Sums:
    """Events of one kind of a target: their increases, and sums of those over windows."""

    def __init__(self, counts: array[int]) -> None:
        self._counts = counts

    @cached_property
    def _increases(self) -> array[int]:
        """Sums of all increases until each minute."""
        return array("q", accumulate(self.increase(minute) for minute in range(len(self._counts))))

    def increase(self, minute: int) -> int:
        """Those of the last 5 minutes."""
        return self._counts[minute] - self._counts[minute - 5] if minute >= 5 else 0

    def minutes(self, minute: int, window: int) -> float:
        """Of the last `window` increases before this minute, a fifth of their sum: as the rules of 30 m and 1 h."""
        last, first = minute - 1, minute - 1 - window
        if last < 0:
            return 0
        return (self._increases[last] - (self._increases[first] if first >= 0 else 0)) / 5

    def fives(self, minute: int, window: int) -> int:
        """Of the last `window` increases at whole 5 minutes: as the rules of 2 h and 6 h."""
        last = minute - minute % 5 - 1
        return self._counts[max(0, last)] - self._counts[max(0, last - 5 * window)]

    def sampled(self, samples: int, window: int) -> int:
        """Of the last `window` of so many samples of 5 minutes: as the rules of days."""
        return self._counts[5 * samples] - self._counts[5 * max(0, samples - window)]


# The events of a window that ends at a minute, or after a number of samples.
_Window = Callable[[_Sums, int], float]


class Recorded:
    """All recorded series of a past."""

    def __init__(self, past: Past, rules: RecordingRules) -> None:
        self._past, self._rules = past, rules
        budgets = {
            labels["target"]: value for name, labels, value in rules.constants() if name == "slo:error_budget:ratio"
        }
        labels = {labels["target"]: labels for labels in rules.labels("slo:events_total:increase5m")}
        self._targets = [
            _Target(past.counts[name], of, budgets[name]) for name, of in labels.items() if name in past.counts
        ]

    def series(self, start: int, end: int) -> Iterator[Series]:
        """Yield what was recorded from `start` on, before `end` (unix seconds), those of one name together."""
        yield from self._events(start, end)
        yield from self._windows(start, end)
        yield from self._budgets(start, end)
        yield from self._states(start, end)
        for labels, series in self._baselines.series(max(start, self._past.start + 300), min(end, self._past.end)):
            yield series._replace(labels=_text(labels))

    @cached_property
    def _baselines(self) -> Baselines:
        return Baselines(list(signals(self._targets, self._past.start, self._past.end)), self._past.end)

    def _steps(self, group: tuple[int, int], start: int, end: int) -> tuple[Steps, range]:
        """The times of a group, and the minute of each."""
        times = steps(max(start, self._past.start + 300), min(end, self._past.end), *group)
        first = (times.first - self._past.start) // MINUTE
        every = times.every // MINUTE
        return times, range(first, first + every * len(times.lines), every)

    def _events(self, start: int, end: int) -> Iterator[Series]:
        for name, group in (("increase5m", _EVENTS), ("sampled5m", _SAMPLED)):
            times, minutes = self._steps(group, start, end)
            for kind in ("total", "bad"):
                for target in self._targets:
                    sums: _Sums = getattr(target, kind)
                    values = [sums.increase(minute) for minute in minutes]
                    yield Series(f"slo:events_{kind}:{name}", _text(target.labels), times, values)

    def _windows(self, start: int, end: int) -> Iterator[Series]:
        times, minutes = self._steps(_WINDOWS, start, end)
        for window, of in _SHORT_WINDOWS.items():
            record = f"slo:sli_error:ratio_rate{window}"
            (added,) = self._rules.labels(record)
            for target in self._targets:
                values = [target.ratio(of, minute) for minute in minutes]
                yield Series(record, _text({**target.labels, **added}), times, values)
        # Of these a board shows the events themselves: the requests of an hour next to what is usual.
        for target in self._targets:
            if target.labels["target"] == "api-error-rate":
                requests = [target.total.minutes(minute, 60) for minute in minutes]
                yield Series("slo:events_total:sum1h", _text(target.labels), times, requests)

    def _budgets(self, start: int, end: int) -> Iterator[Series]:
        times, minutes = self._steps(_BUDGET, start, end)
        samples = [minute // 5 for minute in minutes]
        for window, of in _LONG_WINDOWS.items():
            record = f"slo:sli_error:ratio_rate{window}"
            (added,) = self._rules.labels(record)
            for target in self._targets:
                values = [target.ratio(of, at) for at in samples]
                yield Series(record, _text({**target.labels, **added}), times, values)
        for target in self._targets:
            left = [target.remaining(at) for at in samples]
            yield Series("slo:period_error_budget_remaining:ratio", _text(target.labels), times, left)
        for target in self._targets:
            known = [min(at, _MONTH_SAMPLES) / _DAY_SAMPLES for at in samples]
            yield Series("slo:history:days", _text(target.labels), times, known)
        for record, labels, value in self._rules.constants():
            if record != _MEASURED:
                yield Series(record, _text(labels), times, [value] * len(times.lines))

    def _states(self, start: int, end: int) -> Iterator[Series]:
        times, minutes = self._steps(_HEALTH, start, end)
        for labels in self._rules.labels(_MEASURED):
            measured = float(labels["target"] in self._past.counts)
            yield Series(_MEASURED, _text(labels), times, [measured] * len(times.lines))
        layers: dict[str, list[float]] = {}
        for target in self._targets:
            values = [_state(target, minute) for minute in minutes]
            layer = target.labels["layer"]
            layers[layer] = [max(pair) for pair in zip(values, layers.get(layer, values), strict=True)]
            yield Series(
                "target:health:state", _text({"layer": layer, "target": target.labels["target"]}), times, values
            )
        for layer, values in layers.items():
            yield Series("layer:health:state", _text({"layer": layer}), times, values)
        yield Series("system:health:state", "", times, [max(values) for values in zip(*layers.values(), strict=True)])


def _minutes(window: int) -> _Window:
    return lambda sums, minute: sums.minutes(minute, window)


def _days(days: int) -> _Window:
    return lambda sums, samples: sums.sampled(samples, days * _DAY_SAMPLES)


# Window → its events, at a minute; at a number of samples of 5 minutes.
_SHORT_WINDOWS: Mapping[str, _Window] = {
    "5m": _Sums.increase,
    "1h": _minutes(60),
    "6h": lambda sums, minute: sums.fives(minute, 72),
}
_LONG_WINDOWS: Mapping[str, _Window] = {f"{days}d": _days(days) for days in (1, 3, 30)}


def _state(target: _Target, minute: int) -> float:
    """1 while the last half hour misses the target with more than two bad events in an hour, as without alerts."""
    ratio = target.ratio(_minutes(30), minute)
    return float(ratio is not None and ratio > target.budget and target.bad.minutes(minute, 60) > 2.5)


def _text(labels: Mapping[str, str]) -> str:
    """Labels as in OpenMetrics."""
    quoted = {
        name: value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n") for name, value in labels.items()
    }
    return ",".join(f'{name}="{value}"' for name, value in sorted(quoted.items()))
