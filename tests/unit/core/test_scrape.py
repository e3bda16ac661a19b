"""The scrape, with sources that misbehave on purpose."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import pytest

from exporters.core.deadline import Deadline
from exporters.core.errors import CollectError, ErrorClass, classify_network_error
from exporters.core.exposition import Family, render
from exporters.core.scrape import Finding, Run, ScrapeRunner, Up, run_once


@dataclass
class _Source:
    """A source that does what the test says."""

    action: Callable[[Run], None]
    exporter: str = "fake"
    target: str = "one"
    up: Up | None = field(default_factory=lambda: Up("fake_up", "Up."))

    def start(self) -> None: ...

    def collect(self, run: Run) -> None:
        self.action(run)

    def classify(self, error: BaseException) -> ErrorClass:
        return classify_network_error(error)

    def collectors(self) -> Sequence[str]:
        return ["part"]

    def validate(self, deadline: Deadline) -> list[Finding]:
        return []

    def close(self) -> None: ...


def _page(runner: ScrapeRunner, run: Run) -> str:
    return render([*run.families(), *runner.health(run)]).decode()


def _family(name: str) -> Family:
    family = Family(name, "gauge", "G.")
    family.add(1)
    return family


def test_a_collector_that_fails_costs_only_itself() -> None:
    """The other collectors' metrics stay, and the failure has its class."""

    def action(run: Run) -> None:
        run.mark_up()
        with run.collector("bad"):
            raise CollectError(ErrorClass.PERMISSION, "detail with a password")
        with run.collector("good"):
            run.add(_family("good_metric"))

    runner = ScrapeRunner(_Source(action))
    run = runner.join(Deadline.after(5))
    run.done.result(timeout=5)
    page = _page(runner, run)
    assert "good_metric 1" in page
    assert "fake_up 1" in page
    assert 'pantrywatch_collector_error{exporter="fake",collector="bad",class="permission"} 1' in page
    assert 'pantrywatch_collector_success{exporter="fake",collector="good"} 1' in page
    assert "password" not in page


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ConnectionRefusedError(), "refused"),
        (TimeoutError(), "timeout"),
        (ConnectionResetError(), "protocol"),
        (KeyError("x"), "internal"),
    ],
)
def test_each_error_has_its_class(error: Exception, expected: str) -> None:
    """The class comes from the error's type."""
    assert classify_network_error(error) == expected


def test_a_source_that_hangs_is_answered_in_time_and_never_doubled() -> None:
    """At the deadline the page says up 0 and timeout; the finished part stays; a second scrape starts nothing."""
    release, runs = threading.Event(), []

    def action(run: Run) -> None:
        runs.append(run)
        run.mark_up()
        with run.collector("quick"):
            run.add(_family("quick_metric"))
        with run.collector("slow"):
            release.wait(30)

    runner = ScrapeRunner(_Source(action))
    deadline = Deadline.after(0.3)
    run = runner.join(deadline)
    with pytest.raises(TimeoutError):
        run.done.result(timeout=deadline.remaining())
    page = _page(runner, run)
    assert "quick_metric 1" in page
    assert "fake_up 0" in page
    assert 'pantrywatch_collector_error{exporter="fake",collector="slow",class="timeout"} 1' in page
    assert runner.join(Deadline.after(5)) is run
    release.set()
    run.done.result(timeout=5)
    assert runs == [run]
    assert runner.join(Deadline.after(5)) is not run


def test_fifty_overlapping_scrapes_share_one_run() -> None:
    """However many ask at once, the watched server is asked once."""
    release, count = threading.Event(), []

    def action(run: Run) -> None:
        count.append(run)
        release.wait(10)

    runner = ScrapeRunner(_Source(action))
    runs = [runner.join(Deadline.after(5)) for _ in range(50)]
    release.set()
    for run in runs:
        run.done.result(timeout=5)
    assert len(count) == 1


def test_a_source_that_raises_outside_a_collector_still_ends_its_run() -> None:
    """A defect in a source is reported as a failed run, and the next scrape starts anew."""

    def action(run: Run) -> None:
        raise RuntimeError

    runner = ScrapeRunner(_Source(action))
    for _ in range(2):
        run = runner.join(Deadline.after(5))
        run.done.result(timeout=5)
        assert 'collector="run",class="internal"' in _page(runner, run)


def test_the_last_success_is_remembered_over_failures() -> None:
    """The time of the last whole answer stays on the page while the server is down."""
    states = iter([True, False])
    runner = ScrapeRunner(_Source(lambda run: run.mark_up(up=next(states))))
    stamps = []
    for _ in range(2):
        run = runner.join(Deadline.after(5))
        run.done.result(timeout=5)
        page = _page(runner, run)
        stamps.append(page.split("pantrywatch_last_success_timestamp_seconds{")[1].split()[1])
    assert stamps[0] == stamps[1]
    assert "fake_up 0" in page


@dataclass
class _SlowServer:
    """Answers after so long, unless the run's own deadline comes first: then the collector times out, as sources do."""

    seconds: float
    budgets: list[float] = field(default_factory=list)

    def collect(self, run: Run) -> None:
        self.budgets.append(run.deadline.remaining())
        with run.collector("slow"):
            time.sleep(min(self.seconds, run.deadline.remaining()))
            if run.deadline.passed():
                raise TimeoutError
            run.mark_up()


