"""PostgreSQL servers, directly or through PgBouncer, and PgBouncers themselves, as sources of metrics."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from exporters.core.deadline import Deadline
from exporters.core.errors import CollectError, ConfigError, ConfigProblem, ErrorClass, classify_network_error
from exporters.core.exposition import Family
from exporters.core.postgres_dsn import Dsn
from exporters.core.scrape import Finding, Run, Source, Up
from exporters.core.settings import secret_from
from exporters.database.background import Background
from exporters.database.business import business_queries
from exporters.database.databases import Databases
from exporters.database.families import Presenter
from exporters.database.pgbouncer import PgBouncerSource
from exporters.database.preflight import findings
from exporters.database.queries import Query, read_queries
from exporters.database.sampler import Sampler
from exporters.database.session import Session
from exporters.database.settings import DatabaseTarget, Section

CONNECTION = "connection"


def sources(section: Section, settings_file: str) -> list[Source]:
    """Return one source per target. Raises ConfigError with every problem."""
    found: list[Source] = []
    faults: list[ConfigProblem] = []
    for position, target in enumerate(section):
        try:
            found.append(_source(target, f"database[{position}]", settings_file))
        except ConfigError as error:
            faults += error.problems
    if faults:
        raise ConfigError(faults)
    return found


def _source(target: DatabaseTarget, entry: str, settings_file: str) -> Source:
    secret = secret_from(target.dsn, target.dsn_file, f"{entry}.dsn", settings_file)
    dsn = Dsn(secret, f"{entry}.dsn", settings_file)
    if target.pgbouncer:
        return PgBouncerSource(target.name, dsn)
    business = business_queries(target.business, f"{entry}.business", settings_file) if target.business else []
    queries = read_queries([Path(settings_file).parent / name for name in target.queries], business)
    return DatabaseSource(
        target.name,
        dsn,
        _adjusted(queries, target, entry, settings_file),
        Databases(target.include_databases, target.exclude_databases),
    )


def _adjusted(queries: Sequence[Query], target: DatabaseTarget, entry: str, settings_file: str) -> list[Query]:
    """Return the target's queries with its own limits and intervals. Raises ConfigError for unknown queries."""
    faults = [
        ConfigProblem(settings_file, f"{entry}.{field}.{name}", f"expected one of: {', '.join(known)}")
        for field, given, known in (
            ("limits", target.limits, [query.name for query in queries if query.limit]),
            ("intervals", target.intervals, [query.name for query in queries if query.interval_seconds]),
            ("without", target.without, [query.name for query in queries]),
        )
        for name in given
        if name not in known
    ]
    if faults:
        raise ConfigError(faults)
    return [
        replace(
            query,
            limit=target.limits.get(query.name, query.limit),
            interval_seconds=target.intervals.get(query.name, query.interval_seconds),
        )
        for query in queries
        if query.name not in target.without
    ]


