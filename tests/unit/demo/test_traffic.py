"""The rhythm of the demo's traffic and what it asks for."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any

import pytest

from demo.traffic.journeys import Desk, begin
from demo.traffic.rhythm import active_representatives, share_of_peak

DAY = datetime(2026, 3, 4)  # noqa: DTZ001 - local time, as the traffic's clock gives it


@pytest.mark.parametrize(
    ("hour", "share"), [(3, 0.2), (10, 1.0), (12.5, 0.7), (15, 1.0), (20, 0.5), (0, 0.2), (23.999, 0.2)]
)
def test_shares_of_the_day(hour: float, share: float) -> None:
    """Working hours are the peak, lunch a dip, the evening a half, the night a fifth."""
    assert share_of_peak(DAY + timedelta(hours=hour)) == pytest.approx(share, abs=0.01)


def test_the_day_is_smooth() -> None:
    """From one minute to the next the rate changes by a hundredth of the peak at most, over midnight too."""
    shares = [share_of_peak(DAY + timedelta(minutes=minute)) for minute in range(24 * 60 + 1)]
    assert max(abs(after - before) for before, after in pairwise(shares)) < 0.01


def test_fewer_people_work_at_night() -> None:
    """At the peak all twenty work, at night four, and there is always somebody."""
    assert [active_representatives(rate, 20) for rate in (8.0, 1.6, 0.01)] == [20, 4, 1]


def answer(path: str) -> dict[str, Any]:
    """What an API with many organizations would answer."""
    if path.startswith("/api/v1/organizations?") or "search?" in path:
        return {"items": [{"id": f"found-{number}"} for number in range(25)]}
    return {"opportunities": [{"id": "deal", "stage": "proposal"}]}


def day_at_work(journeys: int) -> Counter[str]:
    """How often each request is made."""
    desk = Desk(Random(7), [f"own-{number}" for number in range(15)])
    asked: Counter[str] = Counter()
    for _ in range(journeys):
        journey = begin(desk)
        try:
            step = next(journey)
            while True:
                asked[f"{step.method} {step.path}"] += 1
                step = journey.send(answer(step.path))
        except StopIteration:
            continue
    return asked


def test_few_requests_write() -> None:
    """Two to five requests in a hundred write."""
    asked = day_at_work(5_000)
    writes = sum(count for request, count in asked.items() if not request.startswith("GET"))
    assert 0.02 < writes / asked.total() < 0.05


def test_people_come_back_to_the_same() -> None:
    """In a hundred journeys most requests repeat one already made, so that a cache can work."""
    reads = Counter({request: count for request, count in day_at_work(100).items() if request.startswith("GET")})
    assert len(reads) < reads.total() * 0.3
