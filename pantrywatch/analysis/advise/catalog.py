"""What is known of a server: records of the rows that catalog.yaml asks for.

Sizes are in bytes, times in seconds; counts of rows, scans and calls are since the statistics were reset.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

# Below both a table is small: no index of it is worth advice.
LARGE_ROWS = 10_000
LARGE_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Table:
    """A table, a partitioned table (kind p) or a materialized view (m). `parent`: of which it is a partition."""

    oid: int
    schema: str
    name: str
    kind: str = "r"
    estimated_rows: float = -1.0  # by the last ANALYZE; -1: there was none
    bytes: int = 0
    parent: int | None = None
    live: int = 0
    dead: int = 0
    changed: int = 0
    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    scans: int = 0
    scanned_rows: int = 0
    analyzed_seconds: float | None = None
    vacuumed_seconds: float | None = None
    frozen_age: int = 0
    options: Sequence[tuple[str, str]] = ()  # in the order in which a dump has them

    @property
    def rows(self) -> float:
        """Return about how many rows it has."""
        return max(self.estimated_rows, float(self.live), 0.0)

    @property
    def written(self) -> int:
        """Return how many rows were written."""
        return self.inserted + self.updated + self.deleted

    @property
    def is_large(self) -> bool:
        """Return whether an index of it is worth advice."""
        return self.rows >= LARGE_ROWS or self.bytes >= LARGE_BYTES


@dataclass(frozen=True, slots=True)
class Column:
    """A column. What pg_stats says is None without the privilege to read the table, and before ANALYZE."""

    table_oid: int
    number: int
    name: str
    type: str = "integer"
    distinct_values: float | None = None
    null_share: float | None = None
    width: int | None = None
    commonest_share: float | None = None

    def distinct(self, rows: float) -> float | None:
        """Return how many values it has in a table of so many rows, or None if not known."""
        if self.distinct_values is None:
            return None
        return max(1.0, -self.distinct_values * rows if self.distinct_values < 0 else self.distinct_values)


@dataclass(frozen=True, slots=True)
class Index:
    """An index, of kind I on a partitioned table. The first `keys` of its columns are searched, others are included."""

    oid: int
    table_oid: int
    schema: str
    name: str
    method: str = "btree"
    kind: str = "i"
    is_partition: bool = False
    keys: int = 1
    numbers: tuple[int, ...] = ()
    columns: tuple[str, ...] = ()
    classes: tuple[int, ...] = ()
    collations: tuple[int, ...] = ()
    options: tuple[int, ...] = ()
    predicate: str | None = None
    is_unique: bool = False
    is_valid: bool = True
    is_clustered: bool = False
    is_needed: bool = False  # by a constraint, or as replica identity
    is_built: bool = False  # some index of its table, right now
    bytes: int = 0
    scans: int = 0
    definition: str = ""
    tablespace: str | None = None
    comment: str | None = None
    statistics: Mapping[str, int] | None = None

    @property
    def key_columns(self) -> tuple[tuple[object, ...], ...]:
        """Return of each column that is searched all that decides which searches it serves."""
        parts = zip(self.columns, self.classes, self.collations, self.options, strict=False)
        return tuple(parts)[: self.keys]


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A foreign key of a table; on a partitioned one, not those that its partitions have from it."""

    name: str
    table_oid: int
    parent_oid: int
    numbers: tuple[int, ...]
    parent_numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class NumberSequence:
    """A sequence that counts upwards, and the column that owns it. `given` is None before its first use."""

    schema: str
    name: str
    last: int
    type: str = "bigint"
    given: int | None = None
    is_readable: bool = True
    is_identity: bool | None = None
    table_schema: str | None = None
    table_name: str | None = None
    column_name: str | None = None
    column_type: str | None = None


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting, with its value in its unit; `is_altered`: set by ALTER SYSTEM."""

    name: str
    setting: str
    unit: str | None = None
    type: str = "string"
    source: str = "default"
    context: str = "user"
    is_altered: bool = False


@dataclass(frozen=True, slots=True)
class Override:
    """A setting for a database, a role, or a role in a database; the other is empty."""

    name: str
    value: str
    database: str = ""
    role: str = ""


@dataclass(frozen=True, slots=True)
class Statement:
    """A normalized statement. Its text is read here and never printed."""

    database: str
    queryid: str
    calls: int
    seconds: float
    rows: int
    blocks: int
    temp_blocks: int
    text: str


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """Checkpoints by their cause, and the WAL written, since the statistics were reset."""

    timed: int
    requested: int
    seconds: float
    wal_bytes: int


@dataclass(frozen=True)
class Database:
    """One database, as read."""

    name: str
    tables: tuple[Table, ...] = ()
    columns: tuple[Column, ...] = ()
    indexes: tuple[Index, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    sequences: tuple[NumberSequence, ...] = ()
    statistics_seconds: float | None = None
    temp_files: int = 0
    temp_bytes: int = 0
    # Of each replica that could be read: scans of an index by its oid.
    replica_scans: tuple[Mapping[int, int], ...] = ()

    @cached_property
    def by_oid(self) -> Mapping[int, Table]:
        """Return the tables by their oid."""
        return {table.oid: table for table in self.tables}

    @cached_property
    def column_of(self) -> Mapping[tuple[int, int], Column]:
        """Return the columns by oid of the table and number."""
        return {(column.table_oid, column.number): column for column in self.columns}

    @cached_property
    def indexes_of(self) -> Mapping[int, tuple[Index, ...]]:
        """Return the indexes by the oid of their table."""
        found: dict[int, tuple[Index, ...]] = {}
        for index in self.indexes:
            found[index.table_oid] = (*found.get(index.table_oid, ()), index)
        return found

    def whole(self, table: Table) -> Table:
        """Return a partitioned table with the sums of its partitions, any other as it is."""
        if table.kind != "p":
            return table
        parts = [self.whole(part) for part in self.tables if part.parent == table.oid]
        return Table(
            table.oid,
            table.schema,
            table.name,
            "p",
            sum(part.rows for part in parts),
            sum(part.bytes for part in parts),
            table.parent,
            inserted=sum(part.inserted for part in parts),
            updated=sum(part.updated for part in parts),
            deleted=sum(part.deleted for part in parts),
            scans=sum(part.scans for part in parts),
            scanned_rows=sum(part.scanned_rows for part in parts),
        )


@dataclass(frozen=True)
class Server:
    """One server, as read. `unseen_replicas`: how many stream from it and are not in the settings."""

    name: str
    major: int = 15
    is_standby: bool = False
    system: str | None = None
    statistics_seconds: float | None = None
    age_seconds: float | None = None
    oldest_seconds: float | None = None
    unseen_replicas: int = 0
    settings: Mapping[str, Setting] = field(default_factory=dict)
    overrides: tuple[Override, ...] = ()
    checkpoints: Checkpoints | None = None
    databases: tuple[Database, ...] = ()
    statements: tuple[Statement, ...] = ()
