"""Lines of JSON: a whole block is decoded at once, into a schema made of the keys that a format names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any

import msgspec

from exporters.access_log.formats import UNITS, JsonFormat
from exporters.access_log.requests import Parse, Parsed, Request, Time, Times, request_line, time_behind
from exporters.core.followed_logs.records import why_not

_TYPES: dict[str, Any] = {
    "method": str | None, "path": str | None, "request": str | None,
    "status": int | str | None, "bytes": int | float | str | None,
    "duration": float | str | None, "upstream": float | str | None,
}  # fmt: skip
_BAD = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


def json_lines(layout: JsonFormat) -> Parse:  # noqa: C901 - one loop, little called per line
    """Return the parser of a JSON format."""
    fields = [name for name in _TYPES if getattr(layout, name) is not None]
    keys = {name: tuple(getattr(layout, name).split(".")) for name in fields}
    record, places = _schema(keys)
    decoder = msgspec.json.Decoder(record)
    values = _getter(layout, places)
    unit = UNITS[layout.unit]
    times = Times(unit)
    known, read = times.known.get, times.read

    def decoded(block: bytes) -> tuple[list[Any], dict[str, int]]:
        try:
            records = decoder.decode_lines(block)
        except _BAD:
            return _one_by_one(decoder, block, keys["status"])
        # A line may hold two objects.
        return (records, {}) if len(records) == block.count(b"\n") + 1 else _one_by_one(decoder, block, keys["status"])

    def parse(block: bytes) -> Parsed:
        records, failed = decoded(block)
        found: list[Request] = []
        add, retries = found.append, 0
        for method, path, status, size, taken, upstream in map(values, records):
            if (status is None and taken is None) or (not method and not path and not _is_status(status)):
                failed["unrelated"] = failed.get("unrelated", 0) + 1
                continue
            seconds = behind = None
            try:
                if taken is not None:
                    seconds = known(taken) or read(taken)
                if upstream:  # Traefik writes 0 where there is none
                    behind = known(upstream)
                    if behind is None and type(upstream) is float:
                        behind = read(upstream)
                    elif behind is None:
                        behind, tried = _behind(upstream, times, unit)
                        retries += tried
            except ValueError:
                failed["time"] = failed.get("time", 0) + 1
                continue
            size = size if type(size) is int and size >= 0 else _size(size)  # noqa: PLW2901 - nothing called per line
            add((method or "", path or "", "-" if status is None else status, size, seconds, behind))
        return Parsed(found, failed, retries)

    return parse


def _is_status(status: object) -> bool:
    text = str(status)
    return len(text) == 3 and text.isdigit()


def _one_by_one(
    decoder: msgspec.json.Decoder[Any], block: bytes, status: tuple[str, ...]
) -> tuple[list[Any], dict[str, int]]:
    records, failed = [], dict[str, int]()
    for line in block.split(b"\n"):
        if not line.strip():
            continue
        try:
            records.append(_decoded(decoder, line))
        except _BAD:
            reason = why_not(line, otherwise=_otherwise(line, status))
            failed[reason] = failed.get(reason, 0) + 1
    return records, failed


def _decoded(decoder: msgspec.json.Decoder[Any], line: bytes) -> Any:
    """Return the record of a line, whose texts may be in any encoding: nginx writes a path's bytes as they came."""
    try:
        return decoder.decode(line)
    except UnicodeDecodeError:
        return decoder.decode(line.decode("utf-8", "replace").encode())


def _otherwise(line: bytes, status: tuple[str, ...]) -> str:
    """Return the reason for what is not a record: another object, whose keys may mean something else, has no status."""
    try:
        found = msgspec.json.decode(line)
    except _BAD:
        return "syntax"
    if not isinstance(found, dict):
        return "syntax"
    for key in status:
        found = found.get(key) if isinstance(found, dict) else None
    return "unrelated" if found is None else "syntax"


def _size(size: float | str | None) -> int:
    try:
        return max(-1, int(size)) if size not in {None, "", "-"} else -1
    except (ValueError, OverflowError):
        return -1


def _behind(text: str, times: Times, unit: float) -> tuple[Time | None, int]:
    """Return the time of the servers behind, and how many were tried after the first. Raises ValueError."""
    return time_behind(text.encode(), unit) if "," in text or ":" in text else (times.read(text), 0)


def _getter(layout: JsonFormat, places: dict[str, str]) -> Callable[[Any], Sequence[Any]]:
    """Return what takes method, path, status, bytes, duration and upstream out of a record."""
    names = [places.get(name, "absent") for name in ("method", "path", "status", "bytes", "duration", "upstream")]
    if layout.request is None:
        return attrgetter(*names)
    take = attrgetter(places["request"], *names[2:])

    def split(record: Any) -> Sequence[Any]:
        request, *others = take(record)
        return (*map(bytes.decode, request_line((request or "").encode().split(b" "))), *others)

    return split


def _schema(keys: dict[str, tuple[str, ...]]) -> tuple[type[msgspec.Struct], dict[str, str]]:
    """Return a record of these keys, nested where they are, and field → the attribute that holds it.

    Whatever else an object holds is skipped. The attribute `absent` is always None.
    """
    tree: dict[str, Any] = {}
    for name, path in keys.items():
        node = tree
        for key in path[:-1]:
            node = node.setdefault(key, {})
        node[path[-1]] = name
    places: dict[str, str] = {}
    return _record(tree, "", places), places


def _record(tree: dict[str, Any], prefix: str, places: dict[str, str]) -> type[msgspec.Struct]:
    fields: list[tuple[str, Any, Any]] = []
    rename = {}
    for number, (key, inner) in enumerate(tree.items()):
        name = f"field{number}"
        rename[name] = key
        if isinstance(inner, dict):
            record = _record(inner, f"{prefix}{name}.", places)
            fields.append((name, record, msgspec.field(default_factory=record)))
        else:
            places[inner] = prefix + name
            fields.append((name, _TYPES[inner], None))
    return msgspec.defstruct("Line", fields, rename=rename, namespace={"absent": None}, gc=False)
