"""Indexes that nothing needs, and those that a failed build has left."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from pantrywatch.analysis.advise.advice import Advice, duration, identifier, literal, qualified, size
from pantrywatch.analysis.advise.catalog import LARGE_BYTES, Database, ForeignKey, Index, Server, Table
from pantrywatch.analysis.advise.workload import Workload

# A month's end or a weekly report may need what was not used for some days: statistics younger than this are no proof.
UNUSED_SECONDS = 7 * 86400.0
_MUCH_LARGER = 3
_FIRST_START_SECONDS = 120.0  # from initdb to the first start, where statistics begin
_IN_USE_SCANS = 10
_LEFTOVER = re.compile(r".*_cc(new|old)\d*")
_LOCKS = "CONCURRENTLY waits for open transactions and blocks nobody"


def index_advice(
    server: Server, database: Database, workload: Workload, unused_seconds: float = UNUSED_SECONDS
) -> Iterator[Advice]:
    """Yield what to rebuild and what to drop; never both of two indexes that replace each other."""
    dropped: dict[int, Index] = {}
    for index in database.indexes:
        table = database.by_oid.get(index.table_oid)
        if table is None or index.is_partition:
            continue
        if not index.is_valid:
            yield from _rebuilt(server, database, index, table)
        elif _may_go(index) and database.whole(table).is_large and (other := _cover(index, database, dropped)):
            dropped[index.oid] = other
            yield _redundant(server, database, index, table, other)
    needed = {other.oid for other in dropped.values()}
    unused = [
        index
        for index in database.indexes
        if index.oid not in dropped and index.oid not in needed and _is_unused(server, database, index, workload)
    ]
    age = _age(server, database)
    if age is not None and age >= unused_seconds:
        yield from (_unused(server, database, index, age) for index in unused)
    elif age is not None and _is_all_of_its_life(server, database):
        # Too young for proof: the one that costs most, as what to keep an eye on.
        searched = [index for index in unused if _is_searched_otherwise(database, index)]
        largest = sorted(searched, key=lambda index: (-index.bytes, index.oid))[:1]
        yield from (replace(_unused(server, database, index, age), doubtful=True) for index in largest)


def _may_go(index: Index) -> bool:
    return not (index.is_unique or index.is_needed or index.is_partition or index.is_built) and index.is_valid


def _cover(index: Index, database: Database, dropped: dict[int, Index]) -> Index | None:
    """Return an index that stays and serves every search that this one does: the smallest of them."""
    others = [
        other
        for other in database.indexes_of[index.table_oid]
        if other.oid != index.oid and other.oid not in dropped and other.is_valid and _covers(other, index)
    ]
    return min(others, key=lambda other: (other.bytes, other.oid), default=None)


def _covers(other: Index, index: Index) -> bool:
    """Return whether `other` serves what `index` does; of two that are equal, one covers the other and not both."""
    same = (other.method, other.predicate, other.kind) == (index.method, index.predicate, index.kind)
    if not same or not set(index.columns[index.keys :]) <= set(other.columns):
        return False
    if other.key_columns == index.key_columns and len(other.columns) == len(index.columns):
        return not _may_go(other) or _stays(other) > _stays(index)
    longer = other.method == "btree" and other.key_columns[: index.keys] == index.key_columns
    # One whose first columns are unique is searched for them alone, by foreign keys too: no size of the longer matters.
    return longer and not (index.is_clustered and not other.is_clustered)


def _stays(index: Index) -> tuple[bool, int, int]:
    """Return what decides which of two equal indexes stays: the clustered, the more used, the older one."""
    return index.is_clustered, index.scans, -index.oid


def _redundant(server: Server, database: Database, index: Index, table: Table, other: Index) -> Advice:
    what = "has the same columns" if other.key_columns == index.key_columns else "begins with the same columns"
    whole = database.whole(table)
    return Advice(
        "drop-index",
        server.name,
        qualified(index.schema, index.name),
        f"{identifier(other.name)} {what} ({', '.join(index.columns)}) with the same operator classes, order and "
        f"condition; {size(index.bytes)}, {index.scans} scans, {whole.written} rows of the table written",
        f"{size(index.bytes)} less, one entry less for each row written; {identifier(other.name)} serves its searches",
        f"a search by it alone reads the larger {identifier(other.name)} ({size(other.bytes)}); {_locks(index)}",
        0.2 + min(index.bytes / 2**33, 0.2),
        *_dropped(index),
        database.name,
        doubtful=index.scans > 0 and other.bytes > _MUCH_LARGER * index.bytes,  # it may be there to be small
    )


def _is_unused(server: Server, database: Database, index: Index, workload: Workload) -> bool:
    """Return whether nothing has used an index, here and on all replicas, nor is known to need it."""
    table = database.by_oid.get(index.table_oid)
    if table is None or not _may_go(index) or index.scans or index.is_clustered or server.unseen_replicas:
        return False
    if any(scans.get(index.oid) for scans in database.replica_scans) or not database.whole(table).is_large:
        return False
    return not _serves_foreign_key(index, database) and not workload.searches(table, index)


def _is_all_of_its_life(server: Server, database: Database) -> bool:
    """Return whether the statistics are as old as the cluster: neither a reset nor a crash has ended earlier ones."""
    if database.statistics_seconds is not None or server.statistics_seconds is None or server.age_seconds is None:
        return False
    return server.age_seconds - server.statistics_seconds < _FIRST_START_SECONDS


def _is_searched_otherwise(database: Database, index: Index) -> bool:
    """Return whether it is worth a look: large, and its table in use by other indexes."""
    others = (other for other in database.indexes_of[index.table_oid] if other.oid != index.oid)
    return index.bytes >= LARGE_BYTES and any(other.scans >= _IN_USE_SCANS for other in others)


def _unused(server: Server, database: Database, index: Index, age: float) -> Advice:
    replicas = f" and on {len(database.replica_scans)} replicas" if database.replica_scans else ""
    return Advice(
        "drop-index",
        server.name,
        qualified(index.schema, index.name),
        f"0 scans in {duration(age)} here{replicas}, no statement filters by {index.columns[0]}; {size(index.bytes)}, "
        f"{database.whole(database.by_oid[index.table_oid]).written} rows of the table written",
        f"{size(index.bytes)} less, and one entry less for each row written",
        f"a report that runs less often than every {duration(age)} may need it; {_locks(index)}",
        0.15 + min(index.bytes / 2**33, 0.2),
        *_dropped(index),
        database.name,
    )


def _age(server: Server, database: Database) -> float | None:
    """Return how old the statistics are; a database without a reset has them since the server's, such as a crash."""
    return server.statistics_seconds if database.statistics_seconds is None else database.statistics_seconds


