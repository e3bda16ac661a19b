"""What Prometheus recorded of the targets, day by day: the questions, and the days of its answers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from pantrywatch.scheduler.day import DAY_SECONDS, Day, checked, day_of, end_of
from pantrywatch.web.prometheus import NoAnswerError, Prometheus

_SAMPLE_SECONDS = 300  # what one sample of the events covers
# Just before the end of the day: a sample on the boundary belongs to the next day alone, in Prometheus 2 and 3.
_BEFORE_END_SECONDS = 0.001


def _events(kind: str) -> str:
    """Return the sum of a day's events of each target; those that older versions recorded count too."""
    new, old = f"sum_over_time(slo:events_{kind}:sampled5m[1d])", f"sum_over_time(slo:events_{kind}:paced5m[1d])"
    return f'sum by (target) ({new} or label_replace({old}, "recorded", "before", "", ""))'


def _excluded(kind: str) -> str:
    return f"sum by (target) (sum_over_time(slo:events_{kind}:excluded5m[1d]))"


_QUESTIONS = {
    "total": _events("total"),
    "bad": _events("bad"),
    "excluded_total": _excluded("total"),
    "excluded_bad": _excluded("bad"),
    "samples": "max by (target) (count_over_time(slo:events_total:sampled5m[1d]))",
    "objective": "max by (target) (last_over_time(slo:objective:ratio[1d]))",
}
_Values = Mapping[tuple[date, str], float]


def clock_of(prometheus: Prometheus) -> float:
    """Return the Unix time of the clock of Prometheus, or of its store. Raises NoAnswerError."""
    # As a vector, because VictoriaMetrics has no scalars: both answer alike.
    result = prometheus.data("query", [("query", "vector(time())")])
    try:
        seconds = float(result["result"][0]["value"][1])
    except (LookupError, TypeError, ValueError) as error:
        raise NoAnswerError("its answer is not a time") from error
    if not math.isfinite(seconds):
        raise NoAnswerError("its answer is not a time")
    return seconds


def days_of(prometheus: Prometheus, first: date, last: date) -> list[Day]:
    """Return what was measured of each target on each day of the span; a day without data is left out.

    Raises NoAnswerError.
    """

    def asked(expression: str) -> _Values:
        parameters = {
            "query": expression,
            "start": f"{end_of(first) - _BEFORE_END_SECONDS:.3f}",
            "end": f"{end_of(last) - _BEFORE_END_SECONDS:.3f}",
            "step": str(DAY_SECONDS),
        }
        return dict(_values(prometheus.data("query_range", list(parameters.items()))))

    return list(_days({name: asked(expression) for name, expression in _QUESTIONS.items()}))


def _days(answers: Mapping[str, _Values]) -> Iterator[Day]:
    measured = answers["total"].keys() | answers["excluded_total"].keys()
    for key in sorted(answers["objective"].keys() & measured):
        numbers = {name: values.get(key, 0.0) for name, values in answers.items()}
        total, excluded = numbers["total"], numbers["excluded_total"]
        try:
            yield checked(
                Day(
                    *key,
                    # What rounding makes of estimates must not be less than nothing.
                    good=total - min(numbers["bad"], total),
                    total=total,
                    objective=numbers["objective"],
                    measured_seconds=min(numbers["samples"] * _SAMPLE_SECONDS, DAY_SECONDS),
                    excluded_good=excluded - min(numbers["excluded_bad"], excluded),
                    excluded_total=excluded,
                )
            )
        except ValueError:  # of other rules than these: there is nothing to keep
            continue


def _values(data: Any) -> Iterator[tuple[tuple[date, str], float]]:
    """Yield day, target and number of each sample of a matrix. Raises NoAnswerError."""
    try:
        for series in data["result"]:
            target = str(series["metric"]["target"])
            for seconds, text in series["values"]:
                if math.isfinite(value := float(text)):
                    yield (day_of(float(seconds)), target), value
    except (LookupError, TypeError, ValueError) as error:
        raise NoAnswerError("its answer is not a matrix of targets") from error
