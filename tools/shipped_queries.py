"""The shipped query files as a module of records: a sidecar reads no YAML of its own each time it starts."""

from __future__ import annotations

from dataclasses import MISSING, Field, fields

from exporters.database.queries import BUSINESS, SHIPPED, Histogram, Metric, Query, read_files

MODULE = SHIPPED.with_name("shipped_queries.py")

_HEAD = '''"""The files of queries/ as records, written by `./run build`: edit those.

To read them as YAML took a sixth of the CPU until a database sidecar's port is open.
"""

# ruff: noqa: E501, F401, Q000
# fmt: off

from __future__ import annotations

from exporters.database.queries import Histogram, Metric, Query

QUERIES: tuple[Query, ...] = (
'''


def module() -> str:
    """Return the text of the module: the queries of every file but that of the business, in the order of the files."""
    files = [path for path in sorted(SHIPPED.glob("*.yaml")) if path.name != BUSINESS]
    return _HEAD + "".join(f"    {_text(query, 1)},\n" for query in read_files(files)) + ")\n"


def _text(value: object, depth: int) -> str:
    """Return what evaluates to the value; of a record only what is not a default, each metric on a line."""
    if isinstance(value, Query | Metric | Histogram):
        given = [(one.name, getattr(value, one.name)) for one in fields(value) if not _is_default(one, value)]
        text = ", ".join(f"{name}={_text(one, depth + 1)}" for name, one in given)
        return f"{type(value).__name__}({text})"
    if isinstance(value, tuple) and value and isinstance(value[0], Metric):
        lines = "".join(f"{'    ' * (depth + 1)}{_text(one, depth + 1)},\n" for one in value)
        return f"(\n{lines}{'    ' * depth})"
    return repr(value)


def _is_default(field: Field[object], record: object) -> bool:
    value = getattr(record, field.name)
    if field.default_factory is not MISSING:
        return bool(value == field.default_factory())
    return bool(value == field.default)
