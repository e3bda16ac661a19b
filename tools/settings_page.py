"""docs/settings.md: every key of settings.yaml, from the annotations of its records."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from exporters.core.decoder import kinds, record_hints
from exporters.core.renamed_keys import MOVED_CHECKS, RENAMED_KEYS
from pantrywatch.config.settings import Settings

_WORDS = {str: "text", int: "whole number", float: "number", bool: "true or false"}

_HEAD = """\
# Settings

Every key of `settings.yaml`. This page is generated from the records that read the file; `./run build` updates it.

- `./run settings validate FILE` checks the whole file and every file it refers to, and reports all problems, each as
  `FILE:LINE: ENTRY: expected …, got …`. `./run validate FILE` then asks the servers for privileges and
  extensions and the application for its metrics; `pantrywatch-exporter --settings FILE validate` does so for a sidecar.
- `./run settings migrate FILE` prints an older file with the keys of this version; comments are kept.
- `${NAME}` and `${NAME:-default}` in a text are taken from the environment.
- A password is never in the file: a key ending in `_file` names the file with it. Relative paths start at the settings
  file. Most secret files are read again at each use ([exceptions](deploy.md)).
- Only plain YAML is accepted: no anchors, aliases, tags or duplicate keys; `true`, `false`, `null`; numbers such as
  `0.5` and `100`. Quote texts that look like something else: `"09:00"`, `"yes"`.
"""


def settings_page(example: Any) -> str:
    """Return the page; `example` is the shipped settings.yaml as a document, which examples are taken from."""
    parts = [_HEAD, *_sections(Settings, "", example), _renamed()]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(parts)).rstrip() + "\n"


def undocumented() -> list[str]:
    """Return the keys that have no description."""
    keys = ((record, name) for record in _records(Settings) for name in record_hints(record))
    return [f"{record.__name__}.{name}" for record, name in keys if not _text(record, name)]


def _records(hint: Any) -> Iterator[Any]:
    """Yield each record contained in this type."""
    if is_dataclass(hint):
        yield hint
        for one in record_hints(hint).values():
            yield from _records(one)
        return
    for argument in get_args(hint):
        yield from _records(argument)


def _text(record: Any, name: str) -> str:
    hint = record_hints(record)[name]
    if get_origin(hint) is not Annotated:
        return ""
    return next((one for one in get_args(hint)[1:] if isinstance(one, str)), "")


def _sections(record: Any, path: str, example: Any) -> Iterator[str]:
    """Yield the section of a record, then those of its nested records."""
    title = f"`{path}`" if path else "Top level"
    yield f"\n## {title}\n\n{_summary(record)}\n\n{_table(record, path, example)}\n"
    for name, hint in record_hints(record).items():
        yield from _inner(hint, f"{path}.{name}".lstrip("."), example)


def _inner(hint: Any, path: str, example: Any) -> Iterator[str]:
    base = get_args(hint)[0] if get_origin(hint) is Annotated else hint
    if found := kinds(base):
        for kind, one in found.items():
            yield from _sections(one, f"{path} (kind: {kind})", example)
    elif is_dataclass(base):
        yield from _sections(base, path, example)
    elif get_origin(base) is tuple:
        yield from _inner(get_args(base)[0], f"{path}[]", example)
    elif get_origin(base) in (UnionType, Union):
        for one in get_args(base):
            yield from _inner(one, path, example)


def _summary(record: Any) -> str:
    return " ".join((record.__doc__ or "").split())


def _table(record: Any, path: str, example: Any) -> str:
    rows = ["| key | type | default | meaning | example |", "|---|---|---|---|---|"]
    hints = record_hints(record)
    for field in fields(record):
        cells = (
            f"`{field.name}`", _type(hints[field.name]), _default(field), _text(record, field.name),
            _example(example, path, field.name),
        )  # fmt: skip
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(rows)


def _type(hint: Any) -> str:
    """Return a type in words, with the allowed values of a closed set."""
    base = get_args(hint)[0] if get_origin(hint) is Annotated else hint
    origin, arguments = get_origin(base), get_args(base)
    if origin is Literal:
        words = [f"`{word}`" for word in arguments]
        return words[0] if len(words) == 1 else "one of " + ", ".join(words)
    if kinds(base) or is_dataclass(base):
        return "mapping"
    if origin is tuple:
        return "list of mappings" if _type(arguments[0]) == "mapping" else f"list of {_plural(_type(arguments[0]))}"
    if origin is dict:
        return f"mapping of names to {_plural(_type(arguments[1]))}"
    if origin in (UnionType, Union):
        return _type(next(one for one in arguments if one is not NoneType))
    return _WORDS[base]


def _plural(words: str) -> str:
    if words.startswith("mapping of"):
        return words.replace("mapping", "mappings", 1)
    return words if words.startswith(("one of", "`")) else f"{words}s"


def _default(field: Field[Any]) -> str:
    if field.default is MISSING and field.default_factory is MISSING:
        return "**required**"
    value = field.default if field.default is not MISSING else None
    if isinstance(value, tuple) and value and all(isinstance(one, str) for one in value):
        return ", ".join(f"`{one}`" for one in value)
    if value is None or value in ("", ()) or is_dataclass(value) or isinstance(value, tuple):
        return "built in" if isinstance(value, tuple) and value else "none"
    return f"`{_plain(value)}`"


def _example(document: Any, path: str, name: str) -> str:
    """Return the first value of the key in the shipped file, if it is a plain one."""
    value = next(_values(document, re.sub(r" \(kind: .*\)", "", path), name), None)
    if isinstance(value, list) and value and all(isinstance(one, str | int) for one in value):
        value = "[" + ", ".join(map(str, value)) + "]"
    return f"`{_plain(value)}`" if isinstance(value, str | int | float) else ""


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return format(value, "g") if isinstance(value, float) else str(value)


def _values(document: Any, path: str, name: str) -> Iterator[Any]:
    nodes = [document]
    for part in filter(None, path.split(".")):
        key, _, is_list = part.partition("[")
        nodes = [node[key] for node in nodes if isinstance(node, dict) and key in node]
        if is_list:
            nodes = [item for node in nodes if isinstance(node, list) for item in node]
    yield from (node[name] for node in nodes if isinstance(node, dict) and name in node)


def _renamed() -> str:
    rows = [f"| `{old}` | `{new}` |" for old, new in RENAMED_KEYS.items()]
    rows += [f"| `{origin}[]` with `kind: {kind}` | `{now}[]` |" for (origin, kind), now in MOVED_CHECKS.items()]
    return "\n## Renamed keys\n\n| before | now |\n|---|---|\n" + "\n".join(rows) + "\n"
