"""The shapes of the bar charts: what a template draws as SVG, with a text for those who do not see it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pantrywatch.analysis.report.days import LayerDays
from pantrywatch.analysis.report.locale import Locale
from pantrywatch.analysis.report.promises import Month, Promise
from pantrywatch.scheduler.day import KEPT_MONTHS

_HEIGHT = 24.0
_MONTH_WIDTH, _DAY_WIDTH = 7.0, 5.0
_GAP = 1.5
_MOST_SPENT = 2.0  # the bad events that a bar has room for, as a share of those allowed


@dataclass(frozen=True, slots=True)
class Bar:
    """One rectangle; `kind` is its class in the style sheet: kept, missed or unknown."""

    x: float
    y: float
    width: float
    height: float
    kind: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A row of bars; `line` is the height of what is allowed, `text` says the same in words."""

    width: float
    height: float
    line: float | None
    bars: tuple[Bar, ...]
    text: str


def months_chart(promise: Promise, locale: Locale) -> Chart | None:
    """Return the months of a promise up to the last one that has any; None where none is known."""
    if not promise.months:
        return None
    known = {month.name: month for month in promise.months}
    names = _names(promise.months[-1].name)
    bars = tuple(_month_bar(number, known.get(name)) for number, name in enumerate(names))
    words = "; ".join(_month_words(name, known.get(name), locale) for name in names)
    return Chart(len(names) * _MONTH_WIDTH, _HEIGHT, _HEIGHT / 2, bars, words)


def _names(last: str) -> list[str]:
    year, month = map(int, last.split("-"))
    numbers = range(year * 12 + month - KEPT_MONTHS, year * 12 + month)
    return [f"{number // 12}-{number % 12 + 1:02d}" for number in numbers]


def _month_bar(number: int, month: Month | None) -> Bar:
    spent = None if month is None else month.spent
    x, width = number * _MONTH_WIDTH, _MONTH_WIDTH - _GAP
    if spent is None:
        return Bar(x, _HEIGHT - 1, width, 1, "unknown")
    height = max(1.5, min(max(spent, 0.0), _MOST_SPENT) / _MOST_SPENT * _HEIGHT)
    return Bar(x, _HEIGHT - height, width, height, "kept" if spent <= 1 else "missed")


def _month_words(name: str, month: Month | None, locale: Locale) -> str:
    if month is None or month.spent is None:
        return locale.text("month_without", month=locale.month(name))
    return locale.text("month_text", month=locale.month(name), spent=locale.share(month.spent, 0))


def days_chart(layer: LayerDays, locale: Locale) -> Chart:
    """Return the days of a layer; the text counts them, and names those that missed a target."""
    bars = tuple(_day_bars(layer))
    states: Sequence[str] = [state for _, state in layer.days]
    counts = {kind: states.count(kind) for kind in ("kept", "missed", "unknown")}
    missed = "; ".join(locale.day(on) for on, state in layer.days if state == "missed")
    text = locale.text("days_90", **counts)
    if missed:
        text += " " + locale.text("days_missed", days=missed)
    return Chart(len(layer.days) * _DAY_WIDTH, _HEIGHT, None, bars, text)


def _day_bars(layer: LayerDays) -> Iterator[Bar]:
    heights = {"kept": _HEIGHT, "missed": _HEIGHT / 2, "unknown": 2.0}
    for number, (_, state) in enumerate(layer.days):
        yield Bar(number * _DAY_WIDTH, _HEIGHT - heights[state], _DAY_WIDTH - _GAP, heights[state], state)
