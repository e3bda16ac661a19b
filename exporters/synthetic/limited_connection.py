"""A connection to PostgreSQL through psycopg whose replies have a limit, as those of the database exporter have."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.abc import RV, PQGen
from psycopg.pq.abc import PGconn

from exporters.core.postgres_replies import ReplyLimit


class LimitedConnection(psycopg.Connection[tuple[Any, ...]]):
    """Raises CollectError (protocol) for a reply that is too large; the connection is then no longer usable."""

    def wait(self, gen: PQGen[RV], *arguments: Any, **named: Any) -> RV:
        """Run one of psycopg's generators, each of which sends something and reads the reply."""
        return super().wait(_limited(gen, self.pgconn), *arguments, **named)


def _limited(gen: PQGen[RV], pgconn: PGconn) -> PQGen[RV]:
    limit = ReplyLimit(pgconn)
    try:
        waits_for = next(gen)
        while True:
            ready = yield waits_for
            with limit.reading():
                waits_for = gen.send(ready)
    except StopIteration as end:
        result: RV = end.value
        return result
