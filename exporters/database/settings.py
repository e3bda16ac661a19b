"""The `database` section of settings.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from exporters.core.decoder import Problems, RecordCheck
from exporters.core.field_checks import at_least, between, not_empty, unique_names


def _one_address(dsn: str | None, dsn_file: str | None) -> Problems:
    if (dsn is None) == (dsn_file is None):
        yield "dsn", f"expected exactly one of dsn and dsn_file, got {'neither' if dsn is None else 'both'}"


def _nothing_else(  # noqa: PLR0913, PLR0917 - one for each key that a console does not have
    pgbouncer: bool,  # noqa: FBT001 - must have the field's name
    queries: tuple[str, ...],
    limits: dict[str, int],
    intervals: dict[str, float],
    include_databases: tuple[str, ...],
    exclude_databases: tuple[str, ...],
) -> Problems:
    given = {
        "queries": queries,
        "limits": limits,
        "intervals": intervals,
        "include_databases": include_databases,
        "exclude_databases": exclude_databases,
    }
    for name, value in given.items():
        if pgbouncer and value:
            yield name, f"expected no {name} for an admin console of PgBouncer"


@dataclass(frozen=True, slots=True)
class DatabaseTarget:
    """One PostgreSQL server, reached directly or through PgBouncer, or one PgBouncer's admin console.

    Exactly one of `dsn` and `dsn_file` is given.
    """

    name: Annotated[str, "The value of the label `instance`; unique in the section.", not_empty]
    dsn: Annotated[str | None, "Connection string without a password, such as `postgresql://user@host/database`."] = (
        None
    )
    dsn_file: Annotated[str | None, "The file with the connection string."] = None
    pgbouncer: Annotated[
        bool, "The address is the admin console of a PgBouncer (database `pgbouncer`): its pools are monitored."
    ] = False
    queries: Annotated[tuple[str, ...], "Additional query files."] = ()
    limits: Annotated[
        dict[str, Annotated[int, at_least(1)]], "Collector → maximum number of rows, in place of its own limit."
    ] = field(default_factory=dict)
    intervals: Annotated[
        dict[str, Annotated[float, between(1, 1200)]],
        "Collector → seconds between two runs, in place of its own; after an hour without success it is stale.",
    ] = field(default_factory=dict)

    include_databases: Annotated[
        tuple[str, ...], "Glob patterns of the databases whose tables, indexes and sequences are monitored; empty: all."
    ] = ()
    exclude_databases: Annotated[tuple[str, ...], "Glob patterns of databases to leave out."] = ()

    CHECKS: ClassVar[tuple[RecordCheck, ...]] = (_one_address, _nothing_else)


Section = Annotated[tuple[DatabaseTarget, ...], unique_names]


def from_environment(environment: Mapping[str, str]) -> Section:
    """Return one server named `default`, from PANTRYWATCH_DATABASE_DSN or the file PANTRYWATCH_DATABASE_DSN_FILE."""
    dsn, dsn_file = environment.get("PANTRYWATCH_DATABASE_DSN"), environment.get("PANTRYWATCH_DATABASE_DSN_FILE")
    return (DatabaseTarget("default", dsn, dsn_file),) if dsn or dsn_file else ()
