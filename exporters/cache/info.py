"""The reply of INFO, as fields by section. Source: https://redis.io/docs/latest/commands/info/."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from exporters.core.errors import CollectError, ErrorClass

_STATES = {"ok": 1.0, "true": 1.0, "up": 1.0, "err": 0.0, "fail": 0.0, "false": 0.0, "down": 0.0}
_NUMBER = re.compile(r"[+-]?\d{1,20}(\.\d{1,20})?([eE][+-]?\d{1,2})?", re.ASCII)
_NUMBER_TOO_LONG = re.compile(r"[+-]?\d{21}|[+-]?\d+\.\d{21}|[+-]?\d+(\.\d+)?[eE][+-]?\d{3}", re.ASCII)
_MOST_LINES = 20_000  # a server with every module has about 1,500
_KNOWN = ("redis_version", "valkey_version", "uptime_in_seconds", "connected_clients", "used_memory", "role")

Lines = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Info:
    """`fields` has those of every plain section; the other three are the lines of sections with one line per object.

    A name may occur twice among the lines: bytes that are not UTF-8 are replaced, and names may differ only in those.
    """

    fields: dict[str, str] = field(default_factory=dict)
    commands: Lines = ()
    errors: Lines = ()
    keyspace: Lines = ()

    @property
    def is_sentinel(self) -> bool:
        """Whether it is a Redis Sentinel, which watches servers and has no data."""
        return "sentinel" in {self.fields.get("redis_mode"), self.fields.get("server_mode")}


def parse_info(data: bytes) -> Info:
    """Return the fields of all sections present. Raises CollectError (protocol) if it is not INFO at all."""
    fields: dict[str, str] = {}
    by_section: dict[str, list[tuple[str, str]]] = {
        "commandstats": [],
        "errorstats": [],
        "keyspace": [],
        "latencystats": [],  # lifetime percentiles: they cannot be aggregated over time or servers, so not used
    }
    section: list[tuple[str, str]] | None = None
    for count, raw in enumerate(io.BytesIO(data)):
        if count == _MOST_LINES:
            raise CollectError(ErrorClass.PROTOCOL, f"INFO of more than {_MOST_LINES} lines")
        line = raw.rstrip(b"\r\n").decode(errors="replace")
        key, colon, value = line.partition(":")
        if line.startswith("#"):
            section = by_section.get(line[1:].strip().lower())
        elif colon and section is not None:
            section.append((key, value))
        elif colon:
            fields[key] = value
    if not any(name in fields for name in _KNOWN):
        raise CollectError(ErrorClass.PROTOCOL, "the reply to INFO has none of its fields")
    return Info(fields, by_section["commandstats"], by_section["errorstats"], by_section["keyspace"])


def number(value: str | None) -> float | None:
    """Return a field's value: a number, or 1 and 0 for the words that INFO uses, or None.

    Raises CollectError (protocol) for an impossibly long number.
    """
    if value is None:
        return None
    if _NUMBER.fullmatch(value):
        return float(value) if "." in value or "e" in value.lower() else int(value)
    if _NUMBER_TOO_LONG.match(value):
        raise CollectError(ErrorClass.PROTOCOL, f"a number of {len(value)} digits")
    return _STATES.get(value)


def pairs(value: str) -> dict[str, str]:
    """Return `a=1,b=2` as a dict."""
    return dict(part.split("=", 1) for part in value.split(",") if "=" in part)
