"""The seed as data."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime
from typing import Any

import pytest

from demo.passwords import DEMO_PASSWORD, matches
from demo.seed.plan import tables
from demo.seed.size import Calendar, Size

NOW = datetime(2026, 3, 4, 15, 0, tzinfo=UTC)
Rows = list[dict[str, Any]]


def plan(scale: float, now: datetime = NOW) -> dict[str, Rows]:
    """Every table as a list of its rows, by column."""
    return {
        table.name: [dict(zip(table.columns, row, strict=True)) for row in table.rows]
        for table in tables(Size.scaled(scale), Calendar(now))
    }


@pytest.fixture(scope="module")
def small() -> dict[str, Rows]:
    return plan(0.1)


def test_the_same_day_gives_the_same_rows(small: dict[str, Rows]) -> None:
    """Two seeds of one day are equal to the last value, at whatever hour."""
    assert plan(0.1, NOW.replace(hour=3)) == small


def test_the_full_size() -> None:
    """At full scale there are 5,000 organizations, 20,000 contacts, 100,000 interactions."""
    size = Size.scaled(1.0)
    assert (size.organizations, size.contacts, size.interactions) == (5_000, 20_000, 100_000)
    assert (size.opportunities, size.products) == (6_000, 300)


def test_counts_follow_the_scale(small: dict[str, Rows]) -> None:
    """A tenth of the scale is a tenth of the rows; the staff stays forty people."""
    counts = {name: len(rows) for name, rows in small.items()}
    assert (counts["organizations"], counts["contacts"], counts["interactions"]) == (500, 2_000, 10_000)
    assert counts["users"] == 40


def test_references_hold(small: dict[str, Rows]) -> None:
    """Every key that refers to a table is one of its keys, and no key is there twice."""
    keys = {name: {row["id"] for row in rows} for name, rows in small.items()}
    assert all(len(keys[name]) == len(rows) for name, rows in small.items())
    for table, column, target in (
        ("organizations", "assigned_user_id", "users"),
        ("contacts", "organization_id", "organizations"),
        ("opportunities", "organization_id", "organizations"),
        ("opportunities", "user_id", "users"),
        ("opportunity_products", "opportunity_id", "opportunities"),
        ("opportunity_products", "product_id", "products"),
        ("interactions", "organization_id", "organizations"),
        ("interactions", "user_id", "users"),
    ):
        assert {row[column] for row in small[table]} <= keys[target], (table, column)


def test_an_interaction_is_with_a_contact_of_its_organization(small: dict[str, Rows]) -> None:
    """Contact and opportunity of an interaction belong to its organization."""
    of_contact = {row["id"]: row["organization_id"] for row in small["contacts"]}
    of_deal = {row["id"]: row["organization_id"] for row in small["opportunities"]}
    for row in small["interactions"]:
        assert of_contact[row["contact_id"]] == row["organization_id"]
        assert row["opportunity_id"] is None or of_deal[row["opportunity_id"]] == row["organization_id"]


def test_interactions_are_made_at_work(small: dict[str, Rows]) -> None:
    """Interactions lie in the year before the seed day, on working days, in working hours."""
    times = [row["interaction_date"] for row in small["interactions"]]
    assert all(time.weekday() < 5 and 8 <= time.hour <= 18 for time in times)
    assert date(2025, 3, 4) <= min(times).date() <= date(2025, 3, 14)
    assert max(times).date() == date(2026, 3, 3)


def test_last_dates_are_those_of_the_interactions(small: dict[str, Rows]) -> None:
    """An organization's last interaction is the latest of its interactions."""
    latest: dict[str, datetime] = {}
    for row in small["interactions"]:
        key = row["organization_id"]
        latest[key] = max(row["interaction_date"], latest.get(key, row["interaction_date"]))
    assert {row["id"]: row["last_interaction_date"] for row in small["organizations"]} == {
        row["id"]: latest.get(row["id"]) for row in small["organizations"]
    }


def test_some_follow_ups_are_overdue(small: dict[str, Rows]) -> None:
    """Some follow-ups are overdue, some still to come: both numbers of the business have something to show."""
    due = [row["follow_up_date"] for row in small["interactions"] if row["follow_up_required"]]
    assert sum(day < NOW.date() for day in due) > 5
    assert sum(day >= NOW.date() for day in due) > 5


def test_closed_opportunities_have_a_cycle(small: dict[str, Rows]) -> None:
    """Only closed opportunities have a close date and a cycle, and more are won than lost."""
    stages = Counter(row["stage"] for row in small["opportunities"])
    assert set(stages) == {"prospecting", "qualification", "proposal", "negotiation", "closed-won", "closed-lost"}
    assert stages["closed-won"] > stages["closed-lost"]
    for row in small["opportunities"]:
        closed = row["stage"].startswith("closed")
        assert (row["actual_close_date"] is not None) == closed
        assert (row["sales_cycle_days"] is not None) == closed
        assert not closed or row["sales_cycle_days"] == (row["actual_close_date"] - row["created_at"].date()).days


def test_some_have_much_more_than_others(small: dict[str, Rows]) -> None:
    """The busiest tenth of the organizations has over a fifth of the interactions."""
    counts = sorted(Counter(row["organization_id"] for row in small["interactions"]).values(), reverse=True)
    assert sum(counts[:50]) > len(small["interactions"]) / 5


def test_everybody_has_the_known_password(small: dict[str, Rows]) -> None:
    """The documented password opens every account, another none, and no two hashes are alike."""
    hashes = [row["password_hash"] for row in small["users"]]
    assert len(set(hashes)) == len(hashes)
    assert all(matches(DEMO_PASSWORD, stored) for stored in hashes)
    assert not matches("pantry-demp", hashes[0])
