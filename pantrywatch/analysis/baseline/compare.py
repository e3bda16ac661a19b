"""`pantrywatch baseline save|compare NAME`: the targets over some days, against later ones."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Literal

from exporters.core.errors import ConfigError, ConfigProblem
from pantrywatch.analysis.baseline.snapshot import Measured, Snapshot, load, measured, save
from pantrywatch.scheduler.daily import day_of_last
from pantrywatch.scheduler.day import Day
from pantrywatch.scheduler.questions import clock_of, days_of
from pantrywatch.web.prometheus import NoAnswerError, Prometheus

SNAPSHOT_DAYS = 14  # two of each weekday
_MOST_DAYS = 91
_A_QUESTION = timedelta(days=7)
_LEAST_DAYS = 4
_LEAST_EVENTS = 100
# Student's t of a difference that chance makes once in a hundred comparisons, by degrees of freedom.
_SIGNIFICANT = {6: 3.71, 8: 3.36, 10: 3.17, 14: 2.98, 20: 2.85, 30: 2.75}
Verdict = Literal["better", "worse", "same", "too little data"]


@dataclass(frozen=True, slots=True)
class Compared:
    """A target before and after, what the share would have to differ by to be no chance, and what that says."""

    target: str
    verdict: Verdict
    before: Measured | None
    after: Measured | None
    noise: float = 0.0


def save_snapshot(file: Path, prometheus: Prometheus) -> int:
    """Write the last 14 whole days of all targets to a new file; returns 0, or 1 if nothing was measured.

    Raises ConfigError if there is such a file, it cannot be written, or Prometheus does not answer.
    """
    last = _last_day(prometheus)
    first = last - timedelta(days=SNAPSHOT_DAYS - 1)
    days = _days(prometheus, first, last)
    if not days:
        sys.stdout.write("nothing was measured on a whole day yet (UTC): too early\n")
        return 1
    snapshot = Snapshot(min(day.on for day in days), last, measured(days))
    save(file, snapshot)
    sys.stdout.write(f"{file}: {len(snapshot.targets)} targets, {snapshot.first} to {snapshot.last}\n")
    return 0


def print_comparison(file: Path, prometheus: Prometheus, since: float | None) -> int:
    """Print how each target is since the snapshot, or since a time (Unix seconds); returns 1 if all lack data.

    Raises ConfigError if the file is missing or damaged, the time is to come, or Prometheus does not answer.
    """
    before = load(file)
    last = _last_day(prometheus)
    first = before.last + timedelta(days=1) if since is None else _first_day(since)
    first = max(first, last - timedelta(days=_MOST_DAYS - 1))
    found = compared(before.targets, measured(_days(prometheus, first, last)) if first <= last else [])
    sys.stdout.write("\n".join(_lines(found, before, first, last)) + "\n")
    return int(all(one.verdict == "too little data" for one in found))


def compared(before: Sequence[Measured], after: Sequence[Measured]) -> list[Compared]:
    """Return the verdict on each target of either."""
    was, now = ({one.target: one for one in all_of} for all_of in (before, after))
    return [_compared(target, was.get(target), now.get(target)) for target in sorted(was | now)]


def _compared(target: str, before: Measured | None, after: Measured | None) -> Compared:
    if before is None or after is None or not (_is_enough(before) and _is_enough(after)):
        return Compared(target, "too little data", before, after)
    noise = _noise(before, after)
    difference = after.share - before.share
    verdict: Verdict = "same" if abs(difference) <= noise else "better" if difference > 0 else "worse"
    return Compared(target, verdict, before, after, noise)


def _is_enough(one: Measured) -> bool:
    return one.days >= _LEAST_DAYS and one.total >= _LEAST_EVENTS


def _noise(before: Measured, after: Measured) -> float:
    """Return what the share must differ by: what days differ by, and no less than what a count differs by chance."""
    between_days = math.hypot(before.noise / math.sqrt(before.days), after.noise / math.sqrt(after.days))
    good = (before.good + after.good + 1) / (before.total + after.total + 2)  # never certain
    by_chance = math.sqrt(good * (1 - good) * (1 / before.total + 1 / after.total))
    freedom = before.days + after.days - 2
    return max(between_days, by_chance) * next(
        (_SIGNIFICANT[least] for least in sorted(_SIGNIFICANT, reverse=True) if freedom >= least), math.inf
    )


def _lines(found: list[Compared], before: Snapshot, first: date, last: date) -> Iterator[str]:
    yield f"{before.first} to {before.last} against {first} to {last}, whole days (UTC)"
    if first > last:
        yield "too little data: no whole day has passed since then"
    for one in found:
        yield f"{one.target:<28} {one.verdict:<16} {_shares(one)}"


def _shares(one: Compared) -> str:
    def text(of: Measured | None) -> str:
        return f"{of.share:.3%} of {of.total:.0f} on {of.days} days" if of else "nothing"

    told = f"{text(one.before)} -> {text(one.after)}"
    return told if one.verdict == "too little data" else f"{told}; noise {one.noise:.3%}"


def _last_day(prometheus: Prometheus) -> date:
    try:
        return day_of_last(clock_of(prometheus))
    except NoAnswerError as error:
        raise ConfigError([ConfigProblem(prometheus.shown_url, "Prometheus", str(error))]) from error


def _first_day(since: float) -> date:
    """Return the first whole day from a time on. Raises ConfigError for one that is not past."""
    try:
        at = datetime.fromtimestamp(since, UTC)
    except (ValueError, OverflowError, OSError):
        at = datetime.max.replace(tzinfo=UTC)
    if not 0 <= since <= time.time():
        expected = "expected a time in the past"
        raise ConfigError([ConfigProblem("command line", "--since", expected)])
    return at.date() if at.time() == datetime.min.time() else at.date() + timedelta(days=1)


def _days(prometheus: Prometheus, first: date, last: date) -> list[Day]:
    found: list[Day] = []
    try:
        while first <= last:
            found += days_of(prometheus, first, min(last, first + _A_QUESTION - timedelta(days=1)))
            first += _A_QUESTION
    except NoAnswerError as error:
        raise ConfigError([ConfigProblem(prometheus.shown_url, "Prometheus", str(error))]) from error
    return found