async def _scrapes(runner: ScrapeRunner, timeouts: Sequence[float], apart_seconds: float) -> list[bool]:
    """Return for each scraper, begun one after the other, whether it found the server up in its own time."""

    async def one(position: int, seconds: float) -> bool:
        await asyncio.sleep(position * apart_seconds)
        return (await runner.scrape(Deadline.after(seconds))).is_up()

    return await asyncio.gather(*(one(position, seconds) for position, seconds in enumerate(timeouts)))


@pytest.mark.parametrize("timeouts", [(9.5, 0.05), (0.05, 9.5), (0.05, 0.05, 9.5, 0.05, 9.5), (2.5, 9.5), (9.5, 2.5)])
def test_nobodys_timeout_shortens_anothers_scrape(timeouts: Sequence[float]) -> None:
    """Whoever has time for the server's answer gets it, whichever scraper began, and whatever the others allow."""
    server = _SlowServer(0.4)
    runner = ScrapeRunner(_Source(server.collect))
    found = asyncio.run(_scrapes(runner, timeouts, 0.02))
    assert found == [seconds > 0.4 for seconds in timeouts]
    assert len(server.budgets) == 1


def test_a_patient_scraper_gets_the_next_run_where_the_one_in_progress_was_too_short() -> None:
    """The server needs longer than the run that a hasty scraper began may take: the other one starts another."""
    server = _SlowServer(2.5)
    runner = ScrapeRunner(_Source(server.collect))
    assert asyncio.run(_scrapes(runner, (0.05, 9.5), 0.02)) == [False, True]
    assert len(server.budgets) == 2
    assert server.budgets[0] < 2 < server.budgets[1]


def test_the_most_patient_scraper_is_remembered() -> None:
    """Once a scraper with 9.5 s has come, a run begun by one with less still lasts long enough for it."""
    server = _SlowServer(0)
    runner = ScrapeRunner(_Source(server.collect))
    asyncio.run(_scrapes(runner, (9.5, 0.01), 0.1))
    assert len(server.budgets) == 2
    assert all(7 < seconds < 9.5 for seconds in server.budgets)


@pytest.mark.parametrize("seconds", [1e-9, 0.0, 0.001])
def test_a_run_is_never_too_short_to_be_of_use(seconds: float) -> None:
    """However little time a scraper gives, the run it begins has two seconds for whoever joins."""
    server = _SlowServer(0)
    runner = ScrapeRunner(_Source(server.collect))
    run = runner.join(Deadline.after(seconds))
    run.done.result(timeout=5)
    assert run.is_up()
    assert [1 < seconds < 2 for seconds in server.budgets] == [True]


def test_a_page_that_is_not_whole_says_so() -> None:
    """Between two collectors, too: a scraper that leaves early has a collector that timed out on its page."""
    reached, release = threading.Event(), threading.Event()

    def action(run: Run) -> None:
        run.collect("first", lambda: [_family("first_metric")])
        reached.set()
        release.wait(10)

    runner = ScrapeRunner(_Source(action, up=None))
    run = runner.join(Deadline.after(5))
    reached.wait(5)
    page = _page(runner, run)
    release.set()
    assert "first_metric 1" in page
    assert 'pantrywatch_collector_error{exporter="fake",collector="run",class="timeout"} 1' in page


def test_what_a_collector_gave_before_it_failed_is_kept() -> None:
    """`collect` puts each family on the page as it comes; a collector that is not asked for does not run."""

    def half() -> Iterator[Family]:
        yield _family("half_metric")
        raise OSError

    def action(run: Run) -> None:
        run.collect("half", half)
        run.collect("other", lambda: [_family("other_metric")])

    run = run_once(_Source(action), Deadline.after(5), "half")
    assert [family.name for family in run.families()] == ["half_metric", "fake_up"]
    assert [outcome.collector for outcome in run.outcomes()] == ["half"]


def test_a_run_of_a_command_closes_a_source_that_does_not_come_back() -> None:
    """At the deadline the source is closed, which ends the call it waits in."""
    closed = threading.Event()

    @dataclass
    class Stuck(_Source):
        def close(self) -> None:
            closed.set()

    run = run_once(Stuck(lambda _: _fail_after(closed)), Deadline.after(0.1))
    assert [outcome.collector for outcome in run.outcomes()] == ["run"]
    assert run.done.done()


def _fail_after(event: threading.Event) -> None:
    assert event.wait(10)
    raise ConnectionResetError


def test_a_bug_is_logged_once_and_not_at_every_scrape(caplog: pytest.LogCaptureFixture) -> None:
    """The class `internal` is logged with type and place when it appears, never with its text."""
    nothing: dict[str, str] = {}

    def action(run: Run) -> None:
        run.collect("broken", lambda: [_family(nothing["secret"])])

    runner = ScrapeRunner(_Source(action))
    for _ in range(3):
        runner.join(Deadline.after(5)).done.result(timeout=5)
    line = action.__code__.co_firstlineno + 1
    said = [record.getMessage() for record in caplog.records]
    assert [text for text in said if "exporter=fake" in text] == [  # a thread of an earlier test may still log
        f"exporter=fake target=one collector=broken state=internal error=KeyError at=test_scrape.py:{line}"
    ]
