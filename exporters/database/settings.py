"""The `database` section of settings.yaml."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class DatabaseTarget:
    """One PostgreSQL server, reached directly or through PgBouncer; exactly one of `dsn` and `dsn_file` is given.

    `queries` names further query files (paths start at the settings file); `limits` replaces the row limit of a
    collector, by its name.
    """

    name: str
    dsn: str | None = None
    dsn_file: str | None = None
    queries: tuple[str, ...] = ()
    limits: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check the values. Raises ValueError."""
        if not self.name:
            raise ValueError("expected a name that is not empty")
        if wrong := [name for name, rows in self.limits.items() if rows < 1]:
            raise ValueError(f"expected limits of at least 1 row: {', '.join(wrong)}")
