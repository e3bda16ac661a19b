"""A thousand checks at once, and what a check that hangs costs the others: nothing until very many do."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from exporters.core.checks import timetable
from exporters.core.checks.check import Entry, Observation, PreparedCheck, Probe
from exporters.core.checks.scheduled_check import ScheduledCheck
from exporters.core.checks.timetable import Timetable
from exporters.core.checks.workers import Workers
from exporters.core.deadline import Deadline
from exporters.core.exposition import Family, HistogramFamily
from exporters.synthetic.kinds.tcp import TcpCheck, prepare
from tests.support.peers import Listen
from tests.support.servers import PATIENCE_SECONDS, wait_until


def tcp(name: str, port: int, **more: Any) -> PreparedCheck:
    """Return a check of a local port, due every second; the settings' own limits do not apply."""
    values = {"interval_seconds": 1.0, "timeout_seconds": 0.9, **more}
    settings = TcpCheck(name=name, kind="tcp", address=f"127.0.0.1:{port}", **values)
    return PreparedCheck(settings, prepare(settings, Entry("settings.yaml", "x")))


def with_probe(name: str, probe: Probe, **more: Any) -> PreparedCheck:
    """Return a check with this probe."""
    return PreparedCheck(tcp(name, 1, **more).settings, probe)


def passes(_observation: Observation, _deadline: Deadline) -> None:
    """Pass at once."""


class Checks(list[ScheduledCheck]):
    """Checks with their timetable."""

    def __init__(self, checks: Sequence[PreparedCheck], at_once: int) -> None:
        super().__init__(ScheduledCheck(check, {}) for check in checks)
        self._timetable = Timetable("checks-many", self, at_once)
        self.start, self.stop = self._timetable.start, self._timetable.stop


@contextmanager
def running(checks: Sequence[PreparedCheck], at_once: int = timetable.MOST_AT_ONCE) -> Iterator[Checks]:
    """Run the timetable of the checks until the block ends, and then until all of its threads have ended."""
    scheduled = Checks(checks, at_once)
    scheduled.start()
    try:
        yield scheduled
    finally:
        scheduled.stop()
        wait_until(lambda: threads() == [], PATIENCE_SECONDS, "no thread is left")


def threads(prefix: str = "check") -> list[str]:
    """Return the names of the threads that there are for checks."""
    return [thread.name for thread in threading.enumerate() if thread.name.startswith(prefix)]


def counts(check: ScheduledCheck) -> dict[str, float]:
    """Return the counts of a check: `success`, `failure` and the reasons of skipped turns."""
    runs, skipped = Family("runs", "counter", "", ()), Family("skipped", "counter", "", ())
    other = Family("other", "counter", "")
    check.counters.add_to(runs, other, other, skipped, HistogramFamily("seconds", ""))
    return {labels[-1]: value for family in (runs, skipped) for labels, value in family.samples}


@pytest.fixture
def release() -> Iterator[threading.Event]:
    """Set at the end: what hangs comes back then."""
    event = threading.Event()
    yield event
    event.set()


def test_a_thousand_checks_run_each_in_its_turn(listen: Listen) -> None:
    """All run every three seconds and none is left out, with the threads that are needed at the same time."""
    port = listen(lambda _connection: None)
    most = 0
    with running([tcp(f"c{n}", port, interval_seconds=3.0, timeout_seconds=2.9) for n in range(1000)]) as checks:

        def all_have_run() -> bool:
            nonlocal most
            most = max(most, len(threads("check-")))
            return counts(checks[-1])["success"] >= 1 and all(counts(check)["success"] for check in checks)

        wait_until(all_have_run, PATIENCE_SECONDS, "each has run")
    found = [counts(check) for check in checks]
    assert [one for one in found if one["failure"] or one["late"] or one["overrun"] or one["internal"]] == []
    assert max(one["success"] for one in found) <= 2 + min(one["success"] for one in found), "all have their turns"
    assert 0 < most < 500


