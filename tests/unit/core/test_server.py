"""How long a scrape may collect, by what its scraper allows."""

from __future__ import annotations

import time

import pytest

from exporters.core.server import scrape_deadline


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (b"60", 54.0),
        (b"3600", 54.0),  # no longer than a minute
        (b"10", 9.0),
        (None, 9.0),
        (b"soon", 9.0),
        (b"nan", 9.0),
        (b"0", 9.0),
        (b"-1", 9.0),
        (b"3", 2.5),
        (b"1", 0.5),
        (b"0.4", 0.2),
    ],
)
def test_the_answer_has_time_left_to_be_written_and_sent(header: bytes | None, seconds: float) -> None:
    """A tenth of the scrape's timeout is left after collecting, at least half a second, at most half of the timeout."""
    headers = [] if header is None else [(b"x-prometheus-scrape-timeout-seconds", header)]
    before = time.monotonic()
    deadline = scrape_deadline(headers)
    assert before + seconds <= deadline.at <= time.monotonic() + seconds
