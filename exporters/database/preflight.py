"""What `validate` reports about a server: privileges, extensions and settings, with the statements that fix them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from exporters.core.deadline import Deadline
from exporters.core.errors import CollectError, ErrorClass
from exporters.core.scrape import Finding, Level
from exporters.database.databases import LIST, Databases, listed
from exporters.database.queries import RANGE_COLUMNS, Metric, Query, version_numbers
from exporters.database.session import Session
from exporters.database.stat_monitor import PROMISED, Options
from exporters.database.unmapped import unmapped

_BY_CLASS = {
    ErrorClass.REFUSED: "start the server, or correct host and port in the DSN",
    ErrorClass.TIMEOUT: "the server, or a firewall on the way to it, does not answer",
    ErrorClass.AUTH: "correct user, password and database in the DSN, or pg_hba.conf",
    ErrorClass.TLS: "make sslmode in the DSN and pg_hba.conf agree",
    ErrorClass.DNS: "correct the host name in the DSN",
    ErrorClass.EXHAUSTED: "raise max_connections, or: GRANT pg_use_reserved_connections TO pantrywatch;",
}

# Setting → why it should be on.
_SETTINGS = {
    "track_io_timing": "without it the time spent reading and writing blocks stays 0",
    "track_counts": "without it there are no statistics of tables and autovacuum does not run",
    "track_activities": "without it the state of sessions is unknown",
}

_READ_SETTINGS = Query(
    name="advice",
    source=f"pg_settings WHERE name IN ({', '.join(repr(name) for name in _SETTINGS)})",
    labels={"name": "name"},
    metrics=(Metric("pg_settings_on", "gauge", "Whether a setting is on.", "(setting = 'on')::int"),),
)
# Setting → what it must be for errors to be counted by SQLSTATE (`database_log`), and the statement for that.
_OF_LOG = {
    "logging_collector": ("setting = 'on'", "ALTER SYSTEM SET logging_collector = on;  -- takes a restart"),
    "log_destination": (
        "setting ~* '(csv|json)log'",
        "ALTER SYSTEM SET log_destination = 'stderr, csvlog'; SELECT pg_reload_conf();",
    ),
    "log_min_messages": (
        "setting NOT IN ('log', 'fatal', 'panic')",
        "ALTER SYSTEM SET log_min_messages = 'warning'; SELECT pg_reload_conf();",
    ),
}
_READ_LOG = Query(
    name="advice_log",
    source=f"pg_settings WHERE name IN ({', '.join(repr(name) for name in _OF_LOG)})",
    labels={"name": "name"},
    metrics=(
        Metric(
            "pg_settings_of_log",
            "gauge",
            "Whether a setting lets errors reach a csvlog or jsonlog.",
            f"(CASE name {' '.join(f'WHEN {name!r} THEN {so}' for name, (so, _) in _OF_LOG.items())} END)::int",
        ),
    ),
)
_UNREADABLE_SEQUENCES = Query(
    name="advice_sequences",
    source="pg_sequences WHERE NOT has_sequence_privilege(format('%I.%I', schemaname, sequencename), 'USAGE, SELECT')"
    " GROUP BY schemaname",
    labels={"schema": "quote_ident(schemaname)"},
    metrics=(Metric("pg_sequences_unreadable", "gauge", "Sequences.", "count(*)"),),
)


_VERSIONS = Query(
    name="advice_extensions",
    source="pg_extension JOIN pg_available_extensions() ON name = extname",
    labels={"name": "extname", "installed": "extversion", "available": "default_version"},
    metrics=(Metric("pg_extensions_installed", "gauge", "One.", "1"),),
)
_NAMES = Query(
    name="advice_names",
    source="(SELECT 1) AS one",
    labels={"role": "quote_ident(current_user)", "database": "current_database()"},
    metrics=(Metric("pg_names", "gauge", "One.", "1"),),
)


def findings(session: Session, queries: Sequence[Query], databases: Databases, deadline: Deadline) -> list[Finding]:
    """Return the findings; only the connection's if it fails."""
    try:
        session.open(deadline)
        return [*_server(session, queries, deadline), *_databases(session, databases, deadline)]
    except CollectError as error:
        remedy = _BY_CLASS.get(error.error_class, "")
        return [Finding(False, f"connection: {error.error_class.value}", remedy, Level.FAULT)]


def _server(session: Session, queries: Sequence[Query], deadline: Deadline) -> Iterator[Finding]:
    """Check version, privileges, extensions, settings and sequences."""
    major = session.major()
    yield Finding(major >= 13, f"PostgreSQL {major} (supported: 13 and later)", level=Level.FAULT)
    ((role, database),) = [labels for labels, _ in session.ask(_NAMES, deadline).rows]
    versions = {name: (installed, there) for (name, installed, there), _ in session.ask(_VERSIONS, deadline).rows}
    yield from unmapped(session.privileges, queries, role)
    for requirement in session.privileges.answers:
        if requirement.startswith("column:"):
            continue
        yield _privilege(session, requirement, queries, role, database)
        if session.privileges.granted(requirement) and requirement.startswith("extension:"):
            name = requirement.partition(":")[2]
            yield from _outdated(database, name, *versions.get(name, ("", "")))
    for (name,), (value,) in session.ask(_READ_SETTINGS, deadline).rows:
        remedy = f"ALTER SYSTEM SET {name} = on; SELECT pg_reload_conf();  -- {_SETTINGS[name]}"
        yield Finding(value == 1, f"setting {name}", "" if value == 1 else remedy, Level.ADVICE)
    yield _log(session, deadline)
    yield from _monitor(session, queries, deadline)
    closed = [labels[0] for labels, _ in session.ask(_UNREADABLE_SEQUENCES, deadline).rows]
    grants = "\n".join(
        f"GRANT SELECT ON ALL SEQUENCES IN SCHEMA {name} TO {role};  -- in database {database}" for name in closed
    )
    yield Finding(ok=not closed, what="sequences can be read", remedy=grants)


