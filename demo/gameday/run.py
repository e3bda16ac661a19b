"""Runs one stack: quiet minutes or one fault, judged by the messages in the inbox."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from demo.gameday.expectations import AT_THE_START, ON_A_BUSY_MACHINE, Expectation
from demo.gameday.past import remember
from demo.gameday.stack import FiredAlert, Stack
from pantrywatch.native.console import say

QUIET = "quiet minutes"
_LOOK_SECONDS = 1.0
_SETTLE_SECONDS = 60.0
_LINGER_SECONDS = 12.0  # side effects of the required alerts arrive within this time
EVALUATION_SECONDS = 15.0
# Half an hour: the window of the high tier, which remembers an outage that critical burn rates have forgotten.
_REMEMBERED_EVALUATIONS = 130
# Longer than the 17 minutes after which the hour that the fastest tier looks at says the same as on an old stack.
WARM_UP_EVALUATIONS = 75


@dataclass(slots=True)
class Verdict:
    """The outcome of a fault: `after` counts from switching it on to the message, in seconds of the fast clock.

    `resolved_after` counts from switching it off to the message that an alert is resolved.
    """

    fault: str
    after: dict[FiredAlert, float] = field(default_factory=dict)
    resolved_after: dict[FiredAlert, float] = field(default_factory=dict)
    missing: set[FiredAlert] = field(default_factory=set)
    late: set[FiredAlert] = field(default_factory=set)
    unexpected: set[FiredAlert] = field(default_factory=set)
    not_resolved: set[FiredAlert] = field(default_factory=set)
    # Alerts told for the first time after the end of the fault.
    after_the_end: set[FiredAlert] = field(default_factory=set)
    # Receivers that were told of more critical alerts than the row allows.
    talkative: set[str] = field(default_factory=set)

    @property
    def passed(self) -> bool:
        """Return whether all matched expectations."""
        return not self.mismatches()

    def mismatches(self) -> list[str]:
        """Return each mismatch as a line."""
        named: dict[str, set[FiredAlert] | set[str]] = {
            "missing": self.missing, "too late": self.late, "unexpected": self.unexpected,
            "no resolved notification": self.not_resolved, "begins after the end": self.after_the_end,
            "more critical conversations than allowed": self.talkative,
        }  # fmt: skip
        return [f"{self.fault}: {word}: {seen}" for word, found in named.items() for seen in sorted(found, key=str)]


@dataclass(frozen=True, slots=True)
class Pace:
    """The speed of the stack: converts seconds here to rule evaluations at normal speed, and back."""

    speed: int

    def evaluations(self, seconds: float) -> float:
        """Return the number of evaluation intervals in this time."""
        return seconds * self.speed / EVALUATION_SECONDS

    def seconds(self, evaluations: float) -> float:
        """Return how long that many evaluation intervals take here."""
        return evaluations * EVALUATION_SECONDS / self.speed


def quiet(stack: Stack, minutes: float) -> Verdict:
    """Run the demo without faults; any message is unexpected."""
    verdict, begin = Verdict(QUIET), time.time()
    until = time.monotonic() + 60 * minutes
    while (left := until - time.monotonic()) > 0:
        stack.pause(min(60.0, left))
        verdict.after = _first(stack, begin)
        say(f"  quiet: {max(0.0, left / 60 - 1):.0f} min left, delivered: {_words(verdict.after) or 'nothing'}")
    verdict.unexpected = verdict.after.keys() - _of_other_work()
    return verdict


def play(stack: Stack, expectation: Expectation, pace: Pace) -> Verdict:
    """Warm up, switch the fault on, wait for its required alerts, switch it off, wait for their resolved notifications.

    Any message before the fault is unexpected too, but for those of AT_THE_START.
    """
    verdict, required = Verdict(expectation.fault), expectation.seen()
    stack.pause(pace.seconds(WARM_UP_EVALUATIONS))
    if expectation.remembers:
        remember(stack, pace.speed)
    # Alerts from the machine's other work must be resolved first, or they could not fire again.
    _wait(
        stack, lambda: not (required.keys() & _first(stack, 0.0).keys()) - _resolved(stack, 0.0).keys(), _SETTLE_SECONDS
    )
    early = _first(stack, 0.0).keys() - AT_THE_START.keys()
    begin = time.time()
    stack.fault("on", expectation.fault)
    _wait(stack, lambda: required.keys() <= _first(stack, begin).keys(), pace.seconds(max(required.values())))
    stack.pause(_LINGER_SECONDS)
    stack.pause(max(0.0, begin + pace.seconds(expectation.held) - time.time()))
    verdict.after = _first(stack, begin)
    stack.fault("off", expectation.fault)
    _judge(verdict, expectation, pace, early)
    off = time.time() - begin
    _clear(stack, verdict, required.keys() & verdict.after.keys(), begin, pace.seconds(expectation.resolved_within))
    if expectation.held:
        stack.pause(pace.seconds(_REMEMBERED_EVALUATIONS))
    told = _first(stack, begin)
    late = {seen for seen, seconds in told.items() if seconds > off}
    verdict.after_the_end = late - _of_other_work()
    verdict.talkative = _talkative(stack, begin, expectation.conversations)
    return verdict


def _judge(verdict: Verdict, expectation: Expectation, pace: Pace, early: Iterable[FiredAlert]) -> None:
    required = expectation.seen()
    verdict.missing = required.keys() - verdict.after.keys()
    verdict.late = {
        seen for seen, most in required.items() if pace.evaluations(verdict.after.get(seen, 0.0)) > most
    }  # fmt: skip
    busy = _of_other_work()
    declared = {*required, *expectation.tolerated(), *busy}
    verdict.unexpected = {*(verdict.after.keys() - declared), *(set(early) - busy)}


def _of_other_work() -> set[FiredAlert]:
    """Return what is tolerated now: by the load of the last minutes, more tasks than processors want to run."""
    is_busy = max(os.getloadavg()[:2]) > (os.cpu_count() or 1)
    return set(ON_A_BUSY_MACHINE) if is_busy else set()


def _clear(stack: Stack, verdict: Verdict, awaited: set[FiredAlert], begin: float, seconds: float) -> None:
    off = time.time()
    _wait(stack, lambda: awaited <= _resolved(stack, begin).keys(), seconds)
    over = _resolved(stack, begin)
    verdict.resolved_after = {seen: max(0.0, over[seen] - off) for seen in awaited & over.keys()}
    verdict.not_resolved = awaited - over.keys()


def _first(stack: Stack, since: float) -> dict[FiredAlert, float]:
    """Return when each alert was first notified, in seconds from then."""
    found: dict[FiredAlert, float] = {}
    for arrival in stack.arrivals(since):
        for seen in arrival.firing:
            found.setdefault(seen, arrival.at - since)
    return found


def _talkative(stack: Stack, since: float, most: int) -> set[str]:
    """Return the receivers notified of more critical alerts than that; receivers are told apart by channel."""
    told: dict[str, set[FiredAlert]] = {}
    for arrival in stack.arrivals(since):
        told.setdefault(arrival.to, set()).update(seen for seen in arrival.firing if seen.severity == "critical")
    return {f"{to} ({_words(seen)})" for to, seen in told.items() if len(seen) > most}


def _resolved(stack: Stack, since: float) -> dict[FiredAlert, float]:
    """Return the Unix time of each alert's resolved notification, unless it fired again after that."""
    found: dict[FiredAlert, float] = {}
    for arrival in stack.arrivals(since):
        for seen in arrival.firing:
            found.pop(seen, None)
        found.update(dict.fromkeys(arrival.resolved, arrival.at))
    return found


def _wait(stack: Stack, condition: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        stack.pause(_LOOK_SECONDS)


def _words(found: Iterable[FiredAlert]) -> str:
    return ", ".join(sorted(map(str, found)))