class DatabaseSource:
    """At most two connections: one kept for scrapes and the samples between them, one for background queries."""

    exporter = "database"
    up: Up | None = Up("pg_up", "Whether the last scrape found PostgreSQL answering (1) or not (0).")

    def __init__(self, target: str, dsn: Dsn, queries: Sequence[Query], databases: Databases) -> None:
        """Take the queries; those with an interval run in the background, the sampled ones between scrapes."""
        self.target = target
        sampled = [query for query in queries if query.sampled]
        self._on_scrape = [query for query in queries if query.interval_seconds is None and not query.sampled]
        self._in_background = [query for query in queries if query.interval_seconds is not None]
        self._presenters = {query.name: Presenter(query, dsn.label) for query in self._on_scrape}
        self._session = Session(dsn, queries)
        self._background = Background(target, dsn, self._in_background, databases)
        self._sampler = Sampler(target, dsn.label, sampled, self._session)
        self._off_scrape = [*self._in_background, *sampled]
        self._major = 0
        self._queries: tuple[list[Query], list[Query]] = ([], [])
        self._scrapes = 0

    def start(self) -> None:
        """Start the background queries and the samples."""
        self._background.start()
        self._sampler.start()

    def collect(self, run: Run) -> None:
        """Measure once. A server that stops answering ends the run; earlier results stay."""
        started = time.monotonic()
        self._scrapes += 1
        with run.collector(CONNECTION):
            self._session.open(run.deadline)
            run.mark_up()
            run.add(self._privileges())
        if self._session.connected:
            self._collect_queries(run)
            run.add(*self._background.databases.families())
        # A session in which no query can run does not count as a server that answers.
        run.mark_up(up=self._session.connected and any(outcome.error_class is None for outcome in run.outcomes()))
        run.add(*self._own_families(run, started))

    def classify(self, error: BaseException) -> ErrorClass:
        """Return the class of the error."""
        return classify_network_error(error)

    def collectors(self) -> Sequence[str]:
        """Return the names of the queries."""
        return [query.name for query in (*self._on_scrape, *self._off_scrape)]

    def validate(self, deadline: Deadline) -> list[Finding]:
        """Check privileges, extensions and settings on the server."""
        return findings(self._session, (*self._on_scrape, *self._off_scrape), self._background.databases, deadline)

    def close(self) -> None:
        """Stop the background work and close the connections, without waiting."""
        self._sampler.close()
        self._background.close()
        self._session.close()

    def _collect_queries(self, run: Run) -> None:
        on_scrape, off_scrape = self._present(self._session.major())
        for query in on_scrape:
            if run.wants(query.name):
                with run.collector(query.name):
                    self._ask(query, run)
                if not self._session.connected:
                    return
        for query in off_scrape:
            if run.wants(query.name):
                with run.collector(query.name):
                    runner = self._sampler if query.sampled else self._background
                    run.add(*runner.families(query, run.deadline))
                    if error := runner.error(query):
                        raise error

    def _present(self, major: int) -> tuple[list[Query], list[Query]]:
        """Return the queries that apply to this version; the same lists as long as the server stays the same."""
        if major != self._major:
            self._queries = (
                [query for query in self._on_scrape if query.metrics_of(major)],
                [query for query in self._off_scrape if query.metrics_of(major)],
            )
            self._major = major
        return self._queries

    def _ask(self, query: Query, run: Run) -> None:
        answer = self._session.ask(query, run.deadline)
        run.add(*self._presenters[query.name].families(answer.rows))
        if answer.lacking:
            raise CollectError(answer.lacking, "some metrics are missing")

    def _privileges(self) -> Family:
        family = Family(
            "pantrywatch_privilege_granted",
            "gauge",
            "Whether the role has (1) a privilege, or the database an extension, that collectors need.",
            ("exporter", "privilege"),
        )
        privileges = self._session.privileges
        for requirement in privileges.answers:
            if requirement.startswith("column:"):
                continue  # of the application's own tables: a query that lacks one says so itself
            family.add(
                int(privileges.granted(requirement)), "database", requirement.partition(":")[2].partition("(")[0]
            )
        return family

    def _own_families(self, run: Run, started: float) -> Iterator[Family]:
        """postgres_exporter's metrics about itself, which dashboards made for it use."""
        # What runs off the scrape costs it nothing; `pantrywatch_query_*` has its cost.
        outcomes = [
            outcome
            for outcome in run.outcomes()
            if outcome.collector not in self._background and outcome.collector not in self._sampler
        ]
        success = Family("pg_scrape_collector_success", "gauge", "Whether a collector succeeded (1).", ("collector",))
        duration = Family("pg_scrape_collector_duration_seconds", "gauge", "Time a collector took.", ("collector",))
        for outcome in outcomes:
            success.add(int(outcome.error_class is None), outcome.collector)
            duration.add(outcome.seconds, outcome.collector)
        failed = any(outcome.error_class for outcome in run.outcomes())
        yield success
        yield duration
        yield _plain(
            "pg_exporter_last_scrape_error", "gauge", "Whether a collector failed (1) in the last scrape.", failed
        )
        yield _plain(
            "pg_exporter_last_scrape_duration_seconds",
            "gauge",
            "Time the last scrape took.",
            time.monotonic() - started,
        )
        yield _plain("pg_exporter_scrapes_total", "counter", "Scrapes of this server so far.", self._scrapes)


def _plain(name: str, kind: str, text: str, value: float) -> Family:
    family = Family(name, "counter" if kind == "counter" else "gauge", text)
    family.add(value)
    return family
