"""Which blocks before a deployment it is compared with."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from pantrywatch.analysis.gate.calm import calm_window
from pantrywatch.analysis.gate.reading import Window
from pantrywatch.web.prometheus import Answer, Prometheus

_SINCE = 1_800_000_000.0
_WEEK, _DAY_BLOCKS = 7 * 86400, 288


class _Played(Prometheus):
    """Alerts fire whenever a function of the seconds since the deployment says so."""

    def __init__(self, fires: Callable[[float], bool]) -> None:
        super().__init__("http://nowhere.invalid")
        self._fires = fires

    def query(self, path: str, parameters: list[tuple[str, str]]) -> Answer:
        asked = dict(parameters)
        times = range(int(float(asked["start"])), int(float(asked["end"])) + 1, 300)
        values = [[at, "2"] for at in times if self._fires(at - _SINCE)]
        document = {"status": "success", "data": {"result": [{"metric": {}, "values": values}] if values else []}}
        return Answer(200, json.dumps(document).encode())


def _calm(fires: Callable[[float], bool], *minutes: float) -> Window:
    """Return the window with other deployments so many minutes before."""
    return calm_window(_Played(fires), Window(_SINCE, 3), [_SINCE - 60 * ago for ago in minutes])


def _never(_: float) -> bool:
    return False


@pytest.mark.parametrize(
    ("minutes", "kept"),
    [
        ((), [(1, 288)]),
        ((-10, 2000), [(1, 288)]),  # after it, and longer than a day before
        ((120,), [(1, 23)]),  # it ran for two hours: nothing before it
        ((62,), [(1, 11)]),
        ((20,), [(5, 288)]),  # it ran for twenty minutes: what came before it
        ((20, 120), [(5, 23)]),
        ((20, 40, 300), [(9, 59)]),
        (tuple(range(30, 1500, 30)), [(1, 288)]),  # all day: that is what is usual there
    ],
)  # fmt: skip
def test_only_the_newest_version_that_ran_for_an_hour_is_compared(
    minutes: tuple[float, ...], kept: list[tuple[int, int]]
) -> None:
    """Whole blocks of it, counted backwards; all of them where less than an hour would be left."""
    if minutes == (62,):  # eleven blocks are less than an hour
        kept = [(1, 288)]
    left = sorted(set(range(1, _DAY_BLOCKS + 1)) - _calm(_never, *minutes).left_out)
    assert left == [block for low, high in kept for block in range(low, high + 1)]


def test_incidents_are_left_out_with_the_block_in_which_they_began() -> None:
    """Durations reach back for as many blocks as without it."""
    window = _calm(lambda at: -3000 <= at <= -1000)
    assert window.left_out == frozenset(range(4, 12))
    assert (window.before, window.left_out_minutes, window.has_week) == (36 + 8, 40, True)
    assert len(window.spans(lambda step: step).before) == 36
    assert len(window.spans(lambda step: step).after) == 3


def test_an_incident_of_last_week_leaves_last_week_out() -> None:
    """In the hour before, or in what followed; one that was earlier does not matter."""
    assert not _calm(lambda at: -_WEEK - 600 <= at <= -_WEEK).has_week
    assert not _calm(lambda at: -_WEEK + 600 <= at <= -_WEEK + 900).has_week
    assert _calm(lambda at: -_WEEK - 9000 <= at <= -_WEEK - 5000).has_week


def test_what_fires_all_day_is_usual() -> None:
    """Nothing is left out where less than an hour would remain; other versions still are."""
    assert _calm(lambda at: at < 0).left_out == frozenset()
    assert len(_calm(lambda at: at < 0, 120).left_out) == _DAY_BLOCKS - 23
