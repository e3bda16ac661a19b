"""The reply of INFO, as fields by section. Source: https://redis.io/docs/latest/commands/info/."""

from __future__ import annotations

from dataclasses import dataclass

_STATES = {"ok": 1.0, "true": 1.0, "up": 1.0, "err": 0.0, "fail": 0.0, "false": 0.0, "down": 0.0}


@dataclass(frozen=True, slots=True)
class Info:
    """`fields` are those of every plain section; the four others are fields of sections with one line an object."""

    fields: dict[str, str]
    commands: dict[str, str]
    errors: dict[str, str]
    keyspace: dict[str, str]


def parse_info(text: str) -> Info:
    """Return the fields; unknown sections and lines are kept or left out, never an error."""
    fields: dict[str, str] = {}
    by_section: dict[str, dict[str, str]] = {
        "Commandstats": {},
        "Errorstats": {},
        "Keyspace": {},
        "Latencystats": {},  # lifetime percentiles: cannot be added up over time or servers, so not read
    }
    for part in text.split("# ")[1:]:
        title, _, body = part.partition("\r\n")
        section = by_section.get(title, fields)
        for line in body.split("\r\n"):
            key, colon, value = line.partition(":")
            if colon:
                section[key] = value
    return Info(fields, by_section["Commandstats"], by_section["Errorstats"], by_section["Keyspace"])


def number(value: str | None) -> float | None:
    """Return a field's value: a number, or 1 and 0 for the words INFO uses; None where it is neither."""
    if value is None:
        return None
    try:
        return float(value) if "." in value else int(value)
    except ValueError:
        return _STATES.get(value)


def pairs(value: str) -> dict[str, str]:
    """Return `a=1,b=2` as a dict."""
    return dict(part.split("=", 1) for part in value.split(",") if "=" in part)
