"""One piece of advice, and how it is written."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "create-index",
    "drop-index",
    "rebuild-index",
    "analyze-table",
    "vacuum-table",
    "autovacuum-table",
    "raise-setting",
    "lower-setting",
    "statement",
    "sequence",
    "cache-misses",
    "pool-small",
    "limits",
]
_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
# Those that PostgreSQL 13 to 18 do not take as the name of a table or column.
_RESERVED_WORDS = """
all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate collation column
concurrently constraint create cross current_catalog current_date current_role current_schema current_time
current_timestamp current_user default deferrable desc distinct do else end except false fetch for foreign freeze from
full grant group having ilike in initially inner intersect into is isnull join lateral leading left like limit localtime
localtimestamp natural not notnull null offset on only or order outer overlaps placing primary references returning
right select session_user similar some symmetric system_user table tablesample then to trailing true union unique user
using variadic verbose when where window with
"""
_RESERVED = frozenset(_RESERVED_WORDS.split())
_UNITS = ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"))


@dataclass(frozen=True, slots=True)
class Advice:
    """What to do and why. `rank`: about the share of the work, 0 to 1, that it concerns; the greatest is printed first.

    `sql` and `undo` are statements in their order, for the database `database`; `undo` is empty where nothing remains
    to be undone, as after ANALYZE. `doubtful`: the evidence is thin. `search`: what a new index is for,
    and `statements` the query IDs of those that search so.
    """

    kind: Kind
    server: str
    object: str
    evidence: str
    effect: str
    risk: str
    rank: float
    sql: tuple[str, ...] = ()
    undo: tuple[str, ...] = ()
    database: str = ""
    doubtful: bool = False
    search: str = ""
    statements: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """Return its name: the same object of the same kind has the same."""
        place = ".".join(filter(None, (self.server, self.database, self.object)))
        return f"{self.kind}:{place}"


def identifier(name: str) -> str:
    """Return a name as SQL takes it."""
    if _PLAIN.fullmatch(name) and name not in _RESERVED:
        return name
    return '"' + name.replace('"', '""') + '"'


def qualified(schema: str, name: str) -> str:
    """Return a name with its schema as SQL takes it."""
    return f"{identifier(schema)}.{identifier(name)}"


def literal(text: str) -> str:
    """Return a string constant that means the same with standard_conforming_strings off."""
    return ("E'" if "\\" in text else "'") + text.replace("\\", "\\\\").replace("'", "''") + "'"


def size(count: float) -> str:
    """Return a number of bytes for people."""
    for unit, name in _UNITS:
        if count >= unit:
            return f"{count / unit:.3g} {name}"
    return f"{count:.0f} bytes"


def duration(seconds: float) -> str:
    """Return a time for people."""
    for unit, name in ((86400.0, "days"), (3600.0, "hours"), (60.0, "minutes")):
        if seconds >= 2 * unit:
            return f"{seconds / unit:.0f} {name}"
    return f"{seconds:.3g} seconds"
