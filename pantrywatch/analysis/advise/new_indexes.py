"""Indexes that are missing: for filters that read whole tables, and for foreign keys whose parents go."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from pantrywatch.analysis.advise.advice import Advice, identifier, qualified, size
from pantrywatch.analysis.advise.catalog import LARGE_ROWS, Column, Database, ForeignKey, Index, Server, Table
from pantrywatch.analysis.advise.indexes import serves, will_serve
from pantrywatch.analysis.advise.workload import Search, Workload, normalized

_PAGE_BYTES = 8192
_LEAST_PAGES = 100  # a statement that reads fewer in a call has no need of an index
_SELECTIVE = 0.05  # of the rows: more are read faster without an index
_ENOUGH = 50  # rows that are left: another column would not help
_MOST_KEYS = 3
_FIRST_ROWS = 1000  # of a page that is shown: more are read faster by sorting all
# Values of these are not compared by btree, or are longer than its entries may be.
_UNSUITED = ("json", "jsonb", "xml", "point", "box", "polygon", "circle", "path", "line", "lseg", "tsvector", "bytea")
_MOST_WIDTH = 500
_TUPLE_BYTES, _FILLED = 16, 0.9  # of a btree: header and pointer of an entry, share of a page that is filled


@dataclass(slots=True)
class _Wanted:
    """An index that something needs. `rows` that it finds in a search: None if not known."""

    table: Table
    keys: tuple[str, ...]
    searches: list[Search] = field(default_factory=list)
    rows: float | None = None
    foreign_keys: list[ForeignKey] = field(default_factory=list)
    doubtful: bool = False


def new_index_advice(server: Server, database: Database, workload: Workload) -> Iterator[Advice]:
    """Yield the indexes to create; none that exists, is covered, or serves fewer reads than it costs writes."""
    wanted: dict[tuple[int, tuple[str, ...]], _Wanted] = {}
    for table in database.tables:
        if table.parent is None and database.whole(table).rows >= LARGE_ROWS:
            for one in _by_searches(database, table, workload):
                known = wanted.setdefault((table.oid, one.keys), one)
                if known is not one:
                    known.searches += one.searches
                    known.doubtful = known.doubtful and one.doubtful
    for key in database.foreign_keys:
        _add_foreign_key(database, workload, key, wanted)
    total = sum(statement.seconds for statement in server.statements) or 1.0
    for one in _without_prefixes(wanted.values()):
        if _exists(database, one):
            continue
        if one.foreign_keys or workload.updates(one.table, one.keys) <= 10 * sum(
            search.statement.calls for search in one.searches
        ):
            yield _advice(server, database, one, total)


def _exists(database: Database, wanted: _Wanted) -> bool:
    keys = tuple(map(normalized, wanted.keys))
    indexes = (
        index
        for index in database.indexes_of.get(wanted.table.oid, ())
        if will_serve(index) and index.predicate is None
    )
    return any(tuple(map(normalized, index.columns[: len(keys)])) == keys for index in indexes)


def _by_searches(database: Database, table: Table, workload: Workload) -> Iterator[_Wanted]:
    whole = database.whole(table)
    pages = max(whole.bytes / _PAGE_BYTES, whole.rows / 100)
    for search in workload.searches_of.get(table.oid, ()):
        if search.statement.blocks / search.statement.calls < max(_LEAST_PAGES, 0.5 * pages):
            continue  # it does not read the table whole
        if any(_is_served(index, search, database, whole) for index in database.indexes_of.get(table.oid, ())):
            continue
        joined = (join.key for join in search.joins if _is_narrow(database, join.other_oid, workload, search))
        found = [*_of_search(database, whole, table, search, search.equal or tuple(joined))]
        yield from found or [*_of_range(database, whole, table, search), *_of_order(database, table, search)][:1]


def _of_search(
    database: Database, whole: Table, table: Table, search: Search, equal: tuple[str, ...]
) -> Iterator[_Wanted]:
    columns = {key: _column(database, table, key) for key in equal}
    suited = [key for key, column in columns.items() if column is not None and _is_suited(column)]
    distinct = {key: _distinct(columns[key], whole.rows) for key in suited}
    suited.sort(key=lambda key: (-(distinct[key] or 0.0), key))
    keys, left = list[str](), whole.rows
    for key in suited[:_MOST_KEYS]:
        if left <= _ENOUGH:
            break
        values = distinct[key]
        if values is not None and values < 2:  # one for all rows
            continue
        keys.append(key)
        left /= values or 1.0
    known = all(distinct[key] is not None for key in keys)
    seen = search.statement.rows / search.statement.calls if search.counts_rows else None
    rows = seen if not known else left if seen is None else max(left, seen)
    if keys and (rows is None or rows <= _SELECTIVE * whole.rows):
        yield _Wanted(table, tuple(keys), [search], rows, doubtful=rows is None or (not known and len(keys) > 1))


def _of_range(database: Database, whole: Table, table: Table, search: Search) -> Iterator[_Wanted]:
    """Yield an index on a column of which a statement asks for a range, if few rows come back."""
    rows = search.statement.rows / search.statement.calls
    if search.equal or len(search.ranges) != 1 or not search.counts_rows or rows > _SELECTIVE * whole.rows:
        return
    column = _column(database, table, search.ranges[0])
    if column is not None and _is_suited(column):
        yield _Wanted(table, search.ranges, [search], rows)


def _of_order(database: Database, table: Table, search: Search) -> Iterator[_Wanted]:
    """Yield an index in the order in which a statement takes the first rows, after the columns of its filter."""
    rows = search.statement.rows / search.statement.calls
    keys = (*search.equal[: _MOST_KEYS - 1], search.order)
    columns = [_column(database, table, key) for key in keys]
    if not search.order or search.joins or not 0 < rows <= _FIRST_ROWS or search.order in search.equal:
        return
    if all(column is not None and _is_suited(column) for column in columns):
        yield _Wanted(table, keys, [search], rows)


def _is_narrow(database: Database, oid: int, workload: Workload, search: Search) -> bool:
    """Return whether the statement finds few rows of another table by an index, so that a join reads few here."""
    return any(
        normalized(index.columns[0]) in map(normalized, other.equal) and (index.is_unique or index.scans > 0)
        for other in workload.searches_of.get(oid, ())
        if other.statement is search.statement
        for index in database.indexes_of.get(oid, ())
        if index.is_valid
    )


def _is_served(index: Index, search: Search, database: Database, whole: Table) -> bool:
    """Return whether an index finds the rows, or might: a partial one is given the benefit of the doubt."""
    joined = () if search.equal else (join.key for join in search.joins)
    keys = set(map(normalized, (*search.equal, *search.ranges, search.order, *joined)))
    if not will_serve(index) or not index.columns or normalized(index.columns[0]) not in keys:
        return False
    column = database.column_of.get((index.table_oid, index.numbers[0]))
    distinct = _distinct(column, whole.rows)
    if distinct is None or normalized(index.columns[0]) not in map(normalized, search.equal):
        return True
    return distinct >= 1 / _SELECTIVE


def _add_foreign_key(
    database: Database, workload: Workload, key: ForeignKey, wanted: dict[tuple[int, tuple[str, ...]], _Wanted]
) -> None:
    child, parent = database.by_oid.get(key.table_oid), database.by_oid.get(key.parent_oid)
    if child is None or parent is None or child.parent is not None or database.whole(child).rows < LARGE_ROWS:
        return
    if any(serves(index, key, database) for index in database.indexes_of.get(child.oid, ())):
        return
    names = tuple(database.column_of[child.oid, number].name for number in key.numbers)
    parents = [database.column_of[parent.oid, number].name for number in key.parent_numbers]
    gone = database.whole(parent).deleted + workload.updates(parent, parents)
    same = next(
        (one for one in wanted.values() if one.table is child and set(one.keys[: len(names)]) == set(names)), None
    )
    if same is not None:
        same.foreign_keys.append(key)
        same.doubtful = same.doubtful and not gone
    elif gone:
        wanted[child.oid, names] = _Wanted(child, names, foreign_keys=[key])


def _without_prefixes(wanted: Iterable[_Wanted]) -> list[_Wanted]:
    """Leave out what a longer index of the list serves, which takes over its reasons."""
    every, left = sorted(wanted, key=lambda one: (len(one.keys), one.keys)), list[_Wanted]()
    for position, one in enumerate(every):
        count = len(one.keys)
        longer = (
            other
            for other in every[position + 1 :]
            if other.table is one.table and len(other.keys) > count and set(other.keys[:count]) == set(one.keys)
        )
        if (other := next(longer, None)) is None:
            left.append(one)
        else:
            other.searches += one.searches
            other.foreign_keys += one.foreign_keys
    return left


def _column(database: Database, table: Table, key: str) -> Column | None:
    name = key.removeprefix("lower(").removesuffix(")") if key.startswith("lower(") else key
    return next((one for one in database.columns if one.table_oid == table.oid and one.name == name), None)


def _is_suited(column: Column) -> bool:
    return (
        not column.type.startswith(_UNSUITED) and not column.type.endswith("[]") and (column.width or 0) <= _MOST_WIDTH
    )


def _distinct(column: Column | None, rows: float) -> float | None:
    return None if column is None else column.distinct(rows)


def _advice(server: Server, database: Database, wanted: _Wanted, total: float) -> Advice:
    table = wanted.table
    whole = database.whole(table)
    shown = ", ".join(map(_shown, wanted.keys))
    name = _free_name(database, table, wanted.keys)
    seconds = sum({search.statement.queryid: search.statement.seconds for search in wanted.searches}.values())
    concurrently = "" if table.kind == "p" else " CONCURRENTLY"
    place = qualified(table.schema, table.name)
    width = sum((_column(database, table, key) or Column(0, 0, "")).width or 8 for key in wanted.keys)
    bytes_ = whole.rows * (_TUPLE_BYTES + width + 4) / _FILLED
    lock = (
        "blocks writes to the whole table while it is built: on a busy one create it ON ONLY, on each partition "
        "CONCURRENTLY, and attach those"
        if table.kind == "p"
        else "the build reads the table twice, takes disk and processor, and blocks nobody"
    )
    return Advice(
        "create-index",
        server.name,
        f"{place} ({shown})",
        "; ".join(_evidence(database, wanted, whole, seconds / total)),
        _effect(wanted, whole),
        f"about {size(bytes_)}, and one entry more for each row written ({whole.inserted + whole.updated} since the "
        f"reset); {lock}",
        min(1.0, 0.3 + seconds / total + (0.2 if wanted.foreign_keys else 0.0)) * (0.5 if wanted.doubtful else 1.0),
        (f"CREATE INDEX{concurrently} {identifier(name)} ON {place} ({shown});",),
        (f"DROP INDEX{concurrently} {qualified(table.schema, name)};",),
        database.name,
        doubtful=wanted.doubtful,
        search=_search(place, wanted.keys),
        statements=tuple({search.statement.queryid: None for search in wanted.searches}),
    )


def _search(place: str, keys: tuple[str, ...]) -> str:
    conditions = " AND ".join(f"{_shown(key)} = ${number}" for number, key in enumerate(keys, 1))
    return f"SELECT 1 FROM {place} WHERE {conditions}"  # noqa: S608 - quoted names of the catalog


def _evidence(database: Database, wanted: _Wanted, whole: Table, share: float) -> Iterator[str]:
    for search in sorted(wanted.searches, key=lambda one: (-one.statement.seconds, one.statement.queryid))[:3]:
        one = search.statement
        yield (
            f"statement {one.queryid}: {one.calls} calls read {one.blocks / one.calls:.0f} pages each, "
            f"{1000 * one.seconds / one.calls:.3g} ms"
        )
    if wanted.searches:
        rows = "a number of rows that is not known" if wanted.rows is None else f"about {max(wanted.rows, 1):.0f}"
        yield f"{100 * share:.2g} % of the time of all statements; finds {rows} of {whole.rows:.0f} rows"
    for key in wanted.foreign_keys[:3]:
        parent = database.by_oid[key.parent_oid]
        deleted = database.whole(parent).deleted
        yield (
            f"foreign key {identifier(key.name)} has no index: each of {deleted} deleted rows of "
            f"{qualified(parent.schema, parent.name)} looked through {whole.rows:.0f} rows"
        )


def _effect(wanted: _Wanted, whole: Table) -> str:
    if not wanted.searches:
        return f"a deleted row of the parent takes a few pages in place of {max(whole.bytes / _PAGE_BYTES, 1):.0f}"
    if wanted.rows is None:
        return "the rows are found without reading the table, if the filter is selective"
    return f"about {wanted.rows + 4:.0f} pages a call in place of {whole.bytes / _PAGE_BYTES:.0f}"


def _shown(key: str) -> str:
    return f"lower({identifier(key[6:-1])})" if key.startswith("lower(") else identifier(key)


def _free_name(database: Database, table: Table, keys: tuple[str, ...]) -> str:
    """Return PostgreSQL's own kind of name, at most 63 bytes, that nothing in the schema has."""
    stem = "_".join(
        (table.name, *(normalized(key).replace("lower", "lower_", 1) if "(" in key else key for key in keys))
    )
    stem = stem.encode()[:55].decode(errors="ignore")
    taken = {index.name for index in database.indexes if index.schema == table.schema}
    taken |= {other.name for other in database.tables if other.schema == table.schema}
    names = (f"{stem}_idx{number or ''}" for number in range(1000))
    return next(name for name in names if name not in taken)
