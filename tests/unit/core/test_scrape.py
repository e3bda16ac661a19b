"""The guarded scrape, with sources that misbehave on purpose."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest

from exporters.core.deadline import Deadline
from exporters.core.errors import CollectError, ErrorClass, classify_network_error
from exporters.core.exposition import Family, render
from exporters.core.scrape import Finding, Run, ScrapeRunner, Up


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


def _page(guard: ScrapeRunner, run: Run) -> str:
    return render([*run.families(), *guard.health(run)]).decode()


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

    guard = ScrapeRunner(_Source(action))
    run = guard.join(Deadline.after(5))
    run.done.result(timeout=5)
    page = _page(guard, run)
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

    guard = ScrapeRunner(_Source(action))
    deadline = Deadline.after(0.3)
    run = guard.join(deadline)
    with pytest.raises(TimeoutError):
        run.done.result(timeout=deadline.remaining())
    page = _page(guard, run)
    assert "quick_metric 1" in page
    assert "fake_up 0" in page
    assert 'pantrywatch_collector_error{exporter="fake",collector="slow",class="timeout"} 1' in page
    assert guard.join(Deadline.after(5)) is run
    assert run.overdue()
    release.set()
    run.done.result(timeout=5)
    assert runs == [run]
    assert guard.join(Deadline.after(5)) is not run


def test_fifty_overlapping_scrapes_share_one_run() -> None:
    """However many ask at once, the watched server is asked once."""
    release, count = threading.Event(), []

    def action(run: Run) -> None:
        count.append(run)
        release.wait(10)

    guard = ScrapeRunner(_Source(action))
    runs = [guard.join(Deadline.after(5)) for _ in range(50)]
    release.set()
    for run in runs:
        run.done.result(timeout=5)
    assert len(count) == 1


def test_a_source_that_raises_outside_a_collector_still_ends_its_run() -> None:
    """A defect in a source is reported as a failed run, and the next scrape starts anew."""

    def action(run: Run) -> None:
        raise RuntimeError

    guard = ScrapeRunner(_Source(action))
    for _ in range(2):
        run = guard.join(Deadline.after(5))
        run.done.result(timeout=5)
        assert 'collector="run",class="internal"' in _page(guard, run)


def test_the_last_success_is_remembered_over_failures() -> None:
    """The time of the last whole answer stays on the page while the server is down."""
    states = iter([True, False])
    guard = ScrapeRunner(_Source(lambda run: run.mark_up(up=next(states))))
    stamps = []
    for _ in range(2):
        run = guard.join(Deadline.after(5))
        run.done.result(timeout=5)
        page = _page(guard, run)
        stamps.append(page.split("pantrywatch_last_success_timestamp_seconds{")[1].split()[1])
    assert stamps[0] == stamps[1]
    assert "fake_up 0" in page
