"""Questions to Prometheus, several at a time and never later than a common deadline."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from pantrywatch.web.prometheus import NoAnswerError, Prometheus

# With the timeout of one question: no answer is waited for longer than five seconds.
QUESTION_SECONDS = 2.0
_ASKING_SECONDS = 2.5
_AT_A_TIME = 4
Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Question:
    """An expression at a time, in Unix seconds."""

    expr: str
    at: float


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Why a question has no answer, in words."""

    reason: str


Answer = Mapping[Labels, float] | Unanswered


def ask_all(
    prometheus: Prometheus, questions: Sequence[Question], asking_seconds: float = _ASKING_SECONDS
) -> list[Answer]:
    """Return label set → number for each question, in their order, or why there is none."""
    end = time.monotonic() + asking_seconds
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        return list(pool.map(lambda question: _ask(prometheus, question, end), questions))


def _ask(prometheus: Prometheus, question: Question, end: float) -> Answer:
    if time.monotonic() > end:
        return Unanswered("not asked: Prometheus is slow")
    try:
        data = prometheus.data("query", [("query", question.expr), ("time", f"{question.at:.3f}")])
        return dict(_samples(data))
    except NoAnswerError as error:
        return Unanswered(str(error))


def _samples(data: Any) -> list[tuple[Labels, float]]:
    try:
        found = [(tuple(sorted(one["metric"].items())), float(one["value"][1])) for one in data["result"]]
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise NoAnswerError("its answer is not a vector") from error
    return [(labels, value) for labels, value in found if math.isfinite(value)]
