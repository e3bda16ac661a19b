"""Which of the time before a deployment it is compared with: that of one version, without incidents."""

from __future__ import annotations

import math
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import replace

from pantrywatch.analysis.gate.answers import Answer, ask_all
from pantrywatch.analysis.gate.change import BLOCK_SECONDS, HOUR_BLOCKS
from pantrywatch.analysis.gate.questions import question
from pantrywatch.analysis.gate.reading import SETTLE_SECONDS, Window
from pantrywatch.analysis.gate.shares import MOST_HOURS
from pantrywatch.web.prometheus import Prometheus

# A version that ran for less is not what the next one is compared with, but what came before it.
_VERSION_SECONDS = 3600.0
_DAY_BLOCKS = MOST_HOURS * HOUR_BLOCKS
_LEAST_BLOCKS = HOUR_BLOCKS


def calm_window(prometheus: Prometheus, window: Window, marks: Iterable[float]) -> Window:
    """Return the window without other versions and incidents before the deployment, reaching back further for it.

    What would leave less than an hour of the day before is compared all the same: that is what is usual there.
    Last week is left out if there was an incident then. Raises NoAnswerError.
    """
    day = replace(window, before=_DAY_BLOCKS)
    weeks = (False, True) if window.has_week else (False,)
    answers = ask_all(prometheus, [day.range(question("incidents"), "", week_ago=week) for week in weeks])
    incidents, last_week = _blocks(answers[0]), _blocks(answers[1]) if window.has_week else set()
    left_out = _unless_too_much(_of_others(window.since, marks), frozenset())
    left_out = _unless_too_much(left_out | incidents, left_out)
    has_week = window.has_week and not any(block <= HOUR_BLOCKS for block in last_week)
    return replace(window, has_week=has_week, left_out=left_out, before=_reaching_back(window.before, left_out))


def _blocks(answer: Answer) -> set[int]:
    """Return the blocks with incidents, and those in which they began: an alert waits before it fires."""
    fired = {_DAY_BLOCKS - step for steps in answer.values() for step, count in steps.items() if count > 0}
    return fired | {block + 1 for block in fired}


def _of_others(since: float, marks: Iterable[float]) -> frozenset[int]:
    """Return the blocks of all versions but the newest that ran for an hour."""
    end, start = since, -math.inf
    for mark in sorted((mark for mark in marks if mark < since), reverse=True):
        if end - mark >= _VERSION_SECONDS:
            start = mark
            break
        end = mark
    return frozenset(block for block in range(1, _DAY_BLOCKS + 1) if not _is_within(since, block, start, end))


def _is_within(since: float, block: int, start: float, end: float) -> bool:
    """Return whether a block holds only what was counted between two moments."""
    ends = since + SETTLE_SECONDS - block * BLOCK_SECONDS
    return ends - BLOCK_SECONDS >= start + SETTLE_SECONDS and (end == since or ends <= end)


def _unless_too_much(left_out: AbstractSet[int], otherwise: frozenset[int]) -> frozenset[int]:
    kept = sum(block not in left_out for block in range(1, _DAY_BLOCKS + 1))
    return frozenset(left_out) if kept >= _LEAST_BLOCKS else otherwise


def _reaching_back(wanted: int, left_out: AbstractSet[int]) -> int:
    """Return how many blocks before hold as many as wanted that are not left out; at most those of a day."""
    kept = 0
    for block in range(1, _DAY_BLOCKS + 1):
        kept += block not in left_out
        if kept == wanted:
            return block
    return _DAY_BLOCKS
