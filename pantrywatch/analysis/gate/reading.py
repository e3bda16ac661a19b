"""What Prometheus counted of each promise around a deployment, and around the same time a week ago."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from pantrywatch.analysis.gate.answers import Answer, Range, ask_all
from pantrywatch.analysis.gate.change import BLOCK_SECONDS, HOUR_BLOCKS, QUIET_HOURS, Spans
from pantrywatch.analysis.gate.deployment import DurationsOf, Promise, SharesOf
from pantrywatch.analysis.gate.durations import Buckets
from pantrywatch.analysis.gate.questions import question, question_of_buckets
from pantrywatch.analysis.gate.shares import MOST_HOURS, Counts
from pantrywatch.config.targets import Target, Targets
from pantrywatch.web.prometheus import Prometheus

MOST_BLOCKS = HOUR_BLOCKS
_WEEK_SECONDS = 7 * 86400.0
# Events are recorded once a minute: blocks after a deployment begin when none of them can hold what was before.
SETTLE_SECONDS = 60.0
# What Prometheus needs to have scraped and recorded a moment.
LATE_SECONDS = 30.0
_Block = TypeVar("_Block")


@dataclass(frozen=True, slots=True)
class Window:
    """The blocks around a deployment at `since`, in Unix seconds; `has_week`: whether last week's are compared.

    `left_out`: blocks before it that are not compared, counted backwards from 1, the last; nor are those of last week.
    """

    since: float
    blocks: int
    has_week: bool = True
    before: int = QUIET_HOURS * HOUR_BLOCKS
    left_out: frozenset[int] = frozenset()

    @property
    def left_out_minutes(self) -> int:
        """Return how much of the time before is left out."""
        return sum(block <= self.before for block in self.left_out) * BLOCK_SECONDS // 60

    def range(self, expr: str, label: str, *, week_ago: bool = False) -> Range:
        """Return the question about all of its blocks. That which the deployment falls into is asked for too."""
        start = self.since + SETTLE_SECONDS - self.before * BLOCK_SECONDS - week_ago * _WEEK_SECONDS
        return Range(expr, label, start, self.before + (1 + self.blocks if self.blocks else 0))

    def spans(self, block_at: Callable[[int], _Block]) -> Spans[_Block]:
        """Return blocks by their step, without that which the deployment falls into."""
        steps = range(self.before + 1, self.before + 1 + self.blocks)
        before = [block_at(step) for step in range(self.before) if self.before - step not in self.left_out]
        return Spans(before, [block_at(step) for step in steps])


def window_at(since: float, now: float, marks: Iterable[float]) -> Window:
    """Return the window of a deployment, at most an hour, as far as it has passed.

    Last week is left out if something was deployed then: its effect would be expected to come again.
    """
    blocks = int((now - LATE_SECONDS - since - SETTLE_SECONDS) // BLOCK_SECONDS)
    blocks = max(0, min(MOST_BLOCKS, blocks))
    start, end = since - 3600 - _WEEK_SECONDS, since + blocks * BLOCK_SECONDS - _WEEK_SECONDS
    return Window(since, blocks, has_week=not any(start <= mark <= end for mark in marks))


def read_promises(prometheus: Prometheus, targets: Targets, window: Window) -> list[Promise]:
    """Return what was counted of each target with events, in their order. Raises NoAnswerError."""
    asked = [target for target in targets.targets if target.kind != "capacity"]
    shares = [target for target in asked if not target.sli.histogram]
    found: dict[str, Promise] = {one.id: one for one in _shares(prometheus, shares, window)}
    latencies = {target.id: target.sli.histogram or "" for target in asked if target.sli.histogram}
    found |= {one.id: one for one in _durations(prometheus, latencies, window)}
    # Where the application does not count: what the server counts, exactly or as an estimate.
    for field in ("on_server", "estimate"):
        instead = {
            target.id: substitute.histogram
            for target in asked
            if (substitute := getattr(target, field)) and not has_events(found[target.id])
        }
        found |= {one.id: one for one in _durations(prometheus, instead, window)}
    return [found[target.id] for target in asked]


def has_events(promise: Promise) -> bool:
    """Return whether anything was counted in its window."""
    blocks = (*promise.now.before, *promise.now.after)
    return any(math.fsum(block) > 0 for block in blocks)


def _weeks(prometheus: Prometheus, window: Window, exprs: Sequence[tuple[str, str]]) -> list[tuple[Answer, Answer]]:
    """Return for each expression and its label the answers of this week and of the last, empty where it is left out."""
    now = [window.range(expr, label) for expr, label in exprs]
    before = [window.range(expr, label, week_ago=True) for expr, label in exprs] if window.has_week else []
    answers = ask_all(prometheus, [*now, *before])
    nothing: list[Answer] = [{}] * len(exprs)
    return list(zip(answers, answers[len(exprs) :] or nothing, strict=False))


def _shares(prometheus: Prometheus, targets: Sequence[Target], window: Window) -> list[SharesOf]:
    window = replace(window, before=MOST_HOURS * HOUR_BLOCKS)
    (total, bad), (total_then, bad_then) = zip(
        *_weeks(prometheus, window, [(question("events"), "target"), (question("bad"), "target")]), strict=True
    )

    def spans(total: Answer, bad: Answer, target: str) -> Spans[Counts]:
        return window.spans(lambda step: _counts(total.get(target, {}).get(step), bad.get(target, {}).get(step)))

    return [
        SharesOf(target.id, spans(total, bad, target.id), _if_known(spans(total_then, bad_then, target.id)))
        for target in targets
    ]


def _counts(total: float | None, bad: float | None) -> Counts:
    """Return the counts of a block; none where either is not known, rather than good ones."""
    if total is None or bad is None:
        return Counts(0.0, 0.0)
    return Counts(max(total, 0.0), min(max(bad, 0.0), max(total, 0.0)))


def _durations(prometheus: Prometheus, histograms: Mapping[str, str], window: Window) -> list[DurationsOf]:
    exprs = [(question_of_buckets(histogram), "le") for histogram in histograms.values()]
    return [
        _durations_of(id_, now, week_ago, window)
        for id_, (now, week_ago) in zip(histograms, _weeks(prometheus, window, exprs), strict=True)
    ]


def _durations_of(id_: str, now: Answer, week_ago: Answer, window: Window) -> DurationsOf:
    """Return buckets by the edges that were there before and after: a deployment may change them."""
    current, former = _by_edge(now), _by_edge(week_ago)
    sides = window.spans(lambda step: {edge for edge, steps in current.items() if step in steps})
    edges = sorted(set().union(*sides.before) & set().union(*sides.after))
    # One without an edge above all others counts nothing.
    finite = [edge for edge in edges if 0 < edge < math.inf] if math.inf in edges else []
    spans = _buckets(current, finite, window)
    known = _if_known(_buckets(former, finite, window)) if {*finite, math.inf} <= former.keys() else None
    return DurationsOf(id_, spans, known, finite)


def _by_edge(answer: Answer) -> dict[float, dict[int, float]]:
    """Return edge → step → events up to it; an edge may be there in two spellings (`1` and `1.0`)."""
    found: dict[float, dict[int, float]] = {}
    for text, steps in answer.items():
        try:
            edge = float(text)
        except ValueError:
            continue
        sums = found.setdefault(edge, {})
        for step, value in steps.items():
            sums[step] = sums.get(step, 0.0) + value
    return found


def _buckets(by_edge: Mapping[float, Mapping[int, float]], edges: Sequence[float], window: Window) -> Spans[Buckets]:
    def block(step: int) -> Buckets:
        below = [by_edge.get(edge, {}).get(step, 0.0) for edge in (*edges, math.inf)]
        # Increases are extrapolated, each by itself: a bucket may come out as less than nothing.
        return [max(0.0, high - low) for low, high in zip([0.0, *below], below, strict=False)]

    return window.spans(block)


def _if_known(spans: Spans[_Block]) -> Spans[_Block] | None:
    """Return spans that have events on both sides."""
    sides = (spans.before[-HOUR_BLOCKS:], spans.after)
    return spans if all(any(math.fsum(block) > 0 for block in side) for side in sides) else None  # type: ignore[arg-type]
