"""The daily task: which days are asked for, what becomes of the answers, and what the page says of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, timedelta

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from exporters.core.clock import Clock
from pantrywatch.scheduler.daily import Daily
from pantrywatch.scheduler.day import Day, days_between, end_of
from pantrywatch.scheduler.memory import MOST_TARGETS, Memory
from pantrywatch.scheduler.metrics import SchedulerCollector
from pantrywatch.scheduler.questions import clock_of, days_of
from pantrywatch.web.prometheus import Answer, NoAnswerError, Prometheus

_YESTERDAY = date(2026, 11, 29)
_NOON = end_of(_YESTERDAY) + 43200


def _day(on: date, target: str = "lcp", good: float = 90.0) -> Day:
    return Day(on, target, good, 100.0, 0.75, 86400.0)


class _Source:
    """A Prometheus that has some days, and may be away."""

    def __init__(self, *dates: date) -> None:
        self.dates, self.is_away, self.clock = set(dates), False, _NOON
        self.asked: list[date] = []

    def now(self) -> float:
        if self.is_away:
            raise NoAnswerError("away")
        return self.clock

    def days(self, first: date, last: date) -> Sequence[Day]:
        self.asked += days_between(first, last)
        return [_day(on) for on in days_between(first, last) if on in self.dates]


def _dates(daily: Daily) -> list[date]:
    return sorted(on for on, _ in daily.memory.known)


def test_missed_days_are_filled_while_prometheus_has_them_and_others_left_out() -> None:
    """At the start it asks for each day of the retention but the oldest, once; gaps are counted, and are not zero."""
    source = _Source(*(_YESTERDAY - timedelta(days=n) for n in (0, 1, 3, 38, 39)))
    daily = Daily(Memory(), source, reach_days=40)
    assert daily.fill()
    assert source.asked == days_between(_YESTERDAY - timedelta(days=38), _YESTERDAY)
    assert _dates(daily) == [_YESTERDAY - timedelta(days=n) for n in (38, 3, 1, 0)]
    assert daily.left_out() == 35
    assert daily.fill()
    assert len(source.asked) == 39, "a day is asked for once"


def test_a_day_is_asked_for_when_it_is_over_by_prometheus_clock() -> None:
    """Ten minutes after midnight in UTC, not before: its last events must have been recorded."""
    source = _Source(_YESTERDAY, _YESTERDAY + timedelta(days=1))
    daily = Daily(Memory(), source, reach_days=40)
    midnight = end_of(_YESTERDAY + timedelta(days=1))
    for now, newest in (
        (_NOON, _YESTERDAY),
        (midnight + 599, _YESTERDAY),
        (midnight + 600, _YESTERDAY + timedelta(days=1)),
    ):
        source.clock = now
        assert daily.fill()
        assert _dates(daily)[-1] == newest


def test_a_prometheus_that_is_away_is_asked_again(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is added, it is said once and on the page, and what it missed comes when it is back."""
    source = _Source(_YESTERDAY)
    source.is_away = True
    daily = Daily(Memory(), source, reach_days=40)
    collector = SchedulerCollector(daily, Clock(lambda: _NOON))
    for _ in range(3):
        collector.ran("daily", daily.fill())
    assert caplog.text.count("Prometheus: away") == 1
    page = _page(collector)
    assert page["pantrywatch_scheduler_failures_total", "daily"] == 3
    assert page["pantrywatch_scheduler_success", "daily"] == 0
    source.is_away = False
    collector.ran("daily", daily.fill())
    assert _dates(daily) == [_YESTERDAY]
    assert _page(collector)["pantrywatch_scheduler_success", "daily"] == 1


def test_each_task_has_its_own_success_failures_and_time() -> None:
    """A report that could not be sent is seen on the page, also before its first run ends; the daily task stays."""
    now = [_NOON]
    collector = SchedulerCollector(Daily(Memory(), _Source(), 40), Clock(lambda: now[0]), ["report"])
    last = "pantrywatch_scheduler_last_success_timestamp_seconds"
    assert _page(collector)[("pantrywatch_scheduler_success", "report")] == 0
    for now[0], succeeded in ((_NOON + 60, True), (_NOON + 120, False)):
        collector.ran("report", succeeded)
        collector.ran("daily", not succeeded)
    page = _page(collector)
    assert page[("pantrywatch_scheduler_success", "report")] == 0
    assert page[("pantrywatch_scheduler_success", "daily")] == 1
    assert (page[last, "report"], page[last, "daily"]) == (_NOON + 60, _NOON + 120)
    assert page[("pantrywatch_scheduler_failures_total", "report")] == 1
    collector.ran("report", succeeded=True)
    assert _page(collector)[("pantrywatch_scheduler_success", "report")] == 1


def test_an_impossible_clock_is_no_answer() -> None:
    """A Prometheus whose clock shows what no calendar has is asked again, and costs nothing."""
    source = _Source(_YESTERDAY)
    daily = Daily(Memory(), source, reach_days=40)
    for source.clock in (1e18, -1e18):
        assert not daily.fill()
    assert daily.memory.known == {}


