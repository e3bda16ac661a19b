"""Checks for the annotations of settings: each takes a value, and raises ValueError with what was expected."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from typing import Any

from exporters.core.checks.http_url import parse_url
from exporters.core.problem_text import expected_one_of, shown

Check = Callable[[Any], None]

_NAME = re.compile(r"[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?\Z")
_ADDRESS = re.compile(r"(\[[0-9A-Fa-f:.%]+\]|[^\s:/@\[\]]+):([0-9]{1,5})\Z")


def between(lowest: float, highest: float) -> Check:
    """Return a check that a number is within these bounds, inclusive."""

    def check(value: float) -> None:
        expect(lowest <= value <= highest, f"a number from {lowest:g} to {highest:g}", value)

    return check


def at_least(lowest: float) -> Check:
    """Return a check that a number is at least this."""

    def check(value: float) -> None:
        expect(value >= lowest, f"a number of at least {lowest:g}", value)

    return check


def at_most_entries(most: int, what: str) -> Check:
    """Return a check that a list has at most this many entries."""

    def check(entries: Sized) -> None:
        expect(len(entries) <= most, f"at most {most} {what}", len(entries))

    return check


def some_entries(what: str) -> Check:
    """Return a check that a list is not empty."""

    def check(entries: Sized) -> None:
        if not entries:
            raise ValueError(f"expected at least one {what}, got an empty list")

    return check


def each_name(check: Check) -> Callable[[Iterable[str]], Iterator[tuple[str, str]]]:
    """Return a check of a mapping's keys: each wrong one is a problem of its own."""

    def problems(names: Iterable[str]) -> Iterator[tuple[str, str]]:
        for name in names:
            yield from _problem(name, check, name)

    return problems


def each_value(check: Check) -> Callable[[Mapping[str, Any]], Iterator[tuple[str, str]]]:
    """Return a check of a mapping's values: each wrong one is a problem of its own."""

    def problems(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        for name, value in values.items():
            yield from _problem(name, check, value)

    return problems


def _problem(name: str, check: Check, value: Any) -> Iterator[tuple[str, str]]:
    try:
        check(value)
    except ValueError as error:
        yield name, str(error)


def one_of(words: Sequence[str]) -> Check:
    """Return a check that a text is one of these."""

    def check(value: str) -> None:
        if value not in words:
            raise ValueError(expected_one_of(words, value))

    return check


def matching(pattern: str, what: str) -> Check:
    """Return a check that the whole text matches a regular expression."""
    compiled = re.compile(pattern)

    def check(value: str) -> None:
        expect(compiled.fullmatch(value), what, value)

    return check


def optional(check: Check) -> Check:
    """Return the check for an optional field."""

    def check_given(value: Any) -> None:
        if value is not None:
            check(value)

    return check_given


def not_empty(value: str) -> None:
    """Raise ValueError for an empty text."""
    if not value.strip():
        raise ValueError("expected a text that is not empty")


def expect(condition: object, what: str, value: object) -> None:
    """Raise ValueError naming what was expected, unless the condition holds; `value` must not be a secret."""
    if not condition:
        raise ValueError(f"expected {what}, got {shown(value)}")


def expect_name(name: str) -> None:
    """Raise ValueError unless this can be the value of a label."""
    expect(_NAME.match(name), "a name of at most 63 small letters, digits, - and _", name)


def expect_optional_name(name: str) -> None:
    """Raise ValueError unless this can be the value of a label; empty means none."""
    if name:
        expect_name(name)


def expect_target_id(target: str) -> None:
    """Raise ValueError unless this can be the id of a documented target; empty means none."""
    expect(not target or _NAME.match(target), "the id of a documented target", target)


def expect_regex(pattern: str) -> None:
    """Raise ValueError unless the pattern compiles."""
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        why = error.msg if isinstance(error, re.error) else "too large"
        raise ValueError(f"expected a regular expression, got one with an error: {why}") from None


def expect_address(address: str) -> None:
    """Raise ValueError unless this is `host:port` or `[ipv6]:port`."""
    host_and_port(address)


def expect_http_url(url: str) -> None:
    """Raise ValueError unless this is an http or https URL; it may contain a token and is not shown."""
    parse_url(url)


def host_and_port(address: str) -> tuple[str, int]:
    """Return the parts of `host:port` or `[ipv6]:port`. Raises ValueError."""
    match = _ADDRESS.match(address)
    expect(match and 0 < int(match[2]) < 65536, "an address like host:port", address)
    assert match
    return match[1].strip("[]"), int(match[2])


def unique_names(entries: Sequence[object]) -> Iterator[tuple[str, str]]:
    """Yield the entries of a list that have the same name as an earlier one."""
    yield from unique([getattr(entry, "name", None) for entry in entries], ".name")


def unique(values: Sequence[object], field: str = "") -> Iterator[tuple[str, str]]:
    """Yield the texts that occur earlier in the list, or in the same field of an earlier entry."""
    first: dict[object, int] = {}
    for index, value in enumerate(values):
        if isinstance(value, str) and first.setdefault(value, index) != index:
            yield f"[{index}]{field}", f"expected each only once, got {value!r} again"
