"""What statements search for, from their normalized texts."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from pantrywatch.analysis.advise.advice import identifier
from pantrywatch.analysis.advise.catalog import Database, Index, Statement, Table

_BLOCKS = (exp.Select, exp.Update, exp.Delete)
_CHANGES = (exp.Insert, exp.Update, exp.Delete, exp.Merge)
_RANGES = (exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between)
_READ = re.compile(r"[\s(]*(SELECT|WITH|INSERT|UPDATE|DELETE|MERGE)\b", re.IGNORECASE)
# sqlglot takes some sequences of parameters for the start of a quotation; as constants they mean the same here.
_PARAMETER = re.compile(r"(?<![\w$])\$\d+")
_CAST = re.compile(r"::(text|character varying|bpchar)|[\s()\"]")


# It logs texts that it does not understand, and they are nobody's to see.
logging.getLogger("sqlglot").disabled = True


@dataclass(frozen=True, slots=True)
class Join:
    """A key of the table that is compared with one of another table."""

    key: str
    other_oid: int
    other_key: str


@dataclass(frozen=True, slots=True)
class Search:
    """How one statement looks for rows of one table. Keys are names of columns, or `lower(name)`.

    `equal` and `ranges` are compared with values; `counts_rows`: the statement returns the rows that it finds here;
    `order`: it returns only the first of them by this column.
    """

    statement: Statement
    table_oid: int
    equal: tuple[str, ...]
    ranges: tuple[str, ...]
    joins: tuple[Join, ...]
    counts_rows: bool
    order: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """Columns that a statement updates in a table; none: it deletes rows."""

    statement: Statement
    table_oid: int
    columns: frozenset[str]


@dataclass(frozen=True, slots=True)
class Workload:
    """The searches and changes of all statements of a database; `unread` could not be parsed."""

    searches_of: Mapping[int, Sequence[Search]] = field(default_factory=dict)
    changes: Sequence[Change] = ()
    application: frozenset[str] = frozenset()  # query IDs of statements that use a table of the database
    unread: int = 0

    def searches(self, table: Table, index: Index) -> bool:
        """Return whether a statement searches the table by the first column of an index."""
        first = normalized(index.columns[0])
        return any(first in keys_of(search) for search in self.searches_of.get(table.oid, ()))

    def updates(self, table: Table, keys: Iterable[str]) -> int:
        """Return how many executions changed one of these keys."""
        names = {normalized(key).removeprefix("lower") for key in keys}
        changes = (change for change in self.changes if change.table_oid == table.oid)
        return sum(change.statement.calls for change in changes if change.columns & names)

    def deletes(self, table: Table) -> int:
        """Return how many executions deleted rows of a table."""
        return sum(one.statement.calls for one in self.changes if one.table_oid == table.oid and not one.columns)


def keys_of(search: Search) -> set[str]:
    """Return all keys that a search compares with anything."""
    keys = (*search.equal, *search.ranges, search.order, *(join.key for join in search.joins))
    return {normalized(key) for key in keys}


def normalized(key: str) -> str:
    """Return a column or expression without what PostgreSQL adds when it prints it."""
    return _CAST.sub("", key)


def read_workload(database: Database, statements: Iterable[Statement]) -> Workload:
    """Return what the statements of this database search for and change."""
    reader = _Reader(database)
    for statement in statements:
        if statement.database == database.name:
            reader.read(statement)
    return Workload(reader.searches, reader.changes, frozenset(reader.application), reader.unread)


def qualified_text(database: Database, text: str) -> str | None:
    """Return a statement that only reads, with the schema of each of its tables, so that it needs no search_path.

    None for what is not understood whole, uses anything but tables of the database, or names the schema of a function:
    nobody else's code is to run while it is planned.
    """
    # Numbers as long as the parameters: what comes after them keeps its place.
    try:
        tree = sqlglot.parse_one(_PARAMETER.sub(lambda one: "1" * len(one[0]), text), dialect="postgres")
    except (SqlglotError, RecursionError):
        return None
    if not isinstance(tree, exp.Select | exp.SetOperation) or tree.find(*_CHANGES, exp.Dot):
        return None
    reader, named = _Reader(database), {cte.alias for cte in tree.find_all(exp.CTE)}
    tables = [one for one in tree.find_all(exp.Table) if one.db or one.name not in named]
    if any(reader.table_of(one) is None for one in tables):
        return None
    for one in sorted(tables, key=lambda one: -one.this.meta["start"]):
        if not one.db and (table := reader.table_of(one)):
            start = one.this.meta["start"]
            text = f"{text[:start]}{identifier(table.schema)}.{text[start:]}"
    return text


class _Reader:
    def __init__(self, database: Database) -> None:
        self._by_name: dict[str, list[Table]] = {}
        for table in database.tables:
            self._by_name.setdefault(table.name, []).append(table)
        self._columns: dict[int, set[str]] = {}
        for column in database.columns:
            self._columns.setdefault(column.table_oid, set()).add(column.name)
        self.searches: dict[int, list[Search]] = {}
        self.changes: list[Change] = []
        self.application: set[str] = set()
        self.unread = 0

    def read(self, statement: Statement) -> None:
        """Add what the statement does, if it is a SELECT, INSERT, UPDATE, DELETE or MERGE."""
        if not _READ.match(statement.text):
            return
        try:
            tree = sqlglot.parse_one(_PARAMETER.sub("'?'", statement.text), dialect="postgres")
            if isinstance(tree, exp.Select | exp.SetOperation | exp.Insert | exp.Update | exp.Delete | exp.Merge):
                self._add(statement, tree)
        except (SqlglotError, RecursionError):
            self.unread += 1

    def table_of(self, table: exp.Table) -> Table | None:
        """Return the table that a statement names."""
        return self._table(table, set())

    def _add(self, statement: Statement, tree: exp.Expr) -> None:
        named = {cte.alias for cte in tree.find_all(exp.CTE)}
        if any(self._table(table, named) for table in tree.find_all(exp.Table)):
            self.application.add(statement.queryid)
        for block in tree.find_all(*_BLOCKS):
            tables = {
                table.alias_or_name: found
                for table in block.find_all(exp.Table)
                if table.find_ancestor(*_BLOCKS) is block and (found := self._table(table, named))
            }
            if tables:
                self._add_block(statement, block, tables, is_whole=block is tree)

    def _add_block(self, statement: Statement, block: exp.Expr, tables: Mapping[str, Table], *, is_whole: bool) -> None:
        equal: dict[int, set[str]] = {}
        ranges: dict[int, set[str]] = {}
        joins: dict[int, set[Join]] = {}
        for condition in _conditions(block):
            self._add_condition(condition, tables, equal, ranges, joins)
        counts_rows = is_whole and len(tables) == 1 and not _hides_rows(block)
        order = self._order(block, tables)
        for oid in {table.oid for table in tables.values()}:
            of_joins = tuple(sorted(joins.get(oid, ()), key=lambda join: (join.key, join.other_oid, join.other_key)))
            search = Search(
                statement,
                oid,
                tuple(sorted(equal.get(oid, ()))),
                tuple(sorted(ranges.get(oid, ()))),
                of_joins,
                counts_rows,
                order,
            )
            self.searches.setdefault(oid, []).append(search)
        target = tables.get(block.this.alias_or_name) if isinstance(block, exp.Update | exp.Delete) else None
        if target is not None:
            self.changes.append(Change(statement, target.oid, _changed(block)))

    def _add_condition(
        self,
        condition: exp.Expr,
        tables: Mapping[str, Table],
        equal: dict[int, set[str]],
        ranges: dict[int, set[str]],
        joins: dict[int, set[Join]],
    ) -> None:
        left = self._key(condition.this, tables)
        if isinstance(condition, exp.In):
            if left and not condition.args.get("query"):
                equal.setdefault(left[0], set()).add(left[1])
            return
        if isinstance(condition, exp.Between):
            if left and not condition.args["low"].find(exp.Column):
                ranges.setdefault(left[0], set()).add(left[1])
            return
        right = self._key(condition.expression, tables)
        if left and right and left[0] != right[0] and isinstance(condition, exp.EQ):
            joins.setdefault(left[0], set()).add(Join(left[1], *right))
            joins.setdefault(right[0], set()).add(Join(right[1], *left))
        into = equal if isinstance(condition, exp.EQ) else ranges
        for key, value in ((left, condition.expression), (right, condition.this)):
            if key and not value.find(exp.Column) and not value.find(exp.Subquery, exp.Select):
                into.setdefault(key[0], set()).add(key[1])

    def _order(self, block: exp.Expr, tables: Mapping[str, Table]) -> str:
        """Return the column by which a statement on one table takes the first rows, if an index has its order."""
        ordered, hidden = block.args.get("order"), ("group", "distinct")
        if len(tables) != 1 or not ordered or not block.args.get("limit") or any(map(block.args.get, hidden)):
            return ""
        first = ordered.expressions[0]
        key = self._key(first.this, tables) if isinstance(first, exp.Ordered) else None
        is_plain = key is not None and bool(first.args.get("nulls_first")) == bool(first.args.get("desc"))
        return key[1] if key and is_plain and _finds_rows(block) else ""

    def _key(self, node: exp.Expr, tables: Mapping[str, Table]) -> tuple[int, str] | None:
        """Return the table and key of a column of these tables, also in lower(); None for any other expression."""
        column = node.this if isinstance(node, exp.Lower) else node
        if not isinstance(column, exp.Column) or not isinstance(column.this, exp.Identifier):
            return None
        name = _name(column.this)
        named = [tables[column.table]] if column.table in tables else [] if column.table else list(tables.values())
        owners = {table.oid for table in named if name in self._columns.get(table.oid, ())}
        if len(owners) != 1:
            return None
        return owners.pop(), f"lower({name})" if isinstance(node, exp.Lower) else name

    def _table(self, table: exp.Table, named: set[str]) -> Table | None:
        """Return the table of this name; without a schema that of `public`, or the only one."""
        if not isinstance(table.this, exp.Identifier) or (table.name in named and not table.db):
            return None
        found = self._by_name.get(_name(table.this), [])
        if table.db:
            found = [one for one in found if one.schema == table.db]
        elif len(found) > 1:
            found = [one for one in found if one.schema == "public"]
        return found[0] if len(found) == 1 else None


def _name(identifier: exp.Identifier) -> str:
    return identifier.name if identifier.quoted else identifier.name.lower()


def _conditions(block: exp.Expr) -> Iterator[exp.Expr]:
    """Yield the comparisons that every row found must meet, from WHERE and ON."""
    for condition in block.find_all(exp.EQ, exp.In, *_RANGES):
        if condition.find_ancestor(*_BLOCKS) is not block:
            continue
        above = condition.parent
        while isinstance(above, exp.And | exp.Paren):
            above = above.parent
        if isinstance(above, exp.Where | exp.Join):
            yield condition


def _hides_rows(block: exp.Expr) -> bool:
    """Return whether the number of rows returned is not that of the rows found."""
    hides = ("group", "limit", "distinct", "offset")
    return any(block.args.get(name) for name in hides) or not _finds_rows(block)


def _finds_rows(block: exp.Expr) -> bool:
    return not (isinstance(block, exp.Select) and any(one.find(exp.AggFunc) for one in block.expressions))


def _changed(block: exp.Expr) -> frozenset[str]:
    if not isinstance(block, exp.Update):
        return frozenset()
    columns = (one.this for one in block.expressions if isinstance(one, exp.EQ))
    return frozenset(_name(one.this) for one in columns if isinstance(one, exp.Column))
