"""Advice from the last day of metrics: the table questions.yaml."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml

from pantrywatch.analysis.advise.advice import Advice, Kind, size
from pantrywatch.web.prometheus import NoAnswerError, Prometheus

FILE = Path(__file__).parent / "questions.yaml"
_MOST_SERIES = 20  # of one question: who has more has one cause for all of them
_MOST_FAILURES = 2
_LABEL = re.compile(r"\{(\w+)\}")
Unit = Literal["ratio", "bytes", "none"]
Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Question:
    """An entry of questions.yaml."""

    kind: Kind
    object: str
    unit: Unit
    expr: str
    of: str
    evidence: str
    effect: str
    risk: str
    rank: float
    server: str = ""


@cache
def table() -> tuple[Question, ...]:
    """Return the whole table, in its order."""
    entries = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return tuple(Question(**entry) for entry in entries)


def metric_advice(prometheus: Prometheus, note: Callable[[str], None]) -> list[Advice]:
    """Return the advice from a Prometheus; what it did not answer is noted; it gets no third question then."""
    found, failed, at = list[Advice](), 0, time.time()
    for question in table():
        if failed == _MOST_FAILURES:
            break
        try:
            peaks, limits = (_answer(prometheus, expr, at) for expr in (question.expr, question.of))
        except NoAnswerError as error:
            failed += 1
            note(f"{question.kind}: {error}")
            continue
        found += _advice(question, peaks, limits)
    return found


def _advice(question: Question, peaks: Mapping[Labels, float], limits: Mapping[Labels, float]) -> Iterator[Advice]:
    greatest = sorted(peaks.items(), key=lambda item: (-item[1], item[0]))
    for labels, value in greatest[:_MOST_SERIES]:
        named = dict(labels)
        limit = limits.get(labels)
        texts = {
            "{value}": shown(value, question.unit),
            "{of}": "an unknown number" if limit is None else shown(limit, question.unit),
            "{of:none}": "an unknown number" if limit is None else shown(limit, "none"),
        }
        evidence = question.evidence
        for place, text in texts.items():
            evidence = evidence.replace(place, text)
        server, where = (_filled(text, named) for text in (question.server, question.object))
        yield Advice(question.kind, server, where, evidence, question.effect, question.risk, question.rank)


def _filled(text: str, labels: Mapping[str, str]) -> str:
    """Return a text with the values of labels, without a slash before one that is missing."""
    return _LABEL.sub(lambda match: labels.get(match[1], ""), text).strip("/")


def shown(value: float, unit: Unit) -> str:
    """Return a number for people."""
    if unit == "ratio":
        return f"{100 * value:.3g} %"
    return size(value) if unit == "bytes" else f"{value:,.0f}"


def _answer(prometheus: Prometheus, expr: str, at: float) -> dict[Labels, float]:
    data: Any = prometheus.data("query", [("query", expr), ("time", f"{at:.3f}")])
    try:
        found = {tuple(sorted(one["metric"].items())): float(one["value"][1]) for one in data["result"]}
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise NoAnswerError("its answer is not a vector") from error
    return {labels: value for labels, value in found.items() if math.isfinite(value)}
