"""The text of the metric page."""

from __future__ import annotations

import math
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from exporters.core.errors import ErrorClass
from exporters.core.exposition import Family, HistogramFamily, HistogramSample, format_value, render
from tests.support.properties import cases


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
    one, two = Family("a", "gauge", "A.", ("x",)), Family("a", "gauge", "A.", ("x",))
    one.add(1, "one")
    two.add(2, "two")
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


@pytest.mark.parametrize(
    ("value", "written"),
    [('a"b', r"a\"b"), ("a\\b", r"a\\b"), ("a\nb", r"a\nb"), ("a\0b", "a\ufffdb"), ("é", "é"), ("%s", "%s")],
)
def test_one_value_to_escape_changes_no_other_line(value: str, written: str) -> None:
    """Families with nothing to escape are written in one piece: with such a value the other lines are the same."""
    family = Family("a", "gauge", "A.", ("x", "y"))
    for number in range(3):
        family.add(number / 2, f"x{number}", ErrorClass.TIMEOUT)
    plain = ['a{x="x0",y="timeout"} 0.0', 'a{x="x1",y="timeout"} 0.5', 'a{x="x2",y="timeout"} 1.0']
    assert _page(family) == plain
    family.add(True, value, "")
    assert _page(family) == [*plain, f'a{{x="{written}",y=""}} 1']


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


def _page(*families: Family | HistogramFamily) -> list[str]:
    return [line for line in render(families).decode().splitlines() if not line.startswith("#")]


def test_a_series_is_on_the_page_once(caplog: pytest.LogCaptureFixture) -> None:
    """Of two samples with the same labels the first stays; the other is counted by family and logged once."""
    family = Family("twice", "gauge", "T.", ("x", "y"))
    family.add(1, "a", "b")
    family.add(2, "a", "b")
    family.add(3, "a", "c")
    for scrape in (1, 2):
        assert _page(family, Family("alone", "gauge", "A.", (), [((), 1)])) == [
            'twice{x="a",y="b"} 1',
            'twice{x="a",y="c"} 3',
            "alone 1",
            f'pantrywatch_duplicate_samples_dropped_total{{family="twice"}} {scrape}',
        ]
    assert [record.message for record in caplog.records] == ["family=twice state=duplicate_series dropped=1"]


def test_labels_that_differ_only_in_what_cannot_be_written_are_one() -> None:
    """Bytes that are not UTF-8, and zero bytes, are replaced; two names that are then equal are one series."""
    family = Family("replaced", "gauge", "R.", ("x",))
    for name in (b"d\xfcse", b"d\xf6se"):
        family.add(1, name.decode(errors="surrogateescape"))
    family.add(1, "d\0se")
    assert _page(family)[0] == 'replaced{x="d\ufffdse"} 1'
    assert len([line for line in _page(family) if line.startswith("replaced{")]) == 1


@pytest.mark.parametrize(
    ("names", "values"),
    [(("y", "x"), ("2", "1")), (("x", "y", "z"), ("1", "2", ""))],
)
def test_order_and_empty_labels_make_no_other_series(names: tuple[str, ...], values: tuple[str, ...]) -> None:
    """Two parts of a family whose labels are the same to Prometheus give one series."""
    one = Family("ordered", "gauge", "O.", ("x", "y"), [(("1", "2"), 1)])
    other = Family("ordered", "gauge", "O.", names, [(values, 2)])
    assert [line for line in _page(one, other) if line.startswith("ordered")] == ['ordered{x="1",y="2"} 1']


def test_a_histogram_is_on_the_page_once() -> None:
    """All lines of a histogram's second sample with the same labels are left out."""
    samples = [HistogramSample(("a",), [(1, n)], n, n) for n in (1, 2)]
    lines = _page(HistogramFamily("h", "H.", ("x",), samples))
    assert len([line for line in lines if line.startswith("h_")]) == 4
    assert 'h_count{x="a"} 1' in lines


_TEXTS = st.text(st.characters(exclude_categories=()), max_size=20)
_LABELS = st.lists(st.tuples(_TEXTS, _TEXTS), max_size=5)
_VALUES = st.one_of(st.floats(), st.integers(), st.booleans())


@cases(200)
@given(help_text=_TEXTS, samples=_LABELS, value=_VALUES)
def test_any_page_is_read_back_as_it_was_meant(help_text: str, samples: list[tuple[str, str]], value: float) -> None:
    """Whatever is in help, labels and value: the parser gives it back, and no label set comes twice."""
    family = Family("round_trip", "gauge", help_text, ("x", "y"))
    for labels in samples:
        family.add(value, *labels)
    text = render([family]).decode()
    parsed = {found.name: found for found in text_string_to_metric_families(text)}["round_trip"]
    written = [(_writable(x), _writable(y)) for x, y in samples]
    assert [(sample.labels["x"], sample.labels["y"]) for sample in parsed.samples] == list(dict.fromkeys(written))
    for sample in parsed.samples:
        # Beyond what a float holds the format knows only infinity.
        if isinstance(value, float) or abs(value) < 2**1023:
            assert float(sample.value) == float(value) or math.isnan(sample.value)
        else:
            assert math.isinf(sample.value)


def _writable(text: str) -> str:
    return "".join(
        "\ufffd" if character == "\0" or "\ud800" <= character <= "\udfff" else character for character in text
    )


@cases(10, soak=200)
@given(pages=st.lists(st.tuples(_TEXTS, _TEXTS, st.floats()), min_size=50, max_size=50))
def test_promtool_reads_any_page(pages: list[tuple[str, str, float]]) -> None:
    """Promtool finds no syntax error and no series twice, whatever the labels and helps are."""
    families = [
        Family(f"read_{number}_celsius", "gauge", f"H {text}", ("x",), [((label,), value), ((label,), 1)])
        for number, (text, label, value) in enumerate(pages)
    ]
    result = subprocess.run(
        ["promtool", "check", "metrics"], input=render(families), capture_output=True, timeout=20, check=False
    )
    assert result.returncode == 0, result.stderr.decode()[-500:]
