"""Formats as data: those of formats.yaml, and those that settings add."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from exporters.core.decoder import OfFields, Problems, RecordCheck
from exporters.core.field_checks import expect_name, matching, optional, unique_names
from exporters.core.settings import load

SHIPPED = Path(__file__).with_name("formats.yaml")
Unit = Literal["s", "ms", "us", "ns"]
UNITS: dict[str, float] = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
FIELDS = ("method", "path", "request", "status", "bytes", "duration", "upstream")
_MOST_PATTERN_BYTES = 1 << 20  # of a compiled pattern
_KEY = matching(r"[^.\s][^\s]{0,99}", "a key, with a dot from an object to what is inside it")
_OPTIONAL_KEY = optional(_KEY)


@dataclass(frozen=True, slots=True)
class QuotedFormat:
    """Words between quotation marks; formats.yaml says what each field means."""

    name: str
    kind: Literal["quoted"]
    server: str
    pieces: int
    request: int
    answer: int
    times: int = 0
    upstream: bool = False
    unit: Unit = "s"

    @property
    def duration(self) -> bool:
        """Whether a time is known."""
        return self.times > 0


@dataclass(frozen=True, slots=True)
class HaproxyFormat:
    """HAProxy's HTTP log."""

    name: str
    kind: Literal["haproxy"]
    server: str


def _request_or_parts(method: str | None, path: str | None, request: str | None) -> Problems:
    if (request is None) == (method is None or path is None):
        yield "request", "expected either method and path, or request (the whole request line)"


def _keys_apart(*values: str | None) -> Problems:
    """Yield a field whose key is at the same time an object around, or inside, that of another."""
    keys = dict(zip(FIELDS, values, strict=True))
    for name, key in keys.items():
        others = [other for field, other in keys.items() if field != name and other is not None]
        if key is not None and any(key == other or key.startswith(f"{other}.") for other in others):
            yield name, f"expected a key that is not inside another, got {key}"


@dataclass(frozen=True, slots=True)
class JsonFormat:
    """One JSON object a line."""

    name: Annotated[str, "The name that files refer to.", expect_name]
    kind: Annotated[Literal["json"], "One object a line."]
    status: Annotated[str, "The key of the status.", _KEY]
    method: Annotated[str | None, "The key of the method.", _OPTIONAL_KEY] = None
    path: Annotated[str | None, "The key of the path, with or without a query.", _OPTIONAL_KEY] = None
    request: Annotated[str | None, "Instead of both: the key of a whole request line.", _OPTIONAL_KEY] = None
    bytes: Annotated[str | None, "The key of the bytes sent.", _OPTIONAL_KEY] = None
    duration: Annotated[str | None, "The key of the time taken; without it only errors are counted.", _OPTIONAL_KEY] = (
        None
    )
    upstream: Annotated[str | None, "The key of the time that the server behind took.", _OPTIONAL_KEY] = None
    unit: Annotated[Unit, "The unit of both times."] = "s"
    server: Annotated[str, "What writes it, for people."] = ""

    CHECKS: ClassVar[tuple[RecordCheck, ...]] = (_request_or_parts, OfFields(FIELDS, _keys_apart))


def compiled(pattern: str) -> Any:
    """Return the pattern for bytes; RE2 takes time linear in the line. Raises ValueError."""
    import re2  # noqa: PLC0415 - only settings with a pattern load it

    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MOST_PATTERN_BYTES
    options.encoding = re2.Options.Encoding.LATIN1  # a line may hold any bytes
    try:
        return re2.compile(pattern.encode(), options)
    except re2.error as error:
        why = error.args[0] if error.args else ""
        text = why.decode("utf-8", "replace") if isinstance(why, bytes) else str(why)
        raise ValueError(f"expected a regular expression (RE2), without look-around: {text}") from None


def _expect_groups(pattern: str) -> None:
    names = {name.decode() for name in compiled(pattern).groupindex}
    if unknown := sorted(names - set(FIELDS)):
        raise ValueError(f"expected groups named {', '.join(FIELDS)}, got {', '.join(unknown)}")
    if "status" not in names or not ("request" in names or {"method", "path"} <= names):
        raise ValueError("expected the groups status and request, or status, method and path")


@dataclass(frozen=True, slots=True)
class PatternFormat:
    """Lines of text that no other format describes."""

    name: Annotated[str, "The name that files refer to.", expect_name]
    kind: Annotated[Literal["pattern"], "Text, read by a regular expression."]
    pattern: Annotated[
        str, f"A regular expression (RE2) for a line, with groups `(?P<name>…)` of {', '.join(FIELDS)}.", _expect_groups
    ]
    unit: Annotated[Unit, "The unit of duration and upstream."] = "s"

    @property
    def duration(self) -> bool:
        """Whether a time is known."""
        return "(?P<duration>" in self.pattern


OwnFormat = JsonFormat | PatternFormat
AnyFormat = QuotedFormat | HaproxyFormat | JsonFormat | PatternFormat


@dataclass(frozen=True, slots=True)
class _Formats:
    formats: Annotated[tuple[QuotedFormat | HaproxyFormat | JsonFormat, ...], unique_names]


@cache
def shipped() -> dict[str, AnyFormat]:
    """Return name → format of formats.yaml. Raises ConfigError with every problem of the file."""
    return {one.name: one for one in load(SHIPPED, _Formats, {}).formats}


def is_timed(one: AnyFormat) -> bool:
    """Return whether lines of the format say how long a request took."""
    return isinstance(one, HaproxyFormat) or bool(one.duration)
