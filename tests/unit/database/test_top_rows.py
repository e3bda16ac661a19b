"""The rows within the limit, and those beyond it."""

from __future__ import annotations

from itertools import pairwise

import pytest

from exporters.core.cardinality import OTHER
from exporters.database.queries import Metric, Query
from exporters.database.statement import Row
from exporters.database.top_rows import TopRows

CALLS = Metric("crm_calls", "counter", "Calls.", "calls")
SECONDS = Metric("crm_seconds", "counter", "Seconds.", "seconds")
SIZE = Metric("crm_size", "gauge", "Size.", "size")
OLDEST = Metric("crm_oldest", "gauge", "Oldest.", "oldest", folded="max")
WHEN = Metric("crm_when", "gauge", "When.", "at", folded="none")


def _capped(limit: int, rank: str = "crm_seconds") -> TopRows:
    metrics = (CALLS, SECONDS, SIZE, OLDEST, WHEN)
    query = Query("q", "t", metrics, {"datname": "d", "queryid": "q"}, limit=limit, rank=rank, fold=("queryid",))
    return TopRows(query, metrics, limit)


def _rows(*given: tuple[str, float, float]) -> list[Row]:
    """Return rows of (queryid, calls, seconds), with a size equal to the calls."""
    return [(("crm", name), (calls, seconds, calls, seconds, 1.0)) for name, calls, seconds in given]


def _by_name(rows: list[Row]) -> dict[str, tuple[float | None, ...]]:
    return {labels[1]: values for labels, values in rows}


def test_within_the_limit_nothing_is_changed() -> None:
    """As many rows as the limit: the server's own, and no `other`, also when a row comes later."""
    capped = _capped(3)
    first = _rows(("a", 1, 1.0), ("b", 2, 2.0))
    assert capped.rows(first) == first
    later = _rows(("a", 1, 1.0), ("b", 2, 2.0), ("c", 9, 9.0))
    assert capped.rows(later) == later
    assert capped.folded == 0


def test_the_rest_is_together_as_other() -> None:
    """Counters and sizes add up, ages give the oldest, timestamps give nothing."""
    rows = _by_name(_capped(1).rows(_rows(("a", 10, 9.0), ("b", 2, 3.0), ("c", 3, 4.0))))
    assert rows == {"a": (10, 9.0, 10, 9.0, 1.0), OTHER: (5, 7.0, 5, 4.0, None)}


def test_a_newly_slow_row_leads_after_one_run() -> None:
    """What grew most in the last interval has a series, whatever the others have done in their lifetime."""
    capped = _capped(2)
    capped.rows(_rows(("old", 1000, 5000.0), ("older", 900, 4000.0), ("new", 1, 0.1)))
    rows = _by_name(capped.rows(_rows(("old", 1001, 5001.0), ("older", 900, 4000.0), ("new", 2, 600.0))))
    assert "new" in rows


def test_the_second_run_after_a_start_ranks_by_what_grows_now() -> None:
    """The exporter was started anew: what has run for weeks, and rests now, does not hide what is slow now."""
    capped = _capped(2)
    started = _rows(("months", 9, 9e6), ("weeks", 9, 9e5), ("now", 9, 2.0), ("too", 9, 1.0))
    assert _by_name(capped.rows(started)).keys() == {"months", "weeks", OTHER}
    grown = _rows(("months", 9, 9e6), ("weeks", 9, 9e5), ("now", 19, 3.0), ("too", 19, 1.5))
    assert _by_name(capped.rows(grown)).keys() == {"now", "too", OTHER}


def test_a_row_that_had_counted_nothing_counts_from_zero() -> None:
    """What is not remembered is not lost: its first counts are growth of the rest."""
    capped = _capped(1)
    first = _by_name(capped.rows(_rows(("a", 9, 9.0), ("idle", 0, 0.0))))[OTHER]
    later = _by_name(capped.rows(_rows(("a", 9, 9.0), ("idle", 4, 0.5))))[OTHER]
    assert (first[:2], later[:2]) == ((0.0, 0.0), (4.0, 0.5))


def test_a_newcomer_leads_at_once_where_there_was_no_load() -> None:
    """After a quiet time the first slow statement displaces the least of the leaders in the same run."""
    capped = _capped(1)
    quiet = _rows(("a", 5, 1.0), ("b", 5, 0.9))
    capped.rows(quiet)
    assert "c" in _by_name(capped.rows([*quiet, *_rows(("c", 1, 2.0))]))


