"""The `database` section of settings.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, ClassVar
from zoneinfo import TZPATH

from exporters.core.decoder import Problems, RecordCheck
from exporters.core.field_checks import at_least, at_most_entries, between, expect, matching, not_empty, unique_names

# Names that go into SQL: quoted there, and here without anything that could end a quotation.
_identifier = matching(
    r"[A-Za-z_][A-Za-z0-9_$ -]{0,62}", "the name of a table or column: letters, digits, _, $, - and spaces"
)
_zone_name = matching(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*", "a time zone such as Europe/Berlin")
_label_value = matching(r"[A-Za-z0-9][A-Za-z0-9 _.&/-]{0,39}", "a label value of at most 40 letters, digits and spaces")


def _one_address(dsn: str | None, dsn_file: str | None) -> Problems:
    if (dsn is None) == (dsn_file is None):
        yield "dsn", f"expected exactly one of dsn and dsn_file, got {'neither' if dsn is None else 'both'}"


def _time_zone(name: str) -> None:
    """Raise ValueError unless this is a time zone; where there is no list of them, unless it looks like one."""
    _zone_name(name)
    if TZPATH and any(Path(folder, "UTC").exists() for folder in TZPATH):
        expect(any(Path(folder, name).is_file() for folder in TZPATH), "a time zone such as Europe/Berlin", name)


@dataclass(frozen=True, slots=True)
class Business:
    """Numbers of the business from the tables of the CRM: what these are called where they have other names."""

    schema: Annotated[str, "The schema of the tables.", _identifier] = "public"
    tables: Annotated[dict[str, Annotated[str, _identifier]], "Table → the name that it has in your CRM."] = field(
        default_factory=dict
    )
    columns: Annotated[
        dict[str, Annotated[str, _identifier] | None],
        "`table.column` → the name that it has in your CRM. `is_deleted: null`: rows are really deleted; `deleted_at`: "
        "a column with the time of deletion, in place of `is_deleted`.",
    ] = field(default_factory=dict)
    values: Annotated[
        dict[
            str,
            Annotated[dict[str, Annotated[str, _label_value]], at_most_entries(20, "values of a label")],
        ],
        "Label → value in your CRM → value of the label; what is not listed is counted as `other`.",
    ] = field(default_factory=dict)
    time_zone: Annotated[str, "Where a day begins: the time zone of the staff.", _time_zone] = "UTC"
    stored_time_zone: Annotated[str, "The time zone of columns that are timestamps without one.", _time_zone] = "UTC"
    least_people: Annotated[
        int, "Roles with fewer users than this share `other`, so that no number is about one person.", between(2, 1000)
    ] = 5
    without: Annotated[tuple[str, ...], "Names of entries to leave out."] = ()


def _nothing_else(  # noqa: PLR0913, PLR0917 - one for each key that a console does not have
    pgbouncer: bool,  # noqa: FBT001 - must have the field's name
    queries: tuple[str, ...],
    limits: dict[str, int],
    intervals: dict[str, float],
    without: tuple[str, ...],
    include_databases: tuple[str, ...],
    exclude_databases: tuple[str, ...],
    business: Business | None,
) -> Problems:
    given = {
        "queries": queries,
        "limits": limits,
        "intervals": intervals,
        "without": without,
        "include_databases": include_databases,
        "exclude_databases": exclude_databases,
        "business": business,
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
    without: Annotated[
        tuple[str, ...], "Names of collectors to leave out; what rules and panels make of them is empty then."
    ] = ()
    include_databases: Annotated[
        tuple[str, ...], "Glob patterns of the databases whose tables, indexes and sequences are monitored; empty: all."
    ] = ()
    exclude_databases: Annotated[tuple[str, ...], "Glob patterns of databases to leave out."] = ()
    business: Annotated[
        Business | None,
        "Counts the business from the tables of the CRM in the database of the DSN; `{}`: as they are named.",
    ] = None

    CHECKS: ClassVar[tuple[RecordCheck, ...]] = (_one_address, _nothing_else)


Section = Annotated[tuple[DatabaseTarget, ...], unique_names]


def from_environment(environment: Mapping[str, str]) -> Section:
    """Return one server named `default`, from PANTRYWATCH_DATABASE_DSN or the file PANTRYWATCH_DATABASE_DSN_FILE."""
    dsn, dsn_file = environment.get("PANTRYWATCH_DATABASE_DSN"), environment.get("PANTRYWATCH_DATABASE_DSN_FILE")
    return (DatabaseTarget("default", dsn, dsn_file),) if dsn or dsn_file else ()
