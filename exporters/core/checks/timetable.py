"""When each check runs: one thread keeps the times of all of them, and every run in progress has a thread.

A run ends at its deadline at the latest, so a check that hangs delays no other while fewer than the most that may run
at once do. With that many, those that are due wait in their order, and the time that a run may take begins when it
does. Nothing piles up: a check whose last turn has not ended, or not begun, does not get another.
"""

from __future__ import annotations

import heapq
import logging
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue

from exporters.core.checks.probe_run import ProbeRun
from exporters.core.checks.scheduled_check import ScheduledCheck
from exporters.core.checks.workers import Workers
from exporters.core.deadline import Deadline

logger = logging.getLogger(__name__)

# Threads, also those whose run has ended at its deadline and that still wait for the system's resolver. A thousand
# checks that all hang take 334 with the default times. A process may open 1,024 files where nobody has raised that.
MOST_AT_ONCE = 500


class Timetable:
    """Runs checks at their intervals; all but `start` and `stop` is for its own thread."""

    def __init__(self, name: str, checks: Sequence[ScheduledCheck], at_once: int = MOST_AT_ONCE) -> None:
        """Take the checks, of which so many may run at once, and the name of the thread."""
        self._checks = checks
        self._at_once = at_once
        self._workers = Workers()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._done: SimpleQueue[int | None] = SimpleQueue()  # checks whose thread is free again; None: the end
        self._turns: list[tuple[float, int]] = []  # a heap: monotonic clock, position in `checks`
        self._deadlines: list[tuple[float, int]] = []  # a heap, also of runs that have ended before
        self._waiting: dict[int, None] = {}  # due, in this order
        self._running: dict[int, tuple[float, ProbeRun]] = {}  # with the deadline
        self._threads: set[int] = set()  # checks that have a thread, running or stuck

    def start(self) -> None:
        """Start; the first runs are spread over the intervals."""
        self._thread.start()

    def stop(self) -> None:
        """Begin no more runs, and wait for nothing: those in progress end at their own deadlines."""
        self._done.put(None)
        self._workers.stop()

    def _work(self) -> None:
        now = time.monotonic()
        for index, check in enumerate(self._checks):
            self._turns.append((now + check.settings.interval_seconds * index / len(self._checks), index))
        heapq.heapify(self._turns)
        while True:
            with suppress(Empty):
                position = self._done.get(timeout=max(0.0, self._next_event() - time.monotonic()))
                if position is None:
                    return
                self._threads.discard(position)
                self._end(position)
            self._pass_time()
            self._begin_waiting()

    def _next_event(self) -> float:
        """Return when the next turn or deadline comes, on the monotonic clock."""
        deadlines = self._deadlines
        while deadlines and not self._is_running_until(*deadlines[0]):
            heapq.heappop(deadlines)
        return min(self._turns[0][0], deadlines[0][0]) if deadlines else self._turns[0][0]

    def _is_running_until(self, at: float, position: int) -> bool:
        return position in self._running and self._running[position][0] == at

    def _pass_time(self) -> None:
        """End the runs whose deadline has passed, and note the checks that are due."""
        now = time.monotonic()
        while self._deadlines and self._deadlines[0][0] <= now:
            at, position = heapq.heappop(self._deadlines)
            if self._is_running_until(at, position):
                self._end(position)
        while self._turns[0][0] <= now:
            due, position = self._turns[0]
            interval = self._checks[position].settings.interval_seconds
            missed = (now - due) // interval  # as after a suspension of the machine: they are dropped
            heapq.heapreplace(self._turns, (due + interval * (missed + 1), position))
            self._take_turn(position)

    def _take_turn(self, position: int) -> None:
        counters = self._checks[position].counters
        if position in self._waiting or position in self._running:
            counters.skip("late")
        elif position in self._threads:
            counters.skip("overrun")
        else:
            self._waiting[position] = None

    def _begin_waiting(self) -> None:
        while self._waiting and len(self._running) < self._at_once and len(self._threads) < MOST_AT_ONCE:
            position = next(iter(self._waiting))
            del self._waiting[position]
            self._begin(position)

    def _begin(self, position: int) -> None:
        check = self._checks[position]
        deadline = Deadline.after(check.settings.timeout_seconds)
        self._threads.add(position)
        self._running[position] = deadline.at, check.begin(deadline, partial(self._start, position))
        heapq.heappush(self._deadlines, (deadline.at, position))

    def _start(self, position: int, name: str, task: Callable[[], None]) -> None:
        done = partial(self._done.put, position)
        try:
            self._workers.start(name, task, done)
        except RuntimeError:
            done()
            raise

    def _end(self, position: int) -> None:
        """Keep the result of a run, unless that was done at its deadline."""
        _, run = self._running.pop(position, (0.0, None))
        if run:
            check = self._checks[position]
            try:
                check.end(run)
            except Exception as error:  # noqa: BLE001 - a defect that shows with one check must not stop the others
                logger.error("check=%s error=%s", check.settings.name, type(error).__name__)
                check.counters.skip("internal")
