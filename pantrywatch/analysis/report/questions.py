"""What a report asks Prometheus: many questions at a time, and what had no answer."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pantrywatch.analysis.explain.questions import Labels, Question, Unanswered, ask_all
from pantrywatch.web.prometheus import NoAnswerError, Prometheus

_ASKING_SECONDS = 20.0
_MOST_POINTS = 4320  # of each series in one answer: three days by the minute
Values = Mapping[Labels, float]
NO_VALUES: Values = {}


@dataclass(frozen=True, slots=True)
class Series:
    """The samples of a label set over a time: Unix seconds and value, in the order of time."""

    labels: Mapping[str, str]
    samples: tuple[tuple[float, float], ...]


@dataclass(slots=True)
class Asker:
    """One Prometheus; `unanswered` collects which questions had no answer, and why."""

    prometheus: Prometheus
    unanswered: list[str] = field(default_factory=list)

    def values(self, questions: Mapping[str, Question]) -> dict[str, Values]:
        """Return name → label set → number; nothing for a question without an answer."""
        answers = ask_all(self.prometheus, list(questions.values()), _ASKING_SECONDS)
        found = {}
        for name, answer in zip(questions, answers, strict=True):
            if isinstance(answer, Unanswered):
                self.unanswered.append(f"{name}: {answer.reason}")
            found[name] = NO_VALUES if isinstance(answer, Unanswered) else answer
        return found

    def series(self, name: str, expr: str, start: float, end: float, step: int) -> list[Series] | None:
        """Return what an expression was from `start` to `end`, or None without an answer."""
        found: dict[Labels, list[tuple[float, float]]] = {}
        try:
            for first, last in _pieces(start, end, step):
                parameters = {"query": expr, "start": f"{first:.0f}", "end": f"{last:.0f}", "step": f"{step}"}
                data = self.prometheus.data("query_range", list(parameters.items()))
                for labels, samples in _matrix(data):
                    found.setdefault(labels, []).extend(samples)
        except NoAnswerError as error:
            self.unanswered.append(f"{name}: {error}")
            return None
        return [Series(dict(labels), tuple(samples)) for labels, samples in found.items()]


def only(values: Values) -> float | None:
    """Return the number of an answer with one label set, or None."""
    return next(iter(values.values()), None)


def _pieces(start: float, end: float, step: int) -> Iterator[tuple[float, float]]:
    first = start // step * step
    while first <= end:
        last = min(end // step * step, first + (_MOST_POINTS - 1) * step)
        yield first, last
        first = last + step


def _matrix(data: Any) -> Iterator[tuple[Labels, list[tuple[float, float]]]]:
    try:
        for one in data["result"]:
            samples = [(float(at), float(text)) for at, text in one["values"]]
            yield (
                tuple(sorted((str(key), str(value)) for key, value in one["metric"].items())),
                [(at, value) for at, value in samples if math.isfinite(value)],
            )
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise NoAnswerError("its answer is not a matrix") from error