def _serves_foreign_key(index: Index, database: Database) -> bool:
    """Return whether it is the only index that a foreign key of its table has."""
    keys = [key for key in database.foreign_keys if key.table_oid == index.table_oid and serves(index, key, database)]
    others = [other for other in database.indexes_of[index.table_oid] if other.oid != index.oid]
    return any(not any(serves(other, key, database) for other in others) for key in keys)


def will_serve(index: Index) -> bool:
    """Return whether searches use an index, or will when the advice to build it again is followed."""
    return index.is_valid or index.is_needed or not (index.is_unique or _LEFTOVER.fullmatch(index.name))


def serves(index: Index, key: ForeignKey, database: Database) -> bool:
    """Return whether the rows of a foreign key are found by an index: its first columns in any order, all rows."""
    count = len(key.numbers)
    if not will_serve(index) or index.keys < count or set(index.numbers[:count]) != set(key.numbers):
        return False
    if index.method not in ("btree", "hash"):
        return False
    column = database.column_of.get((key.table_oid, key.numbers[0]))
    not_null = f"({identifier(column.name)} IS NOT NULL)" if column else ""
    return index.predicate is None or (count == 1 and index.predicate == not_null)


def _rebuilt(server: Server, database: Database, index: Index, table: Table) -> Iterator[Advice]:
    if index.is_built or index.kind == "I":
        return  # in progress; or waits for indexes of partitions to be attached
    name = qualified(index.schema, index.name)
    leftover = bool(_LEFTOVER.fullmatch(index.name)) and not index.is_needed
    goes = leftover or (index.is_unique and not index.is_needed)
    # A dump does not hold an index that is not valid: without it the schema is as before.
    drop, _ = _dropped(index)
    rebuild = (f"REINDEX INDEX CONCURRENTLY {name};",)
    sql, undo = (drop, ()) if goes else (rebuild, () if index.is_needed else drop)
    yield Advice(
        "rebuild-index",
        server.name,
        name,
        f"invalid: {'REINDEX' if leftover else 'CREATE INDEX'} CONCURRENTLY has failed or was canceled; "
        f"{size(index.bytes)} that no search reads, on a table of {table.rows:.0f} rows",
        _effect(index, leftover=leftover),
        _LOCKS,
        0.6,
        sql,
        undo,
        database.name,
    )


def _effect(index: Index, *, leftover: bool) -> str:
    if leftover:
        return "what is left of it no longer costs each write"
    if index.is_unique and not index.is_needed:
        return (
            "writes no longer pay for it; create it again when no rows are left that are not unique, its likely cause"
        )
    return "searches use it; until then it only costs each write"


def _locks(index: Index) -> str:
    return "DROP INDEX of a partitioned table blocks it for a moment" if index.kind == "I" else _LOCKS


def _dropped(index: Index) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the statements that drop it, and those that make it again, with what its definition does not hold."""
    name = qualified(index.schema, index.name)
    if index.kind == "I":
        drop, create = f"DROP INDEX {name};", index.definition.replace(" ON ONLY ", " ON ", 1)
    else:
        drop, create = (
            f"DROP INDEX CONCURRENTLY {name};",
            index.definition.replace(" INDEX ", " INDEX CONCURRENTLY ", 1),
        )
    undo = [f"{create};"]
    if index.tablespace:
        undo = [f"SET default_tablespace = {identifier(index.tablespace)};", *undo, "RESET default_tablespace;"]
    if index.comment:
        undo.append(f"COMMENT ON INDEX {name} IS {literal(index.comment)};")
    targets = sorted((index.statistics or {}).items(), key=lambda item: int(item[0]))
    undo += [f"ALTER INDEX {name} ALTER COLUMN {number} SET STATISTICS {target};" for number, target in targets]
    return (drop,), tuple(undo)
