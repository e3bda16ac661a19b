"""The search for the rate that a server sustains."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pantrywatch.capacity.search import Search
from tests.support.properties import cases

_RATES = st.floats(2.0, 100_000.0)
_MOST_STEPS = 60


def _found(search: Search, limit: float) -> float | None:
    """Search against a server that sustains exactly so much."""
    for _ in range(_MOST_STEPS):
        rate = search.next_rate()
        if rate is None:
            return search.kept
        assert rate <= search.most
        search.note(rate, kept=rate <= limit)
    raise AssertionError("the search does not end")


@cases(200)
@given(first=_RATES, limit=_RATES)
def test_it_ends_close_below_the_limit(first: float, limit: float) -> None:
    """Wherever it begins, what it finds is at most the limit, and at least 94 % of it."""
    found = _found(Search(first, most=1e6), limit)
    if limit >= 5:  # a search never goes below one request a minute
        assert found is not None
        assert limit * 0.94 <= found <= limit


@cases(100)
@given(most=_RATES)
def test_it_never_exceeds_the_highest_rate_allowed(most: float) -> None:
    """A server that sustains more than may be sent is shown to sustain that."""
    assert _found(Search(1000.0, most=most), 1e9) == most


def test_a_proof_that_fails_continues_below() -> None:
    """A rate that was kept for a step and not for the whole proof is replaced by a lower one that was kept."""
    search = Search(1000.0, most=6000.0)
    assert _found(search, 1200.0) == search.kept
    failed = search.kept
    assert failed
    search.note(failed, kept=False)
    found = _found(search, 1100.0)
    assert found
    assert 1100.0 * 0.94 <= found < failed


def test_a_server_that_sustains_nothing_ends_the_search() -> None:
    """Down to a request a minute."""
    assert _found(Search(1000.0, most=6000.0), 0.0) is None
