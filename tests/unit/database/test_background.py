"""What is kept of queries that run in the background."""

from __future__ import annotations

import pytest

from exporters.core.deadline import Deadline
from exporters.core.errors import CollectError, ErrorClass
from exporters.core.postgres_dsn import Dsn
from exporters.core.settings import Secret
from exporters.database.background import Background
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
