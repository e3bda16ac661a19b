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