def test_sixty_that_hang_delay_no_other(listen: Listen, release: threading.Event) -> None:
    """While sixty hang, another runs on; to stop waits for none of them, and no thread is left when they have ended."""
    accepted: list[socket.socket] = []

    def say_nothing(connection: socket.socket) -> None:
        accepted.append(connection)
        release.wait(PATIENCE_SECONDS)

    port = listen(say_nothing)
    hangs = [tcp(f"h{n}", port, expect="never", timeout_seconds=PATIENCE_SECONDS) for n in range(60)]
    quick = tcp("quick", listen(lambda _connection: None), interval_seconds=0.2)
    with running([*hangs, quick]) as checks:
        wait_until(lambda: len(accepted) == 60, PATIENCE_SECONDS, "all hang")
        before = counts(checks[-1])["success"]
        wait_until(lambda: counts(checks[-1])["success"] >= before + 2, PATIENCE_SECONDS, "the other runs on")
        assert counts(checks[-1])["late"] == counts(checks[-1])["internal"] == 0
        checks.stop()
        assert len(threads("check-h")) == 60, "they have hung all the time, and hang still"
        release.set()


def test_a_run_that_hangs_leaves_its_place_at_its_deadline(release: threading.Event) -> None:
    """Where only so many may run at once, the next begins then, although the thread is stuck."""

    def hang(_observation: Observation, _deadline: Deadline) -> None:
        release.wait(PATIENCE_SECONDS)

    checks = [
        with_probe("patient", hang, timeout_seconds=PATIENCE_SECONDS),
        with_probe("hasty", hang, interval_seconds=0.1, timeout_seconds=0.3),
        with_probe("waits", passes, interval_seconds=0.3),
    ]
    with running(checks, at_once=2) as (patient, hasty, waited):
        wait_until(lambda: counts(waited)["success"] >= 1, PATIENCE_SECONDS, "it runs")
        assert (counts(patient)["failure"], counts(hasty)["failure"]) == (0, 1)
        assert {"check-patient", "check-hasty"} <= set(threads())
        release.set()


def test_with_as_many_threads_as_there_may_be_the_others_wait(
    release: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that are stuck beyond their deadlines count too; turns that come meanwhile are counted as late."""
    monkeypatch.setattr(timetable, "MOST_AT_ONCE", 2)

    def hang(_observation: Observation, _deadline: Deadline) -> None:
        release.wait(PATIENCE_SECONDS)

    hangs = [with_probe(f"h{n}", hang, interval_seconds=0.1, timeout_seconds=0.1) for n in range(2)]
    with running([*hangs, with_probe("waits", passes, interval_seconds=0.3)]) as (one, other, waits):
        wait_until(lambda: counts(waits)["late"] >= 2, PATIENCE_SECONDS, "it has waited for two turns")
        assert [counts(check)["failure"] for check in (one, other)] == [1, 1]
        assert counts(one)["overrun"] > 0
        assert counts(waits)["success"] == 0
        release.set()
        wait_until(lambda: counts(waits)["success"] >= 1, PATIENCE_SECONDS, "it runs")


def test_a_defect_that_shows_with_one_check_stops_no_other() -> None:
    """A probe that measures what is not its own is counted as not run, and the others run on."""

    def unknown(observation: Observation, _deadline: Deadline) -> None:
        observation.observe("no_such_histogram", 1.0, 1.0)

    checks = [with_probe("broken", unknown), with_probe("good", passes)]
    with running(checks) as (broken, good):
        wait_until(lambda: counts(broken)["internal"] >= 1, PATIENCE_SECONDS, "the defect shows")
        before = counts(good)["success"]
        wait_until(lambda: counts(good)["success"] > before, PATIENCE_SECONDS, "the other runs on")


def test_without_a_thread_a_turn_is_counted_as_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system has no more threads, nothing is said of the target, and the next turn has another chance."""
    start = Workers.start
    refused: list[None] = []

    def refuse(workers: Workers, *job: Any) -> None:
        if len(refused) < 2:
            refused.append(None)
            raise RuntimeError("can't start new thread")
        start(workers, *job)

    monkeypatch.setattr(Workers, "start", refuse)
    with running([with_probe("one", passes, interval_seconds=0.2)]) as (one,):
        wait_until(lambda: counts(one)["success"] >= 1, PATIENCE_SECONDS, "it runs")
    assert counts(one) | {"success": 0} == {"success": 0, "failure": 0, "overrun": 0, "late": 0, "internal": 2}


def test_a_thread_with_nothing_to_do_ends() -> None:
    """Between two runs of a few checks there is the one thread of the timetable."""
    with running([with_probe("one", passes, interval_seconds=60.0)]) as (one,):
        wait_until(lambda: counts(one)["success"] == 1, PATIENCE_SECONDS, "it runs")
        wait_until(lambda: threads() == ["checks-many"], PATIENCE_SECONDS, "its thread ends")
