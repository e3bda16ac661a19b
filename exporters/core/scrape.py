"""The guarded scrape: it answers in time whatever the watched service does, and reports what failed and why.

A `Source` is one watched server, host or set of checks. Its `ScrapeRunner` runs it in a thread, one run at a time;
overlapping scrapes share the run in progress. A run's time is not set by the scraper that started it but by the most
patient recent scraper, so a short timeout never cuts another scraper's run. If a scraper's own deadline passes first,
its page has the families of the finished collectors, the source's up metric as 0, and the class `timeout` for the
collector that has not returned.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from enum import IntEnum
from queue import SimpleQueue
from typing import NamedTuple, Protocol

from exporters.core.deadline import Deadline
from exporters.core.errors import ErrorClass
from exporters.core.exposition import AnyFamily, Family
from exporters.core.logs import ChangeLog

logger = logging.getLogger(__name__)

# A run ends this long before the scrape's deadline, so that its own report of the timeout still reaches the page.
_RUN_MARGIN_SECONDS = 0.1
_SHORTEST_RUN_SECONDS = 2.0  # whatever the header asks for: the next scraper shares this run
_PATIENCE_SECONDS = 600.0  # how long a scraper is remembered: several scrape intervals
_WORTH_ANOTHER_SECONDS = 0.5  # a scraper with less time left gains nothing from another run


class Up(NamedTuple):
    """Whether the watched server answered in this scrape: 1 or 0, never missing."""

    name: str
    help: str


class Level(IntEnum):
    """How bad a finding is: the exit code of `validate`."""

    ADVICE = 0  # everything is measured; a change would help
    MISSING = 1  # some metrics or panels are missing
    FAULT = 2  # the source cannot be watched


class Finding(NamedTuple):
    """A finding of `validate` about a source; `remedy` is text a person can act on, SQL if possible.

    `level` counts where it is not ok.
    """

    ok: bool
    what: str
    remedy: str = ""
    level: Level = Level.MISSING

    @property
    def word(self) -> str:
        """Return the word in front of the finding."""
        return "ok" if self.ok else "advice" if self.level is Level.ADVICE else self.level.name


class Source(Protocol):
    """One watched service. `exporter` and `target` name it; `up` is None if nothing can be down (the host)."""

    exporter: str
    target: str
    up: Up | None

    def start(self) -> None:
        """Start background work, if there is any."""

    def collect(self, run: Run) -> None:
        """Measure once, each part with `run.collect(...)` or inside `run.collector(...)`; honor `run.deadline`."""

    def classify(self, error: BaseException) -> ErrorClass:
        """Return the class of an error raised inside `collect`."""

    def collectors(self) -> Sequence[str]:
        """Return the names that `check` accepts."""

    def validate(self, deadline: Deadline) -> list[Finding]:
        """Check privileges and extensions on the real server."""

    def close(self) -> None:
        """Stop background work and close connections; must not wait for the server."""


class Outcome(NamedTuple):
    """How one collector ended.

    `detail` is for a person at a terminal; it never reaches a label or a log. `place` is the line of our code that has
    the bug, for the class `internal`.
    """

    collector: str
    seconds: float
    error_class: ErrorClass | None = None
    detail: str = ""
    place: str = ""


class Run:
    """One scrape of one source: collects families and outcomes, readable from other threads at any time."""

    def __init__(self, source: Source, deadline: Deadline, only: str | None = None) -> None:
        """Start the timer; `only` restricts the run to one collector (the command `check`)."""
        self.deadline = deadline
        self.done: Future[None] = Future()
        self.started_at = time.monotonic()
        self._source = source
        self.only = only
        self._lock = threading.Lock()
        self._families: list[AnyFamily] = []
        self._outcomes: list[Outcome] = []
        self._current: tuple[str, float] | None = None
        self._up = False

    def wants(self, collector: str) -> bool:
        """Return whether this run includes the collector; call it before preparing expensive work."""
        return self.only is None or self.only == collector

    def add(self, *families: AnyFamily) -> None:
        """Put families on the page immediately: they stay even if the run never ends."""
        with self._lock:
            self._families.extend(families)

    def mark_up(self, *, up: bool = True) -> None:
        """Note that the watched server answered; `up=False` if it stopped answering later in the same run."""
        self._up = up

    def fail(self, collector: str, error_class: ErrorClass, detail: str = "") -> None:
        """Report a collector that failed without an exception, such as one that runs in the background."""
        with self._lock:
            self._outcomes.append(Outcome(collector, 0.0, error_class, detail))

    @contextmanager
    def collector(self, name: str) -> Iterator[None]:
        """Time the block and contain its failure: the metrics of other collectors are not lost with it."""
        start = time.monotonic()
        self._current = (name, start)
        error: Exception | None = None
        try:
            yield
        except Exception as raised:  # noqa: BLE001 - a run is the one place that contains every error
            error = raised
        with self._lock:
            self._outcomes.append(self._outcome(name, time.monotonic() - start, error))
            self._current = None

    def collect(self, name: str, read: Callable[[], Iterable[AnyFamily]]) -> None:
        """Run a collector that yields families, if this run includes it; families yielded before a failure are kept."""
        if self.wants(name):
            with self.collector(name):
                for family in read():
                    self.add(family)

    def finish(self) -> None:
        """Mark the run as complete; whoever waits for `done` continues."""
        self.done.set_result(None)

    def ran_out_of_time(self) -> bool:
        """Return whether the run has ended and some collector failed."""
        with self._lock:
            late = any(outcome.error_class is ErrorClass.TIMEOUT for outcome in self._outcomes)
        return late and self.done.done()

    def is_up(self) -> bool:
        """Return whether the run has ended and the server answered in it."""
        return self._up and self.done.done()

    def outcomes(self) -> list[Outcome]:
        """Return how the collectors ended; one that is still running counts as timed out."""
        with self._lock:
            outcomes = list(self._outcomes)
            current = self._current
        if current and not self.done.done():
            outcomes.append(Outcome(current[0], time.monotonic() - current[1], ErrorClass.TIMEOUT, "no answer in time"))
        return outcomes

    def outcomes_for_the_page(self) -> list[Outcome]:
        """Return the outcomes; an unfinished run has one that timed out, so a partial page is never silent."""
        outcomes = self.outcomes()
        if not self.done.done() and not any(outcome.error_class is ErrorClass.TIMEOUT for outcome in outcomes):
            seconds = time.monotonic() - self.started_at
            outcomes.append(Outcome("run", seconds, ErrorClass.TIMEOUT, "no answer in time"))
        return outcomes

    def _outcome(self, name: str, seconds: float, error: Exception | None) -> Outcome:
        if error is None:
            return Outcome(name, seconds)
        error_class = self._source.classify(error)
        if error_class is not ErrorClass.INTERNAL:
            return Outcome(name, seconds, error_class, str(error))
        place = f"error={type(error).__name__} at={_place(error)}"
        return Outcome(name, seconds, error_class, f"{place}: {error}", place)

    def families(self) -> list[AnyFamily]:
        """Return what belongs on the page now, whether the run has finished or not."""
        with self._lock:
            families = list(self._families)
        if self._source.up:
            up = Family(self._source.up.name, "gauge", self._source.up.help)
            up.add(int(self.is_up()))
            families.append(up)
        return families


def run_once(source: Source, deadline: Deadline, only: str | None = None) -> Run:
    """Return a finished run of the source, outside any schedule, as the commands need it.

    A source that exceeds the deadline is closed while it runs; the caller closes it in any case.
    """
    run = Run(source, deadline, only)
    with deadline.calls(source.close):
        _collect(source, run)
    run.finish()
    return run


class ScrapeRunner:
    """Runs a source at most once at a time and remembers how the last run ended."""

    def __init__(self, source: Source) -> None:
        """Take the source; nothing runs before `join`."""
        self.source = source
        self._lock = threading.Lock()
        self._current: Run | None = None
        # One for all runs, as they come one at a time; a thread for each took 0.1 ms more of the 4 of a cache scrape.
        self._thread: threading.Thread | None = None
        self._begun: SimpleQueue[Run] = SimpleQueue()
        self.last: Run | None = None
        self._patience = _Patience()
        self._last_success_timestamp: float | None = None
        self._changes = ChangeLog(logger)

    def join(self, deadline: Deadline) -> Run:
        """Return the run in progress, or a new one; it may last longer than the caller can wait, never shorter."""
        with self._lock:
            seconds = self._patience.seconds(deadline.remaining())
            if self._current is not None:
                return self._current
            run = self._current = Run(self.source, Deadline.after(seconds))
            run.done.add_done_callback(
                lambda _: self._note(run)
            )  # the first callback: runs before anybody reads the page
            if self._thread is None:
                name = f"scrape-{self.source.exporter}-{self.source.target}"
                self._thread = threading.Thread(target=self._work, name=name, daemon=True)
                self._thread.start()
        self._begun.put(run)
        return run

    async def scrape(self, deadline: Deadline) -> Run:
        """Return a finished run, or at the deadline the one still in progress.

        A run that started for a less patient scraper and ran out of time is followed by another.
        """
        run = self.join(deadline)
        while True:
            await asyncio.wait([asyncio.wrap_future(run.done)], timeout=deadline.remaining())
            if not run.ran_out_of_time() or deadline.at < run.deadline.at + _WORTH_ANOTHER_SECONDS:
                return run
            following = self.join(deadline)
            await asyncio.wait([asyncio.wrap_future(following.done)], timeout=deadline.remaining())
            if not following.done.done():
                return run  # it has more to report than one that has just started
            run = following

    def health(self, run: Run) -> list[AnyFamily]:
        """Return the `pantrywatch_*` families about this run."""
        exporter = self.source.exporter
        labels = ("exporter", "collector")
        success = Family(
            "pantrywatch_collector_success", "gauge", "Whether the collector succeeded (1) or failed (0).", labels
        )
        duration = Family("pantrywatch_collector_duration_seconds", "gauge", "Time the collector took.", labels)
        error = Family(
            "pantrywatch_collector_error",
            "gauge",
            "1 for the class of error a collector fails with now; no sample while it succeeds.",
            (*labels, "class"),
        )
        for outcome in run.outcomes_for_the_page():
            success.add(int(outcome.error_class is None), exporter, outcome.collector)
            duration.add(outcome.seconds, exporter, outcome.collector)
            if outcome.error_class:
                error.add(1, exporter, outcome.collector, outcome.error_class)
        scrape = Family(
            "pantrywatch_scrape_duration_seconds",
            "gauge",
            "Time since this scrape of the source started.",
            ("exporter",),
        )
        scrape.add(time.monotonic() - run.started_at, exporter)
        families: list[AnyFamily] = [success, duration, error, scrape]
        if self._last_success_timestamp is not None:
            last = Family(
                "pantrywatch_last_success_timestamp_seconds",
                "gauge",
                "When the source last answered a whole scrape.",
                ("exporter",),
            )
            last.add(self._last_success_timestamp, exporter)
            families.append(last)
        return families

    def _work(self) -> None:
        while True:
            self._execute(self._begun.get())

    def _execute(self, run: Run) -> None:
        try:
            _collect(self.source, run)
        finally:
            with self._lock:
                self._current = None
                self.last = run
            run.finish()

    def _note(self, run: Run) -> None:
        if run.is_up() or self.source.up is None:
            self._last_success_timestamp = time.time()
        source = f"exporter={self.source.exporter} target={self.source.target}"
        for outcome in run.outcomes():
            state = f"{outcome.error_class.value} {outcome.place}".rstrip() if outcome.error_class else "ok"
            subject = f"{source} collector={outcome.collector}"
            self._changes.report(subject, state, failing=outcome.error_class is not None)


class _Patience:
    """The longest time that a scraper allowed us, in the current period or the previous one."""

    def __init__(self) -> None:
        self._until = 0.0
        self._before = self._now = 0.0

    def seconds(self, given_seconds: float) -> float:
        """Note this scraper's time, and return how long a run may take."""
        now = time.monotonic()
        if now >= self._until:
            self._before, self._now = self._now, 0.0
            self._until = now + _PATIENCE_SECONDS
        self._now = max(self._now, given_seconds)
        return max(self._before, self._now, _SHORTEST_RUN_SECONDS) - _RUN_MARGIN_SECONDS


def _collect(source: Source, run: Run) -> None:
    """Run the source; an error that escapes from it is reported as a failure of the collector `run`."""
    try:
        source.collect(run)
    except Exception as error:  # noqa: BLE001 - the run must end even if a source leaks an error
        run.fail("run", source.classify(error), str(error))


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    if trace is None:
        return "unknown"
    return f"{trace.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}"