def _privilege(session: Session, requirement: str, queries: Sequence[Query], role: str, database: str) -> Finding:
    granted = session.privileges.granted(requirement)
    kind, _, name = requirement.partition(":")
    users = ", ".join(query.name for query in queries if requirement in query.requires)
    remedies = {
        "role": f"GRANT {name} TO {role};",
        "function": f"GRANT EXECUTE ON FUNCTION pg_catalog.{name} TO {role};  -- in database {database}; if "
        f"only the provider may: GRANT pg_monitor TO {role};",
        "extension": f"add {name} to shared_preload_libraries, restart, then: CREATE EXTENSION {name};"
        f"  -- in database {database}",
    }
    return Finding(ok=granted, what=f"{kind} {name} (for {users})", remedy="" if granted else remedies[kind])


def _log(session: Session, deadline: Deadline) -> Finding:
    """Report whether errors can be counted by SQLSTATE, or only as transactions rolled back."""
    lacking = [name for (name,), (value,) in session.ask(_READ_LOG, deadline).rows if not value]
    what = "the server writes its errors as csvlog or jsonlog"
    remedy = "\n".join(_OF_LOG[name][1] for name in sorted(lacking, reverse=True))
    reason = "  -- without it errors are not counted by SQLSTATE: docs/deploy.md, database_log"
    return Finding(not lacking, what, remedy + reason if lacking else "", Level.ADVICE)


def _monitor(session: Session, queries: Sequence[Query], deadline: Deadline) -> Iterator[Finding]:
    """Report whether pg_stat_monitor can count statements, where a server has it."""
    query = next((one for one in queries if one.ranges), None)
    if query is None or not all(map(session.privileges.granted, query.requires)):
        return
    what = "pg_stat_monitor counts statements exactly"
    try:
        rows = session.ask(query, deadline).rows
    except CollectError as error:
        remedy = "add pg_stat_monitor to shared_preload_libraries and restart"
        yield Finding(False, f"{what}: {error.error_class.value}", remedy, Level.ADVICE)
        return
    lacking = ["install pg_stat_monitor 2.1 or newer, then: ALTER EXTENSION pg_stat_monitor UPDATE;"]
    if rows:
        names, (_, values) = [metric.name for metric in query.columns()], rows[0]
        options = Options(*(values[names.index(name)] or 0.0 for name in RANGE_COLUMNS[3:8]))
        lacking = list(_to_set(options))
    yield Finding(not lacking, what, "\n".join(lacking), Level.ADVICE)


def _to_set(options: Options) -> Iterator[str]:
    """Yield what makes the settings of pg_stat_monitor fit."""
    if not options.has_the_edge():
        reason = f"-- takes a restart; no range ends at {PROMISED:g} s now"
        yield f"ALTER SYSTEM SET pg_stat_monitor.pgsm_histogram_min = 0;  {reason}"
        for name, installed, now in (("max", 100_000, options.most), ("buckets", 20, options.between)):
            if now != installed:
                yield f"ALTER SYSTEM RESET pg_stat_monitor.pgsm_histogram_{name};"
    if not options.stays():
        reason = "-- takes a restart; a bucket is gone within a minute now"
        yield f"ALTER SYSTEM SET pg_stat_monitor.pgsm_max_buckets = {_buckets(options.bucket_seconds)};  {reason}"


def _buckets(seconds: float) -> int:
    """Return how many buckets of this length last ten minutes, but as many as are installed at least."""
    return max(10, math.ceil(600 / max(seconds, 1.0)))


def _outdated(database: str, name: str, installed: str, available: str) -> Iterator[Finding]:
    """Report an extension that pg_upgrade has left at the old server's version."""
    if version_numbers(installed) < version_numbers(available):
        what = f"extension {name} has version {installed}, this server offers {available}"
        remedy = f"ALTER EXTENSION {name} UPDATE;  -- in database {database}"
        yield Finding(False, what, remedy, Level.ADVICE)


def _databases(session: Session, databases: Databases, deadline: Deadline) -> Iterator[Finding]:
    """Try to connect to each monitored database, and report those that refuse."""
    known = listed(session.ask(LIST, deadline).rows)
    for database in known:
        quoted = '"' + database.name.replace('"', '""') + '"'
        if database.state == "invalid":
            what = f"database {database.name} is invalid: an interrupted DROP DATABASE must be repeated"
            yield Finding(False, what, f"DROP DATABASE {quoted};", Level.ADVICE)
        elif database.state == "open" and databases.wants(database.name):
            yield from _entered(session.elsewhere(database.stored), database.name, deadline)


def _entered(session: Session, name: str, deadline: Deadline) -> Iterator[Finding]:
    try:
        session.open(deadline)
    except CollectError as error:
        remedy = (
            "allow the role to connect (pg_hba.conf, CONNECT, connection limits), or exclude it: "
            f"exclude_databases: ['{name}']"
        )
        yield Finding(ok=False, what=f"database {name}: {error.error_class.value}", remedy=remedy)
    finally:
        session.close()
