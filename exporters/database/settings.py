"""The `database` section of settings.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class DatabaseTarget:
    """One PostgreSQL server, reached directly or through PgBouncer; exactly one of `dsn` and `dsn_file` is given.

    `queries` names further query files (paths start at the settings file); `limits` and `intervals` replace
    the row limit and the interval in seconds of a collector, by its name. Tables, indexes and sequences are looked at
    in the databases that match one of the glob patterns in `include_databases` (none: all) and none in
    `exclude_databases`.
    """

    name: str
    dsn: str | None = None
    dsn_file: str | None = None
    queries: tuple[str, ...] = ()
    limits: dict[str, int] = field(default_factory=dict)
    intervals: dict[str, float] = field(default_factory=dict)
    include_databases: tuple[str, ...] = ()
    exclude_databases: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check the values. Raises ValueError."""
        if not self.name:
            raise ValueError("expected a name that is not empty")
        if any(number < 1 for number in (*self.limits.values(), *self.intervals.values())):
            raise ValueError("expected limits of at least one row and intervals of at least one second")


Section = tuple[DatabaseTarget, ...]


def from_environment(environment: Mapping[str, str]) -> Section:
    """Return the one server, named `default`, of PANTRYWATCH_DATABASE_DSN or the file PANTRYWATCH_DATABASE_DSN_FILE."""
    dsn, dsn_file = environment.get("PANTRYWATCH_DATABASE_DSN"), environment.get("PANTRYWATCH_DATABASE_DSN_FILE")
    return (DatabaseTarget("default", dsn, dsn_file),) if dsn or dsn_file else ()
