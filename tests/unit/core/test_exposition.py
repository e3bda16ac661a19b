"""The text of the metric page."""

from __future__ import annotations

import math

import pytest
from prometheus_client import CollectorRegistry, Counter
from prometheus_client.parser import text_string_to_metric_families

from exporters.core.exposition import Family, HistogramFamily, HistogramSample, format_value, render


def test_a_counter_keeps_its_name() -> None:
    """A counter without `_total` comes out under exactly its name, typed as a counter."""
    family = Family("pg_stat_database_xact_commit", "counter", "Commits.", ("datname",))
    family.add(5, "crm")
    assert render([family]).decode().splitlines() == [
        "# HELP pg_stat_database_xact_commit Commits.",
        "# TYPE pg_stat_database_xact_commit counter",
        'pg_stat_database_xact_commit{datname="crm"} 5',
    ]


def test_families_of_one_name_share_a_header() -> None:
    """Two sources that give the same family appear under one TYPE line; two types for one name are refused."""
    one, two = Family("a", "gauge", "A."), Family("a", "gauge", "A.")
    one.add(1)
    two.add(2)
    assert render([one, two]).decode().count("# TYPE") == 1
    with pytest.raises(ValueError, match="two types"):
        render([one, Family("a", "counter", "A.")])


def test_any_label_value_survives() -> None:
    """Quotes, backslashes, newlines and unicode in a label value come back as they went in."""
    value = 'a"b\\c\nd\\n é 🥫 {}'
    family = Family("a", "gauge", 'Help with \\ and\nnewline "quotes".', ("x",))
    family.add(1, value)
    (parsed,) = text_string_to_metric_families(render([family]).decode())
    assert parsed.samples[0].labels == {"x": value}


def test_a_histogram_has_cumulative_buckets_and_totals() -> None:
    """Edges are written as floats, +Inf equals the count."""
    sample = HistogramSample(("get",), [(1, 2), (2.5, 3)], 4, 7.5)
    text = render([HistogramFamily("h_usec", "H.", ("cmd",), [sample])]).decode()
    assert 'h_usec_bucket{cmd="get",le="1.0"} 2' in text
    assert 'h_usec_bucket{cmd="get",le="+Inf"} 4' in text
    assert 'h_usec_sum{cmd="get"} 7.5' in text
    assert 'h_usec_count{cmd="get"} 4' in text


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1, "1"),
        (True, "1"),
        (0.1, "0.1"),
        (math.inf, "+Inf"),
        (-math.inf, "-Inf"),
        (math.nan, "NaN"),
        (10**20, str(10**20)),
    ],
)
def test_numbers_are_spelled_as_the_format_says(value: float, expected: str) -> None:
    """Integers stay integers, the special values have their own words."""
    assert format_value(value) == expected


def test_prometheus_clients_own_metrics_follow() -> None:
    """What lives between scrapes in a registry ends up on the same page."""
    registry = CollectorRegistry()
    Counter("runs", "Runs.", registry=registry).inc()
    assert b"runs_total 1.0" in render([], [registry])
