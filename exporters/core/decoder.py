"""Turns a parsed YAML document into frozen records, and finds every problem of the document in one pass.

A field's annotation defines what it may hold: `Annotated[float, "Seconds between two runs.", between(1, 60)]` is a
type, the description that docs/settings.md shows, and checks that raise ValueError. A check may instead be a generator
of (entry, what was expected); it then also runs on a list with unreadable entries.

Rules across fields are in `CHECKS` of the record: functions whose parameters have the names of the fields they read,
and which yield the entry (relative to the record) and what was expected. Each check runs as long as those fields could
be read, whatever else is wrong.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from inspect import isgeneratorfunction, signature
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

from exporters.core.errors import ConfigProblem
from exporters.core.problem_text import closest, expected_one_of, has_password, short_key, shown_type, suggestion
from exporters.core.renamed_keys import MIGRATE, RESHAPED, moved, renamed
from exporters.core.strict_yaml import MISREAD, LinedDict, LinedList, line_at, replaced
from exporters.core.unreadable import UNREADABLE

Problems = Iterator[tuple[str, str]]


class OfFields(NamedTuple):
    """A check of a record, with the names of the fields that it reads, in the order of its arguments."""

    names: tuple[str, ...]
    check: Callable[..., Problems]


RecordCheck = Callable[..., Problems] | OfFields

_VARIABLE = re.compile(r"\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(:-(?P<default>[^}]*))?\}")
_WORDS: Mapping[type, str] = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}
_SHORTEST_SECRET = 4


def record_hints(record: Any) -> dict[str, Any]:
    """Return the annotation of each field of a record, including `Annotated`."""
    return dict(_hints(record))


@cache
def _hints(record: Any) -> dict[str, Any]:
    known = get_type_hints(record, include_extras=True)
    return {field.name: known[field.name] for field in fields(record)}


@cache
def _checks(record: Any) -> tuple[OfFields, ...]:
    found = (check for base in reversed(record.__mro__) for check in vars(base).get("CHECKS", ()))
    return tuple(one if isinstance(one, OfFields) else OfFields(tuple(signature(one).parameters), one) for one in found)


def kinds(hint: Any) -> dict[str, type]:
    """Return kind → record for a union of records told apart by their literal `kind`; empty for any other hint."""
    members = [one for one in get_args(hint) if is_dataclass(one)] if get_origin(hint) in (UnionType, Union) else []
    if len(members) < 2:
        return {}
    return {get_args(_plain(_hints(one)["kind"])[0])[0]: one for one in members}  # type: ignore[arg-type,misc]


class Decoder:
    """Reads one document and collects what it finds in `problems`."""

    def __init__(self, file: str, document: Any, root: str, environment: Mapping[str, str] | None) -> None:
        """`root` is the document's entry in its file, empty for the whole file."""
        self.problems: list[ConfigProblem] = []
        self._file, self._document, self._root = file, document, root
        self._environment = os.environ if environment is None else environment
        self._flaws = 0
        self._incomplete: dict[int, object] = {}
        self._from_environment: dict[str, str] = {}

    def read(self, hint: Any, line: int | None) -> Any:
        """Return the document as `hint`; if there are problems, the result must not be used."""
        return self._value(hint, self._document, self._root, line)

    def _flaw(self, entry: str, expected: str, line: int | None) -> None:
        for value, variable in self._from_environment.items():
            expected = expected.replace(value, variable).replace(repr(value)[1:-1], variable)
        self._flaws += 1
        self.problems.append(ConfigProblem(self._file, entry or "document", expected, line))

    def _value(self, hint: Any, node: Any, entry: str, line: int | None) -> Any:
        if node is MISREAD:
            self._flaws += 1
            return UNREADABLE
        hint, checks = _plain(hint)
        before = self._flaws
        value = self._of_type(hint, node, entry, line)
        for check in checks:
            if isgeneratorfunction(check) and value is not UNREADABLE:
                self._collect(check(value), node, entry, line)
            elif self._flaws == before:
                self._check(check, value, entry, line)
        is_scalar = self._flaws > before and isinstance(value, str | int | float)
        return UNREADABLE if is_scalar else value

    def _check(self, check: Callable[[Any], object], value: Any, entry: str, line: int | None) -> None:
        try:
            check(value)
        except ValueError as error:
            self._flaw(entry, str(error), line)

    def _collect(self, problems: Problems, node: Any, entry: str, line: int | None) -> None:
        try:
            for place, expected in problems:
                self._flaw(_under(entry, place), expected, line_at(node, place) or line)
        except AttributeError as error:
            # It touched an entry, or a field of a nested record, that could not be read: that problem is already
            # reported.
            if error.obj is not UNREADABLE and id(error.obj) not in self._incomplete:
                raise

    def _of_type(self, hint: Any, node: Any, entry: str, line: int | None) -> Any:
        origin, arguments = get_origin(hint), get_args(hint)
        if origin in (UnionType, Union) and NoneType in arguments:
            return None if node is None else self._value(_without_none(hint), node, entry, line)
        if is_dataclass(hint):
            return self._record(hint, node, entry, line)
        if origin is tuple:
            return self._list(arguments[0], node, entry, line)
        if origin is dict:
            return self._mapping(arguments[1], node, entry, line)
        if known := kinds(hint):
            return self._kind(known, node, entry, line)
        return self._scalar(hint, node, entry, line)

    def _scalar(self, hint: Any, node: Any, entry: str, line: int | None) -> Any:
        text = self._substituted(node, entry, line) if isinstance(node, str) else node
        if get_origin(hint) is Literal:
            words = get_args(hint)
            if text in words and type(text) is type(words[0]):
                return text
            return self._refuse(entry, expected_one_of(map(str, words), node), line)
        accepted = (int, float) if hint is float else (hint,)
        if isinstance(node, bool) != (hint is bool) or not isinstance(text, accepted):
            return self._refuse(entry, f"expected {_WORDS[hint]}, got {shown_type(hint, node)}", line)
        return hint(text)

    def _refuse(self, entry: str, expected: str, line: int | None) -> Any:
        self._flaw(entry, expected, line)
        return UNREADABLE

    def _substituted(self, text: str, entry: str, line: int | None) -> str:
        if has_password(text):
            expected = "expected no password here: put it into a file (`_file`) or a variable (${NAME})"
            return str(self._refuse(entry, expected, line))

        def value_of(match: re.Match[str]) -> str:
            value = self._environment.get(match["name"])
            if value is not None and len(value) >= _SHORTEST_SECRET:
                self._from_environment[value] = f"${{{match['name']}}}"
            value = match["default"] if value is None else value
            if value is None:
                self._flaw(entry, f"expected the environment variable {match['name']} to be set", line)
            return value or ""

        return _VARIABLE.sub(value_of, text)

    def _list(self, hint: Any, node: Any, entry: str, line: int | None) -> Any:
        if not isinstance(node, list):
            return self._refuse(entry, f"expected a list, got {shown_type(list, node)}", line)
        lines = node.lines if isinstance(node, LinedList) else [line] * len(node)
        values = (
            self._value(hint, one, f"{entry}[{i}]", at) for i, (one, at) in enumerate(zip(node, lines, strict=True))
        )
        return tuple(values)

    def _mapping(self, hint: Any, node: Any, entry: str, line: int | None) -> Any:
        if not isinstance(node, dict):
            return self._refuse(entry, f"expected a mapping, got {shown_type(dict, node)}", line)
        values = {key: self._value(hint, one, _under(entry, key), _line(node, key, line)) for key, one in node.items()}
        return {key: value for key, value in values.items() if value is not UNREADABLE}

    def _kind(self, known: Mapping[str, type], node: Any, entry: str, line: int | None) -> Any:
        """Return the record that `kind` names; a misspelled kind is read as the closest known one."""
        if not isinstance(node, dict):
            return self._refuse(entry, f"expected a mapping with a key kind, got {shown_type(dict, node)}", line)
        if "kind" not in node:
            expected = f"expected one of {', '.join(known)}, but the key is missing"
            return self._refuse(f"{entry}.kind", expected, line)
        kind = node["kind"]
        if isinstance(kind, str) and kind in known:
            return self._record(known[kind], node, entry, line)
        at = _line(node, "kind", line)
        if kind is MISREAD:
            self._flaws += 1
        elif now := moved(entry.rpartition("[")[0], kind):
            self._flaw(
                f"{entry}.kind", f"expected checks of kind {kind} in {now}: {MIGRATE.format(file=self._file)}", at
            )
        else:
            self._flaw(f"{entry}.kind", expected_one_of(known, kind), at)
            if meant := closest(kind, known):
                self._record(known[meant], replaced(node, "kind", meant), entry, line)
        return UNREADABLE

    def _record(self, record: Any, node: Any, entry: str, line: int | None) -> Any:
        hints = _hints(record)
        if not isinstance(node, dict):
            expected = f"expected a mapping with keys of {', '.join(hints)}, got {shown_type(dict, node)}"
            if isinstance(node, list) and entry in RESHAPED:
                expected = f"its entries are now under `{RESHAPED[entry]}`: {MIGRATE.format(file=self._file)}"
            return self._refuse(entry, expected, line)
        before = self._flaws
        given = self._known_keys(hints, node, entry, line)
        values = {}
        for field in fields(record):
            key, one = given.get(field.name, ("", None))
            # A section whose entries are all commented out counts as absent.
            if key and not (one is None and not entry):
                values[field.name] = self._value(hints[field.name], one, _under(entry, key), _line(node, key, line))
            else:
                values[field.name] = self._default(field, entry, line)
        values = {name: value for name, value in values.items() if value is not UNREADABLE}
        self._run_checks(record, values, node, entry, line)
        if self._flaws > before:
            return self._incomplete_record(record, values)
        return self._made(record, values, entry, line)

    def _known_keys(
        self, hints: Mapping[str, Any], node: Mapping[str, Any], entry: str, line: int | None
    ) -> dict[str, tuple[str, Any]]:
        """Return field → key and value; an unknown key is a problem, a renamed one is also read under its new name."""
        found = {}
        for key, value in node.items():
            if key in hints:
                found[key] = (key, value)
                continue
            at, now = _line(node, key, line), renamed(_under(entry, key))
            if now is None:
                text = f"unknown key {short_key(key)}{suggestion(key, hints)}: expected one of {', '.join(hints)}"
            else:
                text = f"`{key}` is now `{now}`: {MIGRATE.format(file=self._file)}"
            self._flaw(entry, text, at)
            if now in hints and now not in node:
                found[str(now)] = (key, value)
        return found

    def _default(self, field: Field[Any], entry: str, line: int | None) -> Any:
        if field.default is not MISSING:
            return field.default
        if field.default_factory is not MISSING:
            return field.default_factory()
        return self._refuse(_under(entry, field.name), "expected a value, but the key is missing", line)

    def _run_checks(self, record: Any, values: Mapping[str, Any], node: Any, entry: str, line: int | None) -> None:
        for names, check in _checks(record):
            if all(name in values for name in names):
                self._collect(check(*(values[name] for name in names)), node, entry, line)

    def _made(self, record: Any, values: Mapping[str, Any], entry: str, line: int | None) -> Any:
        try:
            return record(**values)
        except ValueError as error:
            return self._refuse(entry, str(error), line)

    def _incomplete_record(self, record: Any, values: Mapping[str, Any]) -> object:
        """Return a record of the fields that could be read, used only by the checks of enclosing records."""
        made = object.__new__(record)
        for name, value in values.items():
            object.__setattr__(made, name, value)
        self._incomplete[id(made)] = made
        return made


def substituted(text: str) -> str:
    """Return the text with environment variables substituted; an unset one becomes empty."""
    return _VARIABLE.sub(lambda match: os.environ.get(match["name"], match["default"] or ""), text)


def _plain(hint: Any) -> tuple[Any, tuple[Callable[[Any], object], ...]]:
    """Return a hint without `Annotated`, and the checks it contains."""
    if get_origin(hint) is not Annotated:
        return hint, ()
    base, *more = get_args(hint)
    return base, tuple(one for one in more if callable(one))


def _without_none(hint: Any) -> Any:
    members = tuple(one for one in get_args(hint) if one is not NoneType)
    return Union[members]  # noqa: UP007 - the members are known only here


def _under(entry: str, key: str) -> str:
    key = short_key(key)
    return f"{entry}.{key}" if entry and key and not key.startswith("[") else entry + key


def _line(node: Mapping[str, Any], key: str, line: int | None) -> int | None:
    return node.lines.get(key, line) if isinstance(node, LinedDict) else line
