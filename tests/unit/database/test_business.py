"""The numbers of the business: labels that are closed, groups that are large enough, and names that are identifiers."""

from __future__ import annotations

import re

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from exporters.core.errors import ConfigError
from exporters.core.settings import decode
from exporters.database.business import business_queries, default_queries, pack
from exporters.database.closed_labels import ClosedLabels
from exporters.database.queries import Metric, Query
from exporters.database.settings import Business, Section
from exporters.database.statement import Statement
from tests.support.exporter import ROOT
from tests.support.instrumented import snippets
from tests.support.properties import cases

PAGE = ROOT / "docs/your-application.md"

_PEOPLE = Query(
    "people",
    "users",
    (Metric("crm_people", "gauge", "People.", "1"), Metric("crm_oldest", "gauge", "Age.", "1", folded="max")),
    labels={"role": "role"},
    closed={"role": {"a": "A", "b": "B", "c": "C", "c2": "C"}},
    groups="role",
    people="crm_people",
)


def _folded(sizes: dict[str, float]) -> dict[str, float | None]:
    rows = ClosedLabels(_PEOPLE).rows([((role,), (size, size)) for role, size in sizes.items()])
    return {role: values[0] for (role,), values in rows}


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ({"a": 5, "b": 6}, {"A": 5, "B": 6}),
        ({"a": 9, "b": 2, "c": 4}, {"A": 9, "other": 6}),
        ({"a": 9, "b": 7, "c": 4}, {"A": 9, "other": 11}),  # four alone are too few: the smallest joins them
        ({"a": 9, "c": 3, "c2": 3}, {"A": 9, "C": 6}),  # two values of one label value are one group
        ({"a": 9, "x": 5, "y": 1}, {"A": 9, "other": 6}),  # values that nobody listed
        ({"a": 9, "x": 1}, {"other": 10}),
        ({"a": 1, "b": 1}, {"other": 2}),
        ({}, {"other": 0}),
    ],
)
def test_groups_of_few_people_share_other(sizes: dict[str, float], expected: dict[str, float]) -> None:
    """No group has fewer than five, `other` neither unless there are no more people; the sum stays."""
    assert _folded(sizes) == expected


@cases(200)
@given(st.dictionaries(st.sampled_from(["a", "b", "c", "c2", "x", "y", ""]), st.integers(0, 12)))
def test_no_group_is_ever_smaller(sizes: dict[str, float]) -> None:
    """Whatever the sizes: the sum is kept, and a single group is the only one that may be too small."""
    found = _folded(sizes)
    assert sum(value or 0 for value in found.values()) == sum(sizes.values())
    assert len(found) == 1 or all((value or 0) >= 5 for role, value in found.items() if role != "other" or value)


def test_listed_values_without_rows_are_zero_in_each_window() -> None:
    """A sum is 0, an age has no sample, and a value that is not listed is in `other`."""
    query = Query(
        "stages",
        "deals",
        (Metric("crm_deals", "gauge", "Deals.", "1"), Metric("crm_age", "gauge", "Age.", "1", folded="max")),
        labels={"stage": "stage", "window": "days"},
        closed={"stage": {"Open": "open", "Won": "won"}},
    )
    rows = [
        (("Won", "1d"), (2.0, 9.0)),
        (("odd", "1d"), (1.0, 4.0)),
        (("", "1d"), (1.0, 5.0)),
        (("", "7d"), (0.0, None)),
    ]
    assert dict(ClosedLabels(query).rows(rows)) == {
        ("won", "1d"): (2, 9), ("other", "1d"): (2, 5), ("open", "1d"): (0, None),
        ("other", "7d"): (0, None), ("won", "7d"): (0, None), ("open", "7d"): (0, None),
    }  # fmt: skip


def test_every_entry_is_complete_and_bounded() -> None:
    """Each serves a decision, runs off the scrape within 2 s every few minutes, and names what exists in the pack."""
    known = pack()
    for entry in known.queries:
        assert entry.name.startswith("business_")
        assert entry.decision.endswith(("?", "."))
        assert entry.interval_seconds >= 300
        assert entry.timeout_seconds <= 2
        assert set(entry.closed) <= set(entry.labels)
        assert set(entry.closed.values()) <= set(known.values)
        for table, column in entry.columns():
            assert column == "live" or column in known.tables[table], f"{entry.name}: {table}.{column}"
        assert all(len(line) <= 130 for line in entry.source.splitlines()), entry.name
    for query in default_queries():
        assert "{" not in Statement(query, query.metrics_of(16)).sql(), query.name


