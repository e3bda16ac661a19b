"""Advice from the answers of Prometheus, and how advice is written."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pantrywatch.analysis.advise.advice import Advice, duration, identifier, literal, size
from pantrywatch.analysis.advise.advisors import advice_on, ranked
from pantrywatch.analysis.advise.catalog import Database, Index, Server, Table
from pantrywatch.analysis.advise.metrics import metric_advice, table
from pantrywatch.analysis.advise.text import text_of
from pantrywatch.web.prometheus import NoAnswerError, Prometheus


class _Prometheus(Prometheus):
    """Answers with these samples by expression; all others have none."""

    def __init__(self, answers: dict[str, list[tuple[dict[str, str], str]]], *, is_away: bool = False) -> None:
        super().__init__("http://127.0.0.1:9")
        self._answers, self._is_away, self.asked = answers, is_away, 0

    def data(self, path: str, parameters: list[tuple[str, str]]) -> Any:
        self.asked += 1
        if self._is_away:
            raise NoAnswerError("is away")
        assert path == "query"
        return {"result": [{"metric": m, "value": [0, v]} for m, v in self._answers.get(parameters[0][1], [])]}


def test_each_series_is_one_piece_of_advice() -> None:
    """With the number and what it is compared with; a limit that is missing is not taken for 0."""
    question = next(one for one in table() if one.object == "max_connections")
    labels = [{"instance": name} for name in ("main", "other")]
    prometheus = _Prometheus(
        {
            question.expr: [(labels[0], "95"), (labels[1], "97"), ({"instance": "x"}, "NaN")],
            question.of: [(labels[0], "100")],
        }
    )
    assert [(one.id, one.evidence) for one in metric_advice(prometheus, print)] == [
        ("limits:other.max_connections", "97 of an unknown number connections at the peak of the last day"),
        ("limits:main.max_connections", "95 of 100 connections at the peak of the last day"),
    ]


def test_a_prometheus_that_does_not_answer_is_noted_and_left_alone() -> None:
    """After two questions."""
    notes: list[str] = []
    prometheus = _Prometheus({}, is_away=True)
    assert metric_advice(prometheus, notes.append) == []
    assert (prometheus.asked, notes) == (2, ["cache-misses: is away"] * 2)


def test_every_kind_that_metrics_have_is_asked_for() -> None:
    """Missing keys, small pools, limits; texts name no label that the question does not have."""
    assert {one.kind for one in table()} == {"cache-misses", "pool-small", "limits"}


def test_a_replica_speaks_for_its_primary() -> None:
    """An index that only the replica uses stays; the replica itself has no advice; one that is not there may."""
    contacts = Table(1, "public", "contacts", estimated_rows=50_000)
    index = Index(9, 1, "public", "i", columns=("email",), numbers=(1,), classes=(1,), collations=(0,), options=(0,))
    primary = Server(
        "main",
        system="1",
        statistics_seconds=1e7,
        unseen_replicas=1,
        databases=(Database("crm", (contacts,), (), (index,)),),
    )
    used = Database("crm", (contacts,), (), (Index(9, 1, "public", "i", scans=4),))
    replica = Server("copy", is_standby=True, system="1", databases=(used,))
    notes: list[str] = []
    assert advice_on([primary, replica], 0, notes.append) == []
    assert notes == ["copy: a replica: its scans count for its primary, and it has no advice of its own"]
    unused = Server(
        "copy",
        is_standby=True,
        system="1",
        databases=(Database("crm", (contacts,), (), (Index(9, 1, "public", "i"),)),),
    )
    assert [one.kind for one in advice_on([primary, unused], 0, print)] == ["drop-index"]
    assert advice_on([primary], 0, notes.append) == []
    assert "1 replicas are not in the settings" in notes[-1]


def test_the_order() -> None:
    """What is doubtful comes last, then the rank decides, then the id; the same is printed once."""
    one, two = (Advice("limits", "", name, "", "", "", 0.5) for name in "ab")
    sure, doubtful = (
        Advice("limits", "", "c", "", "", "", 0.1),
        Advice("limits", "", "d", "", "", "", 0.9, doubtful=True),
    )
    assert ranked([doubtful, sure, two, one, replace(one, rank=0.4)]) == [one, two, sure, doubtful]


def test_nothing_that_a_terminal_obeys() -> None:
    """A table may have any name."""
    advice = Advice("analyze-table", "main", 'public."\x1b[2J"', "", "", "", 0.5, ('ANALYZE public."\x1b[2J";',))
    assert "\x1b" not in text_of([advice], [])


def test_words_of_sql() -> None:
    """Names and constants are quoted where they must be."""
    assert [identifier(name) for name in ("a_1", "A", "order", 'x"y', "1a")] == [
        "a_1",
        '"A"',
        '"order"',
        '"x""y"',
        '"1a"',
    ]
    assert [literal(text) for text in ("a'b", "a\\b")] == ["'a''b'", "E'a\\\\b'"]
    assert [size(8192), size(3 * 2**30), size(12)] == ["8 KiB", "3 GiB", "12 bytes"]
    assert [duration(90), duration(7200), duration(8 * 86400)] == ["90 seconds", "2 hours", "8 days"]
