"""What is kept of queries that run in the background, and for how long."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from exporters.core.deadline import Deadline
from exporters.core.errors import CollectError, ErrorClass
from exporters.core.exposition import Family
from exporters.core.postgres_dsn import Dsn
from exporters.core.settings import Secret
from exporters.database.background import Background, Result
from exporters.database.databases import Databases
from exporters.database.queries import Metric, Query
from exporters.database.session import Session
from tests.support.servers import free_port

_QUERY = Query("one", "pg_class", (Metric("pg_one", "gauge", "One.", "1"),), interval_seconds=60)


def test_a_failure_that_is_reported_at_each_scrape_keeps_nothing_of_the_scrapes() -> None:
    """Each scrape raises it anew: the same exception would hold the frames of all scrapes until the next run."""
    dsn = Dsn(Secret(f"postgresql://u@127.0.0.1:{free_port()}/x"), "dsn", "settings.yaml")
    background = Background("here", dsn, [_QUERY], Databases())
    background.families(_QUERY, Deadline.after(5))
    for _ in range(2):
        error = background.error(_QUERY)
        assert error is not None
        assert error.__traceback__ is None
        with pytest.raises(CollectError) as caught:
            raise error
        assert caught.value.error_class is ErrorClass.REFUSED
    background.close()


ONE = Query("one", "t", (Metric("crm_one", "gauge", "One.", "1"),), interval_seconds=2)
OTHER = replace(ONE, name="other", metrics=(Metric("crm_other", "gauge", "Other.", "1"),), interval_seconds=300)


@pytest.mark.parametrize(("seconds_of_the_other", "is_shown"), [(0.1, False), (30.0, True)])
def test_a_result_is_kept_while_slower_queries_have_their_turn(seconds_of_the_other: float, *, is_shown: bool) -> None:
    """Twenty seconds are too old for an interval of two, but not if the one thread spends thirty on another query."""
    background = Background("main", Dsn(Secret("host=127.0.0.1"), "dsn", "file"), [ONE, OTHER], Databases())
    background.started = True
    shown = Family("crm_one", "gauge", "One.", (), [((), 1.0)])
    background._jobs["one"].store(Result([shown], seconds=0.1, ended=time.monotonic() - 20))  # noqa: SLF001 - no server
    background._jobs["other"].store(Result(seconds=seconds_of_the_other))  # noqa: SLF001 - no server
    names = [family.name for family in background.families(ONE, Deadline.after(1))]
    assert ("crm_one" in names) == is_shown


def test_a_failed_query_is_tried_again_before_its_interval_is_over_and_ever_later() -> None:
    """After a minute, two and four; at most after its interval; a success ends that."""
    background = Background("main", Dsn(Secret("host=127.0.0.1"), "dsn", "file"), [OTHER], Databases())
    job = background._jobs["other"]  # noqa: SLF001 - no server
    waits = []
    for _ in range(5):
        job.store(Result(error=CollectError(ErrorClass.TIMEOUT)))
        waits.append(job.wait_seconds())
    assert waits == [60, 120, 240, 300, 300]
    job.store(Result())
    assert job.wait_seconds() == 300


def test_the_schedule_tries_a_failed_query_again_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server is there and the query ran into its time limit: a minute later, instead of five."""

    def fails(*_: object) -> None:
        raise CollectError(ErrorClass.TIMEOUT)

    monkeypatch.setattr(Session, "ask", fails)
    monkeypatch.setattr(Session, "connected", property(lambda _: True))
    background = Background("main", Dsn(Secret("host=127.0.0.1"), "dsn", "file"), [OTHER], Databases())
    job, before = background._jobs["other"], time.monotonic()  # noqa: SLF001 - no server
    background._tick()  # noqa: SLF001 - no server
    assert before + 60 <= job.due <= time.monotonic() + 60


def test_a_server_that_was_away_costs_no_query_its_early_try(monkeypatch: pytest.MonkeyPatch) -> None:
    """It was away for many attempts to connect: the first failure after that is the query's first."""
    error, connected = CollectError(ErrorClass.REFUSED), False

    def fails(*_: object) -> None:
        raise error

    monkeypatch.setattr(Session, "ask", fails)
    monkeypatch.setattr(Session, "connected", property(lambda _: connected))
    background = Background("main", Dsn(Secret("host=127.0.0.1"), "dsn", "file"), [ONE, OTHER], Databases())
    job = background._jobs["other"]  # noqa: SLF001 - no server
    for _ in range(9):
        job.due = 0.0
        background._tick()  # noqa: SLF001 - no server
    error, connected, job.due = CollectError(ErrorClass.TIMEOUT), True, 0.0
    before = time.monotonic()
    background._tick()  # noqa: SLF001 - no server
    assert before + 60 <= job.due <= time.monotonic() + 60
