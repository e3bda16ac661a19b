"""What `validate` says of a server: privileges, extensions and settings, each with the statement that mends it."""

from __future__ import annotations

from collections.abc import Sequence

from exporters.core.deadline import Deadline
from exporters.core.errors import CollectError, ErrorClass
from exporters.core.scrape import Finding
from exporters.database.queries import Metric, Query
from exporters.database.session import Session

_BY_CLASS = {
    ErrorClass.REFUSED: "start the server, or correct host and port in the DSN",
    ErrorClass.TIMEOUT: "the server or a firewall on the way to it does not answer",
    ErrorClass.AUTH: "correct user, password and database in the DSN, or pg_hba.conf",
    ErrorClass.TLS: "let sslmode in the DSN and pg_hba.conf agree",
    ErrorClass.DNS: "correct the host name in the DSN",
    ErrorClass.EXHAUSTED: "raise max_connections, or: GRANT pg_use_reserved_connections TO pantrywatch;",
}

# Name of the setting → what it should be and why.
_SETTINGS = {
    "track_io_timing": "without it the time spent reading and writing blocks stays 0",
    "track_counts": "without it there are no statistics of tables and autovacuum does not run",
    "track_activities": "without it the state of sessions is not known",
}

_READ_SETTINGS = Query(
    name="advice",
    source=f"pg_settings WHERE name IN ({', '.join(repr(name) for name in _SETTINGS)})",
    labels={"name": "name"},
    metrics=(Metric("pg_settings_on", "gauge", "Whether a setting is on.", "(setting = 'on')::int"),),
)
_UNREADABLE_SEQUENCES = Query(
    name="advice_sequences",
    source="pg_sequences WHERE NOT has_sequence_privilege(format('%I.%I', schemaname, sequencename), 'USAGE, SELECT')"
    " GROUP BY schemaname",
    labels={"schema": "quote_ident(schemaname)"},
    metrics=(Metric("pg_sequences_unreadable", "gauge", "Sequences.", "count(*)"),),
)


def findings(session: Session, queries: Sequence[Query], deadline: Deadline) -> list[Finding]:
    """Return the findings; only the connection's where there is none."""
    try:
        session.open(deadline)
        settings = session.ask(_READ_SETTINGS, deadline).rows
        closed_schemas = [labels[0] for labels, _ in session.ask(_UNREADABLE_SEQUENCES, deadline).rows]
    except CollectError as error:
        remedy = _BY_CLASS.get(error.error_class, "")
        return [Finding(ok=False, what=f"connection: {error.error_class.value}", remedy=remedy)]
    major = session.major()
    found = [Finding(ok=major >= 13, what=f"PostgreSQL {major} (supported: 13 and later)")]
    found += [_privilege(session, requirement, queries) for requirement in session.privileges.answers]
    for (name,), (value,) in settings:
        remedy = f"ALTER SYSTEM SET {name} = on; SELECT pg_reload_conf();  -- {_SETTINGS[name]}"
        found.append(Finding(ok=value == 1, what=f"setting {name}", remedy="" if value == 1 else remedy))
    grants = "\n".join(f"GRANT SELECT ON ALL SEQUENCES IN SCHEMA {name} TO pantrywatch;" for name in closed_schemas)
    found.append(Finding(ok=not closed_schemas, what="sequences can be read", remedy=grants))
    return found


def _privilege(session: Session, requirement: str, queries: Sequence[Query]) -> Finding:
    granted = session.privileges.granted(requirement)
    kind, _, name = requirement.partition(":")
    users = ", ".join(query.name for query in queries if requirement in query.requires)
    remedies = {
        "role": f"GRANT {name} TO pantrywatch;",
        "function": f"GRANT EXECUTE ON FUNCTION {name} TO pantrywatch;",
        "extension": f"add {name} to shared_preload_libraries, restart, then: CREATE EXTENSION {name};",
    }
    return Finding(ok=granted, what=f"{kind} {name} (for {users})", remedy="" if granted else remedies[kind])
