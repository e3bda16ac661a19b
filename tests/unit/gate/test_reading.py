"""What is made of answers of Prometheus: edges in two spellings or changed, gaps, estimates, and what is no answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pantrywatch.analysis.gate.deployment import DurationsOf, SharesOf
from pantrywatch.analysis.gate.reading import Window, read_promises, window_at
from pantrywatch.config.targets import read_targets
from pantrywatch.web.prometheus import Answer, NoAnswerError, Prometheus

_TARGETS = read_targets(Path(__file__).parents[3] / "targets.yaml")
_SINCE = 1_800_000_000.0
_WINDOW = Window(_SINCE, 3, has_week=False)


class _Played(Prometheus):
    """Answers a question about a range with what a function gives for it: labels, and the value at a time or None."""

    def __init__(self, series: Callable[[str], list[tuple[dict[str, str], Callable[[float], float | None]]]]) -> None:
        super().__init__("http://nowhere.invalid")
        self._series = series

    def query(self, path: str, parameters: list[tuple[str, str]]) -> Answer:
        asked = dict(parameters)
        times = range(int(float(asked["start"])), int(float(asked["end"])) + 1, 300)
        result = [
            {"metric": labels, "values": [[at, str(value)] for at in times if (value := value_at(at)) is not None]}
            for labels, value_at in self._series(asked["query"])
        ]
        return Answer(200, json.dumps({"status": "success", "data": {"result": result}}).encode())


def _read(prometheus: Prometheus, target: str) -> Any:
    return next(one for one in read_promises(prometheus, _TARGETS, _WINDOW) if one.id == target)


def _always(value: float) -> Callable[[float], float]:
    return lambda _: value


def _since(value: float) -> Callable[[float], float | None]:
    return lambda at: value if at > _SINCE else None


def test_an_edge_in_two_spellings_is_one() -> None:
    """`1` of the application before an upgrade of Prometheus, `1.0` after it; counts become those of single buckets."""
    edges = {"0.5": 40.0, "1": 60.0, "1.0": 20.0, "+Inf": 100.0}
    played = _Played(
        lambda expr: [({"le": edge}, _always(value)) for edge, value in edges.items()] if "critical" in expr else []
    )
    found = _read(played, "api-latency")
    assert isinstance(found, DurationsOf)
    assert list(found.edges) == [0.5, 1.0]
    assert found.now.before[0] == found.now.after[-1] == [40.0, 40.0, 20.0]
    assert (len(found.now.before), len(found.now.after), found.week_ago) == (36, 3, None)


def test_edges_that_a_deployment_changes_are_left_out() -> None:
    """What is compared has the edges of both versions; a bucket is never less than nothing."""
    played = _Played(
        lambda expr: (
            [
                ({"le": "0.5"}, _always(50)),
                ({"le": "0.7"}, _since(40)),
                ({"le": "1"}, _always(45)),
                ({"le": "+Inf"}, _always(100)),
            ]
            if "critical" in expr
            else []
        )
    )
    found = _read(played, "api-latency")
    assert list(found.edges) == [0.5, 1.0]
    assert found.now.after[0] == [50.0, 0.0, 55.0]


def test_an_estimate_counts_where_the_application_does_not() -> None:
    """Statements of the server stand for those of the application, as in the rules."""
    played = _Played(
        lambda expr: [({"le": "0.1"}, _always(9)), ({"le": "+Inf"}, _always(10))] if "pg_statement" in expr else []
    )
    assert _read(played, "db-query-latency").now.after[0] == [9.0, 1.0]


def test_five_minutes_without_a_number_count_for_neither_side() -> None:
    """Unknown events are no good ones: of a block without its bad events the total does not count either."""

    def series(expr: str) -> list[tuple[dict[str, str], Callable[[float], float | None]]]:
        value = _since(2.0) if "events_bad" in expr else _always(100.0)
        return [({"target": "api-error-rate"}, value)] if "slo:" in expr else []

    found = _read(_Played(series), "api-error-rate")
    assert isinstance(found, SharesOf)
    assert {tuple(block) for block in found.now.before} == {(0.0, 0.0)}
    assert {tuple(block) for block in found.now.after} == {(100.0, 2.0)}
    assert len(found.now.before) == 24 * 12


@pytest.mark.parametrize("result", [None, 5, [{}], [{"metric": {}, "values": [[1]]}], [{"metric": 5, "values": []}]])
def test_an_answer_of_another_kind_is_named(result: object) -> None:
    """No traceback: it says that the answer is not what was asked for."""

    class _Odd(Prometheus):
        def query(self, path: str, parameters: list[tuple[str, str]]) -> Answer:
            return Answer(200, json.dumps({"status": "success", "data": {"result": result}}).encode())

    with pytest.raises(NoAnswerError, match="not a matrix"):
        read_promises(_Odd("http://nowhere.invalid"), _TARGETS, _WINDOW)


def test_the_window_ends_after_an_hour_and_before_the_present() -> None:
    """Only whole blocks that Prometheus has recorded, from a minute after the deployment on."""
    minutes = {0: 0, 6: 0, 6.5: 1, 16.4: 2, 16.5: 3, 61.5: 12, 500: 12}
    assert {at: window_at(_SINCE, _SINCE + at * 60, []).blocks for at in minutes} == minutes
    week_ago = _SINCE - 7 * 86400
    assert not window_at(_SINCE, _SINCE + 1000, [week_ago + 300]).has_week
    assert window_at(_SINCE, _SINCE + 1000, [week_ago + 1000, week_ago - 4000]).has_week
