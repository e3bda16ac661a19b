"""The course of a game day: quiet minutes, then a fault after the other, each judged by what reached the inbox."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from pantrywatch.gameday.matrix import EVERYWHERE, Expectation
from pantrywatch.gameday.stack import Seen, Stack
from pantrywatch.report import say

_LOOK_SECONDS = 1.0
_LINGER_SECONDS = 12.0  # what comes along with the required alerts shows within so long
_SHORT_PLAY = 40  # evaluations, where nothing is required within reach
EVALUATION_SECONDS = 15.0


@dataclass(slots=True)
class Verdict:
    """What a fault brought: `after` counts from switching it on to the message, in seconds of the fast clock."""

    fault: str
    after: dict[Seen, float] = field(default_factory=dict)
    missing: set[Seen] = field(default_factory=set)
    late: set[Seen] = field(default_factory=set)
    unexpected: set[Seen] = field(default_factory=set)
    still_firing: set[Seen] = field(default_factory=set)
    carried_over: set[Seen] = field(default_factory=set)
    cleared_after: float | None = None

    @property
    def passed(self) -> bool:
        """Return whether it was all as declared."""
        return not (self.missing or self.late or self.unexpected or self.still_firing)

    def faults(self) -> list[str]:
        """Return what was not, a line each."""
        named = {
            "missing": self.missing, "too late": self.late, "unexpected": self.unexpected,
            "not cleared": self.still_firing,
        }  # fmt: skip
        return [f"{self.fault}: {word}: {seen}" for word, found in named.items() for seen in sorted(found, key=str)]


@dataclass(frozen=True, slots=True)
class Pace:
    """The speed of the stack: from seconds here to evaluations of the rules at their own pace, and back."""

    speed: int

    def evaluations(self, seconds: float) -> float:
        """Return how many evaluation intervals went by."""
        return seconds * self.speed / EVALUATION_SECONDS

    def seconds(self, evaluations: float) -> float:
        """Return how long so many evaluation intervals take here."""
        return evaluations * EVALUATION_SECONDS / self.speed


def quiet(stack: Stack, minutes: float) -> Verdict:
    """Let the demo's traffic alone; whatever arrives is unexpected."""
    verdict, begin = Verdict("quiet minutes"), time.time()
    until = time.monotonic() + 60 * minutes
    while time.monotonic() < until:
        time.sleep(min(30.0, max(0.0, until - time.monotonic())))
        verdict.after = _first_arrivals(stack, begin)
        left = max(0.0, until - time.monotonic()) / 60
        say(f"  {left:4.1f} min left, delivered: {_words(verdict.after) or 'nothing'}")
    verdict.unexpected = {seen for seen in verdict.after if seen.alert not in EVERYWHERE}
    return verdict


def play(stack: Stack, expectation: Expectation, pace: Pace, remembered: set[str]) -> Verdict:
    """Switch a fault on, wait for what it must bring, switch it off, wait until that is over.

    `remembered` names the targets' alerts of earlier faults: slower tiers of those follow for hours, by their windows.
    """
    verdict = Verdict(expectation.fault)
    required = expectation.seen()
    _wait(lambda: not required.keys() & stack.firing(), pace.seconds(expectation.settle))
    verdict.carried_over = set(stack.firing())
    begin = time.time()
    stack.fault("on", expectation.fault)
    try:
        longest = pace.seconds(max(required.values(), default=_SHORT_PLAY))
        _wait(lambda: required.keys() <= _first_arrivals(stack, begin).keys(), longest)
        time.sleep(_LINGER_SECONDS)
        verdict.after = _first_arrivals(stack, begin)
    finally:
        stack.fault("off", expectation.fault)
    _judge(verdict, expectation, pace, remembered)
    _clear(stack, verdict, expectation, pace)
    return verdict


def _judge(verdict: Verdict, expectation: Expectation, pace: Pace, remembered: set[str]) -> None:
    required = expectation.seen()
    verdict.missing = required.keys() - verdict.after.keys()
    verdict.late = {
        seen for seen, most in required.items() if pace.evaluations(verdict.after.get(seen, 0.0)) > most
    }  # fmt: skip
    declared = {*expectation.declared(), *EVERYWHERE, *remembered}
    verdict.unexpected = {
        seen
        for seen in verdict.after
        if seen not in required and seen.alert not in declared and seen not in verdict.carried_over
    }


def _clear(stack: Stack, verdict: Verdict, expectation: Expectation, pace: Pace) -> None:
    """Wait until the required alerts are over."""
    clearing = verdict.after.keys() & expectation.seen().keys()
    begin = time.time()
    over = _wait(lambda: not clearing & stack.firing(), pace.seconds(expectation.clears_within))
    verdict.still_firing = set() if over else clearing & stack.firing()
    verdict.cleared_after = time.time() - begin if over else None


def _first_arrivals(stack: Stack, since: float) -> dict[Seen, float]:
    found: dict[Seen, float] = {}
    for arrival in stack.arrivals(since):
        if arrival.status == "firing":
            for seen in arrival.seen:
                found.setdefault(seen, arrival.at - since)
    return found


def _wait(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(_LOOK_SECONDS)
    return True


def _words(found: Iterable[Seen]) -> str:
    return ", ".join(sorted(map(str, found)))
