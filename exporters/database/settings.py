"""The `database` section of settings.yaml."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DatabaseTarget:
    """One PostgreSQL server, reached directly or through PgBouncer; exactly one of `dsn` and `dsn_file` is given."""

    name: str
    dsn: str | None = None
    dsn_file: str | None = None
