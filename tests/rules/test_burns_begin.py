"""A burn-rate alert begins while its cause goes on: what is over, and its windows remember, is told to nobody."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from pantrywatch.config.durations import seconds
from tests.rules.promtool import BURNING, Case, Promtool, at
from tests.rules.target_series import Segments, series_of

_SCRAPE_SECONDS = 15
_BEFORE = 60 * 60 // _SCRAPE_SECONDS
_MINUTE = 60 // _SCRAPE_SECONDS
_FIRED = (
    'max by (target, severity) (max_over_time(ALERTS{alertname=~"Crm.+Burn",alertstate="firing",target="%s"}[%ds]%s))'
)
# One of each kind and allowance: the rules of the others are the same.
_KINDS = ("api-error-rate", "db-availability", "cache-hit-ratio", "api-latency", "lcp")


def _outage(lengths: tuple[int, int, int]) -> tuple[Segments, Segments]:
    """Ten events a scrape: good before, bad for a while, good after; lengths in scrapes."""
    good, bad = (10.0, 0.0, 10.0), (0.0, 10.0, 0.0)
    return list(zip(good, lengths, strict=True)), list(zip(bad, lengths, strict=True))


def _seen(every: str) -> int:
    """Seconds for the scrape that sees the end, the next that finds nothing bad since, and the rules that look."""
    return 2 * _SCRAPE_SECONDS + 2 * int(seconds(every))


def _begins_late(target: str, end: int, last: int, seen_seconds: int) -> Case:
    """No severity of a target fires for the first time after what ended at a scrape could be known to be over."""
    after = (last - end) * _SCRAPE_SECONDS - seen_seconds
    late = f"{_FIRED % (target, after, '')} unless {_FIRED % (target, 86400, f' offset {after}s')}"
    return at(f"{last * _SCRAPE_SECONDS}s", late, {})


@dataclass(frozen=True, slots=True)
class _Trial:
    """Each target has an outage of its own: of that length or up to two minutes more, from another scrape on."""

    minutes: int
    turn: int
    watched_minutes: int
    every: str = "15s"

    def run(self, promtool: Promtool, targets: tuple[str, ...]) -> None:
        series: list[tuple[str, str]] = []
        cases = []
        last = _BEFORE + (self.minutes + self.watched_minutes) * _MINUTE
        for number, target in enumerate(targets, self.turn):
            start = _BEFORE + number // 9 + number % 4
            end = start + self.minutes * _MINUTE + number % 9
            series += series_of(target, *_outage((start, end - start, last - end)))
            cases.append(_begins_late(target, end, last - 1, _seen(self.every)))
        promtool(series, "15s", cases, about=" ".join(targets), records=BURNING, every=self.every)


@pytest.mark.long
@pytest.mark.parametrize(("minutes", "target"), [(3, "db-availability"), (5, "db-error-rate")])
def test_no_page_begins_after_the_end_of_what_it_is_about(promtool: Promtool, minutes: int, target: str) -> None:
    """Outages of some minutes, also the shortest that use up enough of a month: no alert begins after the end."""
    _Trial(minutes, 1, 20).run(promtool, (target,))


@pytest.mark.long
@pytest.mark.parametrize(("minutes", "turn"), [(5, 4), (30, 0)])
def test_no_page_begins_late_at_any_offset(promtool: Promtool, minutes: int, turn: int) -> None:
    """One target of each kind and allowance, ending at each moment of an evaluation and of the waits."""
    _Trial(minutes, turn, 50).run(promtool, _KINDS)


@pytest.mark.long
@pytest.mark.parametrize("minutes", [5, 30])
def test_no_tier_begins_after_the_end_of_what_it_is_about(promtool: Promtool, minutes: int) -> None:
    """The same for as long as six hours remember; the rules look each minute."""
    _Trial(minutes, 3, 7 * 60, "1m").run(promtool, _KINDS)