def test_months_are_sums_of_days_with_and_without_excluded_maintenance() -> None:
    """Events are added and divided last; each day has its own objective; at most 13 months; a removed target stays."""
    days = [
        Day(date(2026, 10, 31), "lcp", 50, 100, 0.75, 86400),
        Day(date(2026, 11, 1), "lcp", 100, 100, 0.75, 86400),
        Day(date(2026, 11, 2), "lcp", 270, 300, 0.95, 43200, excluded_good=0, excluded_total=100),
        Day(date(2026, 11, 2), "quiet", 0, 0, 0.95, 86400),
        Day(date(2025, 10, 31), "lcp", 1, 1, 0.75, 86400),
        Day(date(2026, 11, 28), "gone", 1, 2, 0.75, 86400),
        Day(_YESTERDAY, "lcp", 0, 0, 0.95, 86400),
    ]
    memory = Memory(known={day.key: day for day in days})
    page = _page(SchedulerCollector(Daily(memory, _Source(), 40), Clock(lambda: _NOON)))
    assert page["slo:daily_good:ratio_month", "lcp", "2026-10"] == 0.5
    assert page["slo:daily_good:ratio_month", "lcp", "2026-11"] == pytest.approx(370 / 400)
    assert page["slo:daily_good:ratio_month_with_excluded", "lcp", "2026-11"] == pytest.approx(370 / 500)
    assert page["slo:daily_budget_spent:ratio_month", "lcp", "2026-11"] == pytest.approx(30 / (25 + 15))
    assert page["slo:daily_objective:ratio_month", "lcp", "2026-11"] == pytest.approx(0.9)
    assert page["slo:daily_events:sum_month", "lcp", "2026-11"] == 400
    assert page["slo:daily_measured:days_month", "lcp", "2026-11"] == 2.5
    assert page["slo:daily_events:sum_month", "quiet", "2026-11"] == 0
    assert ("slo:daily_good:ratio_month", "quiet", "2026-11") not in page, "no traffic is not health"
    assert {month for name, *labels in page if name == "slo:daily_events:sum_month" for month in labels[1:]} == {
        "2026-10", "2026-11",
    }  # fmt: skip
    assert not [key for key in page if key[0] == "slo:daily_good:ratio"], "nothing happened on the newest day"


def test_the_page_is_bounded_and_follows_the_memory() -> None:
    """13 months of 100 targets are six series each; a new day changes the sums at the next scrape."""
    dates = [date(2025 + month // 12, month % 12 + 1, 1) for month in range(10, 23)]
    memory = Memory()
    memory.add(_day(on, f"t{number}") for on in dates for number in range(MOST_TARGETS + 5))
    collector = SchedulerCollector(Daily(memory, _Source(), 40), Clock(lambda: _NOON))
    page = _page(collector)
    assert len([key for key in page if key[0].startswith("slo:")]) == 13 * MOST_TARGETS * 6 + MOST_TARGETS
    memory.add([_day(_YESTERDAY, "t1", 10.0)])
    page = _page(collector)
    assert page["slo:daily_good:ratio_month", "t1", "2026-11"] == 0.5
    assert page["slo:daily_good:ratio", "t1"] == 0.1


class _Answering(Prometheus):
    """Answers as it is made to."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__("http://127.0.0.1:9")
        self._fixed = Answer(status, body)

    def query(self, path: str, parameters: list[tuple[str, str]]) -> Answer:
        return self._fixed


@pytest.mark.parametrize(
    "data",
    [
        None, [], {"result": None}, {"result": [{"metric": {}, "values": []}]},
        {"result": [{"metric": {"target": "a"}, "values": [[1, "x"]]}]},
        {"result": [{"metric": {"target": "a"}, "values": [1]}]},
        {"result": [{"metric": {"target": "a"}, "values": [[1e99, "1"]]}]},
    ],
)  # fmt: skip
def test_an_answer_of_another_shape_is_no_answer(data: object) -> None:
    """What is not a matrix of targets raises the one error that is tried again; so do other statuses and texts."""
    body = json.dumps({"status": "success", "data": data}).encode()
    for answer in (_Answering(200, body), _Answering(502, b"<html>"), _Answering(200, b"[" * 100_000)):
        with pytest.raises(NoAnswerError):
            days_of(answer, _YESTERDAY, _YESTERDAY)
        with pytest.raises(NoAnswerError):
            clock_of(answer)


def test_numbers_that_no_day_has_are_left_out() -> None:
    """NaN and infinite values, a target without a name, an objective of 1: no line, and the others are not lost."""
    values = [[end_of(_YESTERDAY) - 0.001, "0.5"]]
    odd = [{"metric": {"target": "no target"}, "values": values}, {"metric": {"target": "b"}, "values": [[0, "NaN"]]}]
    result = {"result": [{"metric": {"target": "a"}, "values": values}, *odd]}
    answer = _Answering(200, json.dumps({"status": "success", "data": result}).encode())
    assert [day.target for day in days_of(answer, _YESTERDAY, _YESTERDAY)] == ["a"]


def _page(collector: SchedulerCollector) -> dict[tuple[str, ...], float]:
    """Return name and label values, in the order of their names but the target first, → value."""
    registry = CollectorRegistry()
    registry.register(collector)
    families = text_string_to_metric_families(generate_latest(registry).decode())
    return {
        (sample.name, *(sample.labels[name] for name in sorted(sample.labels, reverse=True))): sample.value
        for family in families
        for sample in family.samples
    }
