"""What a step of a capacity run says about the server."""

from __future__ import annotations

from pathlib import Path

import pytest

from pantrywatch.capacity.verdict import Promise, Step, promise_of
from pantrywatch.config.targets import read_targets

_PROMISE = Promise(seconds=0.5, slow_share=0.05, error_share=0.001, least_errors=3)


def _step(planned: int, *, slow: int = 0, failed: int = 0, late: int = 0) -> Step:
    step = Step(1000.0, planned)
    for number in range(planned):
        latency = 0.6 if number < slow else 0.1
        step.add(_PROMISE, latency, 0.2 if number < late else 0.0, "status 503" if number < failed else None)
    return step


def test_the_promise_is_that_of_the_targets() -> None:
    """Half a second for 95 %, a thousandth of errors, and no fewer than three of them."""
    assert promise_of(read_targets(Path(__file__).parents[3] / "targets.yaml")) == _PROMISE


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (_step(300), None),
        (_step(300, slow=15), None),
        (_step(300, slow=16), "5% took longer than 0.5 s"),
        (_step(300, failed=2), None),  # may be chance
        (_step(300, failed=3), "1.0% failed, most of them: status 503"),
        (_step(3000, failed=3), None),  # a thousandth
        (_step(3000, failed=4), "0.1% failed, most of them: status 503"),
        (_step(300, slow=150, late=3), "50% took longer than 0.5 s"),
        (_step(300, late=200), None),  # a latency counts from when the request was due
        (_step(300, slow=150, late=100), "50% took longer than 0.5 s; this machine sent 100 of 300 late"),
    ],
)
def test_a_step_says_what_was_broken(step: Step, words: str | None) -> None:
    """At the very limit it is kept; one request beyond, it is broken."""
    assert step.broken(_PROMISE) == words


def test_what_has_no_answer_yet_is_slow() -> None:
    """Requests that were under way when the step ended count as slow, so that a frozen server keeps nothing."""
    step = _step(80)
    step.unfinished = 20
    assert step.broken(_PROMISE) == "20% took longer than 0.5 s"


@pytest.mark.parametrize(("planned", "enough"), [(100, 4), (300, 4), (10_000, 111)])
def test_a_step_is_lost_within_one_percent_of_excess_errors(planned: int, enough: int) -> None:
    """With those that are allowed, or with few requests after four errors: no more requests are sent then."""
    step = Step(1000.0, planned)
    for number in range(1, enough + 1):
        assert not step.is_lost(_PROMISE)
        step.add(_PROMISE, 0.1, 0.0, "status 500")
        assert number == step.failed
    assert step.is_lost(_PROMISE)


def test_a_percentile_is_one_of_the_latencies() -> None:
    """The nearest rank; nothing is made up between two requests."""
    assert _step(100, slow=5).percentile(95) == 0.1
    assert _step(100, slow=6).percentile(95) == 0.6
    assert Step(1.0, 1).percentile(95) == 0.0
