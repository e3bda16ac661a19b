"""The admin console of a PgBouncer as a source: its pools, over one connection that stays open between scrapes.

The console takes SHOW alone, one command a message, outside any transaction.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

from psycopg.pq.abc import PGresult

from exporters.core.deadline import Deadline
from exporters.core.errors import CollectError, ErrorClass, classify_network_error
from exporters.core.exposition import Family
from exporters.core.postgres_dsn import Dsn
from exporters.core.postgres_errors import ConnectionLostError
from exporters.core.scrape import Finding, Level, Run, Up
from exporters.database.connection import Connection
from exporters.database.families import Presenter
from exporters.database.pgbouncer_tables import LISTS, TABLES, families_of_list, rows_of_table

_CONNECTION = "connection"
_VERSION_SUFFIX = "/bouncer"
_REMEDIES = {
    ErrorClass.REFUSED: "start PgBouncer, or correct host and port in the DSN",
    ErrorClass.TIMEOUT: "PgBouncer, or a firewall on the way to it, does not answer",
    ErrorClass.AUTH: "correct user and password in the DSN; the user must be in auth_file",
    ErrorClass.PERMISSION: "add the user to stats_users in pgbouncer.ini",
    ErrorClass.VERSION: "the database in the DSN must be pgbouncer, the admin console",
}


class PgBouncerSource:
    """Scrapes one admin console."""

    exporter = "database"
    up: Up | None = Up("pgbouncer_up", "Whether PgBouncer's admin console answered in this scrape (1) or not (0).")

    def __init__(self, target: str, dsn: Dsn) -> None:
        """Take the DSN of the console; there is no connection before the first scrape."""
        self.target = target
        self._dsn = dsn
        self._lock = threading.Lock()
        self._closing = False
        self._connection: Connection | None = None
        self._presenters = {query.name: Presenter(query, dsn.label) for query in TABLES}

    def start(self) -> None:
        """Do nothing: there is no background work."""

    def collect(self, run: Run) -> None:
        """Measure once. A console that stops answering ends the run; earlier results stay."""
        with self._lock:
            with run.collector(_CONNECTION):
                version = self._open(run.deadline)
                run.mark_up()
                run.add(_version(version))
            self._collect_tables(run)
            if self._closing:
                self._drop()

    def classify(self, error: BaseException) -> ErrorClass:
        """Return the class of the error."""
        return classify_network_error(error)

    def collectors(self) -> Sequence[str]:
        """Return the names of the tables."""
        return [*(query.name for query in TABLES), *LISTS]

    def validate(self, deadline: Deadline) -> list[Finding]:
        """Check that the console answers, and lets the user see its pools."""
        try:
            with self._lock:
                version = self._open(deadline)
                self._show("SHOW POOLS", deadline)
        except CollectError as error:
            what = f"admin console: {error.error_class.value}"
            return [Finding(False, what, _REMEDIES.get(error.error_class, ""), Level.FAULT)]
        return [Finding(ok=True, what=f"PgBouncer {version}")]

    def close(self) -> None:
        """Close the connection, or have the scrape that uses it close it when it is done."""
        self._closing = True
        if self._lock.acquire(blocking=False):
            try:
                self._drop()
            finally:
                self._lock.release()

    def _collect_tables(self, run: Run) -> None:
        for query in TABLES:
            if self._connected() and run.wants(query.name):
                with run.collector(query.name):
                    rows = rows_of_table(query, self._show(query.source, run.deadline))
                    run.add(*self._presenters[query.name].families(rows))
        for name, (command, metrics) in LISTS.items():
            if self._connected() and run.wants(name):
                with run.collector(name):
                    run.add(*families_of_list(command, metrics, self._show(command, run.deadline)))
        run.mark_up(up=self._connected())

    def _open(self, deadline: Deadline) -> str:
        """Connect, again if the connection was lost since the last scrape, and return PgBouncer's version.

        Raises CollectError: version if it is not an admin console.
        """
        if self._connected():
            try:
                self._show("SHOW VERSION", deadline)
            except ConnectionLostError:
                self._drop()
        if not self._connected():
            self._connection = Connection(self._dsn, deadline)
        version = self._connection.parameter("server_version") if self._connection else ""
        if not version.endswith(_VERSION_SUFFIX):
            self._drop()
            raise CollectError(ErrorClass.VERSION, "not an admin console of PgBouncer")
        return version.removesuffix(_VERSION_SUFFIX)

    def _show(self, command: str, deadline: Deadline) -> PGresult:
        if self._connection is None:
            raise CollectError(ErrorClass.REFUSED, "not connected")
        return self._connection.show(command, deadline)

    def _connected(self) -> bool:
        return self._connection is not None and not self._connection.broken

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None


def _version(version: str) -> Family:
    text = "1, with the version of PgBouncer."
    return Family("pgbouncer_version_info", "gauge", text, ("version",), [((version,), 1)])
