"""`pantrywatch gameday`: plays the day, prints its progress and the matrix, and fails with the mismatches."""

from __future__ import annotations

import os
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import TypeAlias

from demo.faults.disk_filling import can_mount
from demo.gameday.expectations import Expectation
from demo.gameday.matrix import MATRIX, NOT_PLAYED
from demo.gameday.report import matrix_table, page
from demo.gameday.run import QUIET, Pace, Verdict, play, quiet
from demo.gameday.stack import GameDayError, Stack, running
from exporters.core.errors import ConfigError, ConfigProblem
from pantrywatch.native.addresses import Addresses
from pantrywatch.native.console import complain, say

# What a stack takes of a processor, measured: rules are evaluated as much more often as it is faster.
_STANDING_LOAD = 0.1
_LOAD_OF_SPEED = 0.025
_MOST_AT_ONCE = 4
_PORTS_APART = 500
# The first minute after a start is not a quiet one: caches are cold, and windows hold nothing to divide by.
_SETTLE_SECONDS = 45.0

Part: TypeAlias = Callable[[Stack], Verdict]


@dataclass(frozen=True, slots=True)
class Plan:
    """The faults to play; none means all."""

    addresses: Addresses
    speed: int
    quiet_minutes: float
    faults: Sequence[str] = ()
    write: Path | None = None

    def rows(self) -> list[Expectation]:
        """Return the rows of the matrix to play. Raises ConfigError for an unknown fault."""
        known = [row.fault for row in MATRIX]
        if unknown := [name for name in self.faults if name not in known]:
            raise ConfigError(
                [ConfigProblem("command line", ", ".join(unknown), f"expected faults of: {', '.join(known)}")]
            )
        return [row for row in MATRIX if not self.faults or row.fault in self.faults]


def gameday(state: Path, plan: Plan) -> int:
    """Play the day; returns 0 where all matched expectations, else 1, with the state of the stacks kept."""
    rows, pace, begin = playable(plan.rows()), Pace(plan.speed), time.monotonic()
    shutil.rmtree(state, ignore_errors=True)
    at_once = stacks_at_once(plan.speed, os.cpu_count() or 1)
    say(f"stacks of its own in {state}, at {plan.speed} times the speed, {at_once} at once")
    verdicts: list[Verdict] = []
    try:
        for verdict in _Day(plan, state, at_once).verdicts(rows):
            verdicts.append(verdict)
            say(_line(verdict))
    except GameDayError as error:
        complain(str(error).splitlines())
        return 1
    order = [QUIET, *(row.fault for row in rows)]
    verdicts.sort(key=lambda verdict: order.index(verdict.fault))
    minutes = (time.monotonic() - begin) / 60
    say(f"\n{matrix_table(verdicts, pace)}\n\nall of it took {minutes:.1f} min")
    return _end(state, plan, pace, verdicts)


def stacks_at_once(speed: int, processors: int) -> int:
    """Return how many stacks of this speed share the machine: together they leave a third of its processors."""
    return min(_MOST_AT_ONCE, max(1, int(processors * 2 / 3 / (_STANDING_LOAD + _LOAD_OF_SPEED * speed))))


class _Day:
    """The parts of the day, each on a stack of its own, unaffected by earlier faults."""

    def __init__(self, plan: Plan, state: Path, at_once: int) -> None:
        self._plan, self._state, self._at_once = plan, state, at_once
        self._halt = threading.Event()
        self._offsets: SimpleQueue[int] = SimpleQueue()
        for number in range(at_once):
            self._offsets.put(plan.addresses.offset + _PORTS_APART * number)

    def verdicts(self, rows: Sequence[Expectation]) -> Iterator[Verdict]:
        """Play all, and yield each verdict as it arrives. Raises GameDayError, also when stopped."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: self._halt.set())
        pace = Pace(self._plan.speed)
        parts: list[tuple[str, Part]] = [
            (row.fault, partial(play, expectation=row, pace=pace)) for row in rows if not row.alone
        ]
        if self._plan.quiet_minutes:
            parts.insert(0, ("quiet", self._quiet))  # the longest
        yield from self._play(parts, self._at_once)
        yield from self._play([(row.fault, partial(play, expectation=row, pace=pace)) for row in rows if row.alone], 1)

    def _play(self, parts: Sequence[tuple[str, Part]], at_once: int) -> Iterator[Verdict]:
        with ThreadPoolExecutor(at_once) as pool:
            try:
                for future in as_completed([pool.submit(self._one, name, part) for name, part in parts]):
                    yield future.result()
            except BaseException:
                self._halt.set()
                pool.shutdown(cancel_futures=True)
                raise

    def _one(self, name: str, part: Part) -> Verdict:
        offset = self._offsets.get()
        try:
            with running(self._state / name, Addresses(offset), self._plan.speed, self._halt) as stack:
                say(f"{name}: its stack is up")
                return part(stack)
        finally:
            self._offsets.put(offset)

    def _quiet(self, stack: Stack) -> Verdict:
        _require_all(stack)
        stack.pause(_SETTLE_SECONDS)
        return quiet(stack, self._plan.quiet_minutes)


def playable(rows: Sequence[Expectation], may_mount: Callable[[], bool] = can_mount) -> list[Expectation]:
    """Return the rows that this user can play; say which are left out, and why."""
    mounting = [row for row in rows if row.mounts]
    left_out = mounting if mounting and not may_mount() else []
    for row in left_out:
        say(f"{row.fault}: not played, it mounts a file system, and this user may not")
    return [row for row in rows if row not in left_out]


def _require_all(stack: Stack) -> None:
    """Every fault of the demo that can be played has a row, and every row a fault."""
    names = set(stack.fault("names").split()) - NOT_PLAYED.keys()
    if odd := names ^ {row.fault for row in MATRIX}:
        raise GameDayError(f"only in the demo or only in the matrix: {', '.join(sorted(odd))}")


def _line(verdict: Verdict) -> str:
    found = ", ".join(f"{seen} +{seconds:.0f} s" for seen, seconds in verdict.after.items()) or "nothing"
    end = f"; resolved {max(verdict.resolved_after.values()):.0f} s after its end" if verdict.resolved_after else ""
    return "\n".join([f"{verdict.fault}: {found}{end}", *(f"  ! {line}" for line in verdict.mismatches())])


def _end(state: Path, plan: Plan, pace: Pace, verdicts: Sequence[Verdict]) -> int:
    if plan.write:
        plan.write.write_text(page(verdicts, pace, plan.quiet_minutes), encoding="utf-8")
    if findings := [line for verdict in verdicts for line in verdict.mismatches()]:
        complain([f"{len(findings)} findings; the stacks' state is kept in {state}", *findings])
        return 1
    shutil.rmtree(state, ignore_errors=True)
    say("all matches expectations")
    return 0