def test_leaders_keep_their_place_against_rivals_as_good() -> None:
    """Rows that take turns in being a little ahead do not come and go."""
    capped = _capped(1)
    leader = set()
    a = b = 10.0
    for run in range(20):
        a, b = a + 1.0 + 0.3 * (run % 2), b + 1.3 - 0.3 * (run % 2)
        leader |= _by_name(capped.rows(_rows(("a", run, a), ("b", run, b)))).keys() - {OTHER}
    assert len(leader) == 1


def test_other_never_shrinks_and_totals_add_up() -> None:
    """Through changes of leaders, resets and evictions `other` grows, and all series grow by what all rows did."""
    capped = _capped(1)
    runs = [
        _rows(("a", 10, 10.0), ("b", 5, 5.0), ("c", 1, 1.0)),
        _rows(("a", 11, 10.1), ("b", 5, 5.0), ("c", 50, 90.0)),  # c overtakes a
        _rows(("a", 12, 10.2), ("b", 6, 5.5), ("c", 51, 91.0)),
        _rows(("a", 13, 10.3), ("c", 52, 92.0)),  # b was evicted
        _rows(("a", 1, 0.1), ("b", 2, 0.5), ("c", 1, 0.1)),  # all were reset, b is back
    ]
    pages = [_by_name(capped.rows(rows)) for rows in runs]
    others = [page[OTHER][0] or 0.0 for page in pages]
    assert others == sorted(others)
    grown = [_growth(before, after) for before, after in pairwise(pages)]
    assert grown == [1 + 49, 1 + 1 + 1, 1 + 1, 1 + 2 + 1]


def _growth(before: dict[str, tuple[float | None, ...]], after: dict[str, tuple[float | None, ...]]) -> float:
    """Return what increase() would see: a series that begins shows no growth, a counter that shrinks began anew."""
    total = 0.0
    for name in before.keys() & after.keys():
        was, now = before[name][0] or 0.0, after[name][0] or 0.0
        total += now - was if now >= was else now
    return total


def test_rows_are_folded_apart_for_each_value_of_the_other_labels() -> None:
    """Only the labels named in `fold` become `other`: totals of each database stay right."""
    rows: list[Row] = [((name, "x"), (1.0, 1.0, 1.0, 1.0, 1.0)) for name in ("one", "two")]
    folded = _capped(1).rows([(("one", "big"), (9.0, 9.0, 9.0, 9.0, 9.0)), *rows])
    assert {labels for labels, _ in folded} == {("one", "big"), ("one", OTHER), ("two", OTHER)}


@pytest.mark.parametrize("limit", [1, 2, 5])
def test_the_number_of_rows_is_bounded(limit: int) -> None:
    """However many rows there are, `limit` have a name."""
    capped = _capped(limit)
    for run in range(5):
        rows = capped.rows(_rows(*((f"q{n}", n * run, float(n * run % 7)) for n in range(100))))
        assert len(rows) == limit + 1
        assert capped.folded == 100 - limit


def test_a_value_that_is_missing_for_a_while_is_no_reset() -> None:
    """A row without a value (NaN at the server) adds nothing, and goes on from where it was: no total is poisoned."""
    capped = _capped(1)
    capped.rows(_rows(("a", 100, 100.0), ("b", 5, 5.0), ("c", 7, 7.0)))
    missing: list[Row] = [*_rows(("a", 100, 100.0), ("c", 7, 7.0)), (("crm", "b"), (None, None, None, None, None))]
    assert _by_name(capped.rows(missing))[OTHER][:2] == (12, 12.0)
    assert _by_name(capped.rows(_rows(("a", 100, 100.0), ("b", 6, 6.0), ("c", 7, 7.0))))[OTHER][:2] == (13, 13.0)


def test_a_counter_nobody_has_is_not_zero_in_the_rest() -> None:
    """A column this server lacks has no sample, in `other` neither."""
    rows: list[Row] = [(("crm", name), (None, 2.0, 1.0, 1.0, 1.0)) for name in "abc"]
    assert _by_name(_capped(1).rows(rows))[OTHER][:2] == (None, 4.0)


@pytest.mark.parametrize("limit", [1, 5])
def test_rows_with_equal_labels_are_added_up(limit: int) -> None:
    """Two rows that nothing tells apart count both, in their own series and in `other`, at every run."""
    capped = _capped(limit)
    for factor in (1, 2):
        rows = _by_name(capped.rows(_rows(("big", 50 * factor, 90.0 * factor), *[("twin", factor, 1.0 * factor)] * 3)))
        twin = rows["twin" if limit > 1 else OTHER]
        assert twin == (3 * factor, 3.0 * factor, 3 * factor, 1.0 * factor, None)
