"""From the server's texts to rows."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.core.errors import CollectError, ErrorClass
from exporters.database.queries import Metric, Query
from exporters.database.statement import Statement, rows_of
from tests.support.properties import cases


@pytest.mark.parametrize("text", [b"NaN", b"Infinity", b"-Infinity", b"inf"])
def test_what_is_not_finite_is_no_value(text: bytes) -> None:
    """No NaN or infinity gets into a total, a rank or a maximum."""
    assert rows_of([[b"a", text, b"1.5"]], 1) == [(("a",), (None, 1.5))]


@pytest.mark.parametrize("text", [b"", b"one", b"\xff", b"1,5"])
def test_what_is_not_a_number_is_no_answer_to_the_question(text: bytes) -> None:
    """A peer that sends a text where a number was asked for is class protocol."""
    with pytest.raises(CollectError) as caught:
        rows_of([[b"a", text]], 1)
    assert caught.value.error_class is ErrorClass.PROTOCOL


def test_names_that_are_not_utf8_stay_apart() -> None:
    """Replaced as postgres_exporter does it, unless two rows would have the same labels."""
    assert rows_of([[b"d\xfcse"]], 1) == [(("d\N{REPLACEMENT CHARACTER}se",), ())]
    assert [labels for labels, _ in rows_of([[b"d\xfcse"], [b"d\xf6se"]], 1)] == [("d\\xfcse",), ("d\\xf6se",)]


@cases(300)
@given(
    labels=st.lists(st.none() | st.binary(max_size=12), min_size=2, max_size=2),
    value=st.none() | st.floats() | st.decimals() | st.integers(),
)
def test_any_number_is_a_finite_value_or_none(labels: list[bytes | None], value: object) -> None:
    """Whatever number the server sends, the row has labels that are texts, and a finite number or nothing."""
    cell = None if value is None else str(value).replace("sNaN", "NaN").encode()
    ((names, (found,)),) = rows_of([[*labels, cell]], 2)
    assert all(name.encode() is not None for name in names)
    assert found is None or math.isfinite(found)


def test_columns_follow_the_version_of_the_extension() -> None:
    """A column has the expression of the installed version, NULL where that has none; positions stay."""
    old = Metric("crm_seconds", "counter", "S.", "total_time", extension_until="1.7")
    new = Metric("crm_seconds", "counter", "S.", "total_exec_time", extension_since="1.8")
    plans = Metric("crm_plans", "counter", "P.", "plans", extension_since="1.8")
    query = Query("q", "t", (old, new, plans))
    texts = {
        version: Statement(query, query.metrics_of(18, version)).sql() for version in ("1.7", "1.8", "1.10", "1.12")
    }
    assert texts["1.7"] == "SELECT (total_time)::float8, NULL FROM t"
    assert texts["1.8"] == texts["1.10"] == texts["1.12"] == "SELECT (total_exec_time)::float8, (plans)::float8 FROM t"


def test_what_is_equal_is_kept_once() -> None:
    """Of 10,000 tables most are idle, and all are in one database: their values and its name take no memory again."""
    first, second, third = rows_of([[bytes(f"{n}", "ascii").join([b"a", b"b"]), b"0", b"1.5"] for n in (1, 1, 2)], 1)[
        :3
    ]
    assert first[0][0] is second[0][0]
    assert first[1] is second[1] is third[1]
