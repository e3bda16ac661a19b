"""`pantrywatch baseline test`: each whole week judged by those before it alone."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from exporters.core.errors import ConfigError, ConfigProblem
from pantrywatch.analysis.baseline.bands import HISTORY_HOURS, WEEK_HOURS, Hours
from pantrywatch.analysis.baseline.hours import Recorded, Signal, recorded
from pantrywatch.web.prometheus import NoAnswerError, Prometheus


@dataclass(frozen=True, slots=True)
class Judged:
    """How many whole weeks of a series could be judged, how many of their hours had a band, and were outside it."""

    name: str
    weeks: int = 0
    hours: int = 0
    outside: int = 0


def print_test(prometheus: Prometheus, holidays: Iterable[date]) -> int:
    """Print for each series how often an hour was outside its band; returns 1 if there is too little data for any.

    Raises ConfigError naming the server if it does not answer.
    """
    try:
        past = recorded(prometheus, time.time(), frozenset(holidays))
    except NoAnswerError as error:
        raise ConfigError([ConfigProblem(prometheus.shown_url, "Prometheus", str(error))]) from error
    found = [judged(signal, past.holiday) for signal in past.signals]
    sys.stdout.write("\n".join(_lines(found, past)) + "\n")
    return int(not any(one.hours for one in found))


def outside(hours: Hours) -> list[bool | None]:
    """Return for each hour whether it is outside its band; None where there is none, or no value, and on holidays."""
    return [
        None if band is None or value is None or free else not band[0] <= value <= band[1]
        for value, band, free in zip(hours.values, hours.bands(), hours.holiday, strict=True)
    ]


def judged(signal: Signal, holiday: Sequence[bool]) -> Judged:
    """Judge the whole weeks from the sixth one on that it has data of, counted from its first hour."""
    known = [hour for hour, value in enumerate(signal.values) if value is not None]
    if not known:
        return Judged(signal.name)
    first = known[0] + HISTORY_HOURS
    weeks = max(0, (len(signal.values) - first) // WEEK_HOURS)
    found = outside(Hours(signal.values, signal.events, holiday))[first : first + weeks * WEEK_HOURS]
    hours = [hour for hour in found if hour is not None]
    return Judged(signal.name, weeks, len(hours), sum(hours))


def _lines(found: list[Judged], past: Recorded) -> Iterator[str]:
    """Yield the table, or what is missing for it."""
    if not found:
        yield "no series crm:signal:hour: are the rules of baselines.yml loaded there?"
        return
    width = max(len(one.name) for one in found)
    yield f"{'series':<{width}}  weeks  hours   false"
    for one in found:
        yield f"{one.name:<{width}}  {one.weeks:>5}  {one.hours:>5}  {_share(one)}"
    total = Judged("all", max(one.weeks for one in found), *_sums(found))
    yield f"{total.name:<{width}}  {total.weeks:>5}  {total.hours:>5}  {_share(total)}"
    if not total.hours:
        yield "Too early: no whole week after five weeks of data. No alert of type unusual is evaluated until then."
    elif any(past.holiday):
        yield f"Left out as holidays: {sum(past.holiday)} hours."


def _sums(found: list[Judged]) -> tuple[int, int]:
    return sum(one.hours for one in found), sum(one.outside for one in found)


def _share(one: Judged) -> str:
    if one.hours:
        return f"{one.outside / one.hours:>6.2%}"
    return "too early" if not one.weeks else "no band: too few events, or gaps"