def test_a_label_that_is_open_has_constants_only() -> None:
    """Data comes into labels through closed lists alone: what is not closed is written in the entry itself."""
    for entry in pack().queries:
        for label in entry.labels.keys() - entry.closed.keys():
            assert entry.labels[label] in {"w.days || 'd'", "f.feature", "f.field", "d.due"}, entry.name
            assert "(VALUES (" in entry.source


def test_nothing_personal_is_read() -> None:
    """Of people the pack reads roles, times and keys: no names, addresses, notes or phone numbers are even mapped."""
    columns = {column for columns in pack().tables.values() for column in columns}
    assert not [one for one in columns if any(word in one for word in ("name", "mail", "phone", "note", "address"))]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (Business(tables={"user": "x"}), "business.tables.user: expected one of users, organizations,"),
        (Business(columns={"users.rolle": "x"}), "business.columns.users.rolle: expected one of users.id"),
        (Business(columns={"users.role": None}), "business.columns.users.role: expected the name of a column"),
        (Business(values={"stages": {}}), "business.values.stages: expected one of role, stage"),
        (Business(without=("pipeline",)), "business.without[0]: expected one of business_users"),
    ],
)
def test_what_the_pack_does_not_have_is_named(settings: Business, expected: str) -> None:
    """An unknown table, column, list or entry is a mistake in the settings, told with what there is."""
    with pytest.raises(ConfigError) as raised:
        business_queries(settings, "database[0].business", "settings.yaml")
    assert expected in str(raised.value)


@cases(200)
@given(st.text(max_size=70))
def test_a_name_is_refused_or_cannot_leave_its_quotation(name: str) -> None:
    """A configured name is refused, or is in the SQL between two quotation marks and nowhere else."""
    document = {"tables": {"users": name}, "columns": {"users.role": name}, "schema": name}
    try:
        settings = decode(document, Business, "settings.yaml", {})
    except ConfigError:
        return
    assert not set(name) & set("\"'\\\\{}.;\\0")
    query = next(one for one in business_queries(settings, "", "") if one.name == "business_users")
    assert query.source == (f'"{name}"."{name}" AS u\nWHERE u."is_deleted" IS NOT TRUE\nGROUP BY u."{name}"\n')


def test_optional_tables_are_read_where_they_are_mapped() -> None:
    """The Kitchen Pantry CRM records neither log-ins nor changes of stage: no entry fails for it."""
    usual = {query.name for query in business_queries(Business(), "", "")}
    mapped = {query.name for query in business_queries(Business(tables={"log_ins": "log_ins"}), "", "")}
    assert mapped - usual == {"business_log_ins"}
    left_out = {query.name for query in business_queries(Business(without=("business_users",)), "", "")}
    assert usual - left_out == {"business_users"}


def test_the_page_says_what_there_is() -> None:
    """Its settings are valid, its index is on mapped columns, and its table has each metric with its interval."""
    document = yaml.safe_load(snippets()["business-numbers"])
    (target,) = decode(document["database"], Section, "docs", {}, "database")
    assert target.business
    queries = business_queries(target.business, "database[0].business", "docs")
    assert {"business_stage_changes"} < {query.name for query in queries}
    assert "ON interactions (created_at, user_id)" in snippets()["business-index"]
    rows = re.findall(r"^\| .+ \| (`crm_.+`) \| (\d+) min \|$", PAGE.read_text(), re.MULTILINE)
    told = {name: 60.0 * int(minutes) for names, minutes in rows for name in re.findall(r"`(\w+)`", names)}
    assert told == {name: query.interval_seconds for query in default_queries() for name in _exported(query)}


def _exported(query: Query) -> list[str]:
    names = [metric.name for metric in query.metrics if metric.exported]
    return [*names, query.histogram.name] if query.histogram else names


def test_the_demo_opens_what_is_read_and_no_more() -> None:
    """Its grants to the monitoring role are the columns of the entries that it runs."""
    text = (ROOT / "demo/seed/monitoring.sql").read_text()
    grants = re.findall(r"GRANT SELECT \(([^)]+)\)\s+ON (\w+) TO pantrywatch;", text)
    opened = {f"{table}.{column}" for columns, table in grants for column in re.split(r",\s+", columns)}
    queries = business_queries(Business(), "", "")
    needed = {text.removeprefix("column:public.").partition("=")[0] for query in queries for text in query.requires}
    assert opened == needed
