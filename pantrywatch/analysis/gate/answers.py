"""Ranges of numbers from Prometheus, at steps of five minutes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from pantrywatch.analysis.gate.change import BLOCK_SECONDS
from pantrywatch.web.prometheus import NoAnswerError, Prometheus

_AT_A_TIME = 4
# Of one question: targets, or edges in both spellings. More are of something else.
_MOST_SERIES = 1000


@dataclass(frozen=True, slots=True)
class Range:
    """A question about `steps` moments that begin at `start`, in Unix seconds; its series differ in `label` alone."""

    expr: str
    label: str
    start: float
    steps: int


Answer = Mapping[str, Mapping[int, float]]  # value of the label → step → number


def ask_all(prometheus: Prometheus, ranges: Sequence[Range]) -> list[Answer]:
    """Return the answer to each question, in their order. Raises NoAnswerError."""
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        return list(pool.map(lambda one: _ask(prometheus, one), ranges))


def _ask(prometheus: Prometheus, asked: Range) -> Answer:
    end = asked.start + (asked.steps - 1) * BLOCK_SECONDS
    parameters = {
        "query": asked.expr,
        "start": f"{asked.start:.3f}",
        "end": f"{end:.3f}",
        "step": str(BLOCK_SECONDS),
    }
    data = prometheus.data("query_range", list(parameters.items()))
    try:
        if len(data["result"]) > _MOST_SERIES:
            raise NoAnswerError(f"its answer has more than {_MOST_SERIES} series")
        return {str(one["metric"].get(asked.label, "")): dict(_samples(one, asked.start)) for one in data["result"]}
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise NoAnswerError("its answer is not a matrix") from error


def _samples(series: Any, start: float) -> Iterator[tuple[int, float]]:
    for at, text in series["values"]:
        if math.isfinite(value := float(text)):
            yield round((float(at) - start) / BLOCK_SECONDS), value


def ask_now(prometheus: Prometheus, expr: str, label: str) -> dict[str, float]:
    """Return value of the label → number of now. Raises NoAnswerError."""
    data = prometheus.data("query", [("query", expr)])
    try:
        found = {str(one["metric"].get(label, "")): float(one["value"][1]) for one in data["result"]}
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise NoAnswerError("its answer is not a vector") from error
    return {name: value for name, value in found.items() if math.isfinite(value)}
