"""Sequences that are near their end, or near that of the column that they feed."""

from __future__ import annotations

from collections.abc import Iterator

from pantrywatch.analysis.advise.advice import Advice, identifier, qualified
from pantrywatch.analysis.advise.catalog import Database, NumberSequence, Server

_USED = 0.75  # the rest is soon gone where growth is not even, and a change of type takes planning
_LAST = {"smallint": 2**15 - 1, "integer": 2**31 - 1, "bigint": 2**63 - 1}
_REWRITES = (
    "writes the whole table again, which nobody can read meanwhile, and fails where a view has the column: on a large "
    "one add a new column, fill it in parts and swap. Columns that refer to it need the new type too"
)


def sequence_advice(server: Server, database: Database) -> Iterator[Advice]:
    """Yield the sequences of which three quarters are given out, and that can be made longer."""
    for one in database.sequences:
        end = min(one.last, _LAST.get(one.column_type or "bigint", one.last))
        if one.given is None or one.given < _USED * end or end == _LAST["bigint"]:
            continue
        sql, undo, is_rewritten = _longer(one)
        column = f"{_table(one)}.{identifier(one.column_name)}" if one.column_name else "a column"
        yield Advice(
            "sequence",
            server.name,
            qualified(one.schema, one.name),
            f"{one.given} of {end} given out, {100 * one.given / end:.1f} %; feeds {column}",
            "inserts do not fail when it is at its end",
            _REWRITES if is_rewritten else "locks the sequence for a moment",
            0.5 + 0.5 * one.given / end,
            sql,
            undo,
            database.name,
        )


def _table(one: NumberSequence) -> str:
    return qualified(one.table_schema or "", one.table_name or "")


def _longer(one: NumberSequence) -> tuple[tuple[str, ...], tuple[str, ...], bool]:
    """Return the statements that move its end, those that bring it back, and whether a table is written again."""
    sequence = qualified(one.schema, one.name)
    sql, undo = list[str](), list[str]()
    column_ends = one.column_type in ("smallint", "integer") and bool(one.table_name)
    if column_ends:
        column = f"ALTER TABLE {_table(one)} ALTER COLUMN {identifier(one.column_name or '')} TYPE"
        sql.append(f"{column} bigint;")
        undo.append(f"{column} {one.column_type};")
    # The sequence of an identity column has the type of its column, and follows it.
    if one.type != "bigint" and not (column_ends and one.is_identity):
        sql.append(f"ALTER SEQUENCE {sequence} AS bigint;")
        undo.append(f"ALTER SEQUENCE {sequence} AS {one.type};")
    if one.last != _LAST[one.type]:
        sql.append(f"ALTER SEQUENCE {sequence} NO MAXVALUE;")
        undo.append(f"ALTER SEQUENCE {sequence} MAXVALUE {one.last};")
    return tuple(sql), tuple(undo), column_ends
