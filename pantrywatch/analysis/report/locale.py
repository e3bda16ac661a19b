"""Texts, numbers and dates in a language: the table texts.yaml."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).parent / "texts.yaml"
_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86400.0


@cache
def table() -> Any:
    """Return the whole table: formats, months and texts."""
    return yaml.safe_load(FILE.read_text(encoding="utf-8"))


def languages() -> tuple[str, ...]:
    """Return the languages that have their formats."""
    return tuple(table()["formats"])


@dataclass(frozen=True, slots=True)
class Locale:
    """One language. A text that it lacks is English."""

    language: str
    formats: Mapping[str, str]
    months: Sequence[str]
    texts: Mapping[str, Mapping[str, str]]

    def text(self, key: str, **values: object) -> str:
        """Return a text with its values. Raises KeyError for a text that is not in the table."""
        entry = self.texts[key]
        return entry.get(self.language, entry["en"]).format(**values)

    def named(self, kind: str, name: str) -> str:
        """Return the text of a name that rules give, such as a layer; an unknown name stays as it is."""
        return self.text(f"{kind}_{name}") if f"{kind}_{name}" in self.texts else name

    def number(self, value: float, decimals: int = 0) -> str:
        """Return a number with the marks of the language."""
        text = f"{value:,.{decimals}f}"
        marks = {",": self.formats["thousands"], ".": self.formats["decimal"]}
        return "".join(marks.get(sign, sign) for sign in text)

    def share(self, value: float | None, decimals: int = 3) -> str:
        """Return a share as percent, as the boards round it; what is not all is never shown as 100%."""
        if value is None:
            return self.text("unknown")
        percent = round(100 * value, decimals)
        if percent >= 100 and value < 1:
            percent = 100 - 10.0**-decimals
        return self.formats["percent"].format(number=self.number(percent, decimals))

    def count(self, value: float) -> str:
        """Return a number of things: whole, with a decimal below 1, for counts of counters are estimates."""
        return self.number(value, 1 if 0 < value < 1 else 0)

    def seconds(self, value: float) -> str:
        """Return a time in the unit that fits it, such as `120 ms` or `2.5 s`."""
        if value < 1:
            return f"{self.number(1000 * value, 0 if value >= 0.01 else 2)} ms"
        return f"{self.number(value, 1 if value < 100 else 0)} s" if value < _HOUR else self.duration(value)

    def duration(self, seconds: float | None) -> str:
        """Return a duration in words, in its largest unit, and the next one where that is small."""
        if seconds is None:
            return self.text("unknown")
        for size, unit, smaller, name in (
            (_DAY, "day", _HOUR, "hour"), (_HOUR, "hour", _MINUTE, "minute"), (_MINUTE, "minute", 1.0, ""),
        ):  # fmt: skip
            if seconds >= size:
                whole, rest = divmod(seconds, size)
                parts = [self.counted(unit, int(whole))]
                if name and whole < 3 and rest >= smaller:
                    parts.append(self.counted(name, int(rest // smaller)))
                return " ".join(parts)
        return self.counted("second", int(max(0.0, seconds)))

    def moment(self, seconds: float) -> str:
        """Return a time in UTC, to the minute; one that no calendar has is not known."""
        try:
            at = datetime.fromtimestamp(seconds, UTC)
        except (ValueError, OverflowError, OSError):
            return self.text("unknown")
        return f"{self.day(at.date())}, {at:%H:%M}"

    def day(self, on: date) -> str:
        """Return a date."""
        return self.formats["day"].format(day=on.day, month=self.months[on.month - 1], year=on.year)

    def month(self, name: str) -> str:
        """Return the name of a month such as 2026-11."""
        year, month = name.split("-")
        return self.formats["month"].format(month=self.months[int(month) - 1], year=year)

    def counted(self, key: str, count: int) -> str:
        """Return the text of a number of things, with its form for one or for others."""
        return self.text(f"{key}_{'one' if count == 1 else 'other'}", count=self.number(count))


def locale(language: str) -> Locale:
    """Return a language of the table."""
    found = table()
    return Locale(language, found["formats"][language], found["months"][language], found["texts"])
