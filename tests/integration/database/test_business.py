"""The numbers of the business on a small CRM, compared with answers worked out by hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from exporters.core.deadline import Deadline
from exporters.core.errors import CollectError, ErrorClass
from exporters.core.exposition import AnyFamily, HistogramFamily
from exporters.core.postgres_dsn import Dsn
from exporters.core.scrape import Finding
from exporters.core.settings import Secret
from exporters.database.business import business_queries, pack
from exporters.database.families import Presenter
from exporters.database.queries import Query
from exporters.database.session import Session
from exporters.database.settings import Business
from exporters.database.unmapped import unmapped
from tests.integration.database import second_crm
from tests.integration.database.second_crm import OTHER
from tests.support import postgres_versions, servers
from tests.support.exporter import ROOT

Numbers = dict[tuple[str, ...], float]

_SCHEMA = (ROOT / "demo/seed/schema.sql").read_text()


class Crm:
    """A database with a schema, whose statements can use `ago('3 days')`."""

    def __init__(self, server: servers.Postgres, name: str) -> None:
        self.server, self.name = server, name
        server.execute(f'CREATE DATABASE "{name}"')

    def execute(self, *statements: str) -> None:
        self.server.execute(*statements, dbname=self.name)

    def session(self, queries: list[Query], user: str = "postgres") -> Session:
        return Session(Dsn(Secret(self.server.dsn(self.name, user)), "dsn", "test"), queries)

    def numbers(self, settings: Business, user: str = "postgres") -> dict[str, Numbers]:
        """Return metric → label values → value, of all entries."""
        queries = business_queries(settings, "business", "settings.yaml")
        session = self.session(queries, user)
        found: dict[str, Numbers] = {}
        for query in queries:
            families = Presenter(query, "x").families(session.ask(query, Deadline.after(20)).rows)
            found.update({family.name: _numbers(family) for family in families})
        session.close()
        return found


def _numbers(family: AnyFamily) -> Numbers:
    if isinstance(family, HistogramFamily):
        return {
            (*sample.labels, f"{edge:g}"): count
            for sample in family.samples
            for edge, count in (*sample.buckets, (float("inf"), sample.count))
        }
    return dict(family.samples)


def _some(numbers: Numbers) -> Numbers:
    return {labels: value for labels, value in numbers.items() if value}


@pytest.fixture(scope="module")
def crm(server: servers.Postgres) -> Iterator[Crm]:
    """A database with the tables of the Kitchen Pantry CRM."""
    crm = Crm(server, "crm")
    crm.execute(_SCHEMA)
    yield crm
    server.execute("DROP DATABASE crm WITH (FORCE)")


def test_an_empty_database_has_zeros_and_no_ages(crm: Crm) -> None:
    """Each listed value counts 0, each entry succeeds, and there is no oldest and no longest."""
    found = crm.numbers(Business())
    for labels, value in ((labels, value) for numbers in found.values() for labels, value in numbers.items()):
        assert value == 0, labels
    assert set(found["crm_opportunities"]) == {
        ("prospecting",), ("qualification",), ("proposal",), ("negotiation",), ("closed-won",), ("closed-lost",)
    }  # fmt: skip
    assert set(found["crm_users_active"]) == {("other", "1d"), ("other", "7d"), ("other", "30d")}
    assert not [name for name in found if name.endswith("_days")]
    assert found["crm_users"] == {("other",): 0}
    assert len(found) == 18


@pytest.fixture(scope="module")
def filled(crm: Crm) -> Crm:
    """The same with a few rows, some of them deleted, in the future or with values that nobody listed."""
    crm.execute(*_statements(_ROWS))
    return crm


def _statements(text: str) -> list[str]:
    return [one for one in text.split(";\n") if one.strip()]


_ROWS = """
CREATE FUNCTION ago(text) RETURNS timestamptz LANGUAGE sql AS 'SELECT now() - $1::interval';
CREATE FUNCTION day(int) RETURNS date LANGUAGE sql AS 'SELECT (now() AT TIME ZONE ''UTC'')::date + $1';
CREATE FUNCTION nr(text) RETURNS uuid LANGUAGE sql AS 'SELECT md5($1)::uuid';
INSERT INTO users (id, email, full_name, password_hash, role, employment_status, last_login_at, is_deleted)
  SELECT nr(name), name, name, '', role, 'active', at, gone FROM (VALUES
    ('u1', 'sales_rep', ago('2 hours'), false), ('u2', 'sales_rep', ago('3 days'), false),
    ('u3', 'sales_rep', ago('20 days'), false), ('u4', 'sales_rep', NULL, false),
    ('u5', 'sales_rep', ago('40 days'), false), ('u6', 'sales_rep', ago('1 hour'), true),
    ('m1', 'manager', ago('5 hours'), false), ('m2', 'manager', ago('6 days'), false),
    ('a1', 'admin', ago('10 days'), false)) AS one (name, role, at, gone);
INSERT INTO organizations (id, name, city, industry_segment, priority_level, account_status, assigned_user_id,
    last_interaction_date, next_follow_up_date, created_at, is_deleted)
  SELECT nr(name), name, '', 'Education', priority, 'active', owner, last, due, made, gone FROM (VALUES
    ('org1', 'A', nr('u1'), ago('10 days'), day(0), ago('90 days'), false),
    ('org2', 'A', NULL, ago('31 days'), day(-1), ago('90 days'), false),
    ('org3', 'B', NULL, ago('95 days'), day(-40), ago('99 days'), false),
    ('org4', 'C', NULL, NULL, day(3), ago('70 days'), false),
    ('org5', 'D', NULL, ago('100 days'), day(-9), ago('200 days'), true),
    ('org6', 'A', NULL, NULL, day(60), ago('1 day'), false)) AS one (name, priority, owner, last, due, made, gone);
INSERT INTO contacts (organization_id, full_name, email, position, is_primary_contact, engagement_level, is_deleted)
  VALUES (nr('org1'), '', '', '', true, 'low', false), (nr('org1'), '', '', '', false, 'low', false),
    (nr('org2'), '', '', '', false, 'low', false), (nr('org3'), '', '', '', true, 'low', true);
INSERT INTO interactions (organization_id, user_id, interaction_type, interaction_date, outcome, created_at,
    follow_up_required, is_deleted)
  SELECT nr('org1'), nr(name), type, at, '', at, planned, gone FROM (VALUES
    ('u4', 'CALL', ago('1 hour'), false, false), ('u4', 'EMAIL', ago('80 minutes'), false, false),
    ('u4', 'CALL', ago('3 hours'), false, false), ('u5', 'VISIT', ago('5 days'), true, false),
    ('u1', 'DEMO', ago('10 days'), true, false), ('u2', 'CALL', ago('1 hour'), false, true),
    ('u3', 'CALL', ago('-1 day'), false, false), ('u6', 'CALL', ago('2 hours'), true, false)
  ) AS one (name, type, at, planned, gone);
INSERT INTO opportunities (organization_id, user_id, name, stage, probability, estimated_value, lead_source,
    estimated_close_date, actual_close_date, sales_cycle_days, created_at, updated_at, is_deleted)
  SELECT nr('org1'), nr('a1'), '', stage, 50, amount, source, expected, closed, cycle, made, changed, gone FROM (VALUES
    ('prospecting', 1000, 'referral', day(10), NULL, NULL, ago('10 days'), ago('2 days'), false),
    ('negotiation', 0, '', day(-3), NULL, NULL, ago('100 days'), ago('100 days'), false),
    ('closed-won', 5000, 'website', day(0), day(-20), 40, ago('60 days'), ago('20 days'), false),
    ('closed-lost', 700, 'website', day(0), day(-29), 51, ago('80 days'), ago('29 days'), false),
    ('closed-won', 100, 'radio', day(0), day(-45), 155, ago('200 days'), ago('45 days'), false),
    ('closed-won', 900, 'radio', day(0), day(-5), 9, ago('14 days'), ago('5 days'), true),
    ('closed-won', 50, 'radio', day(0), day(-400), 7, ago('407 days'), ago('400 days'), false)
  ) AS one (stage, amount, source, expected, closed, cycle, made, changed, gone);
"""

# Metric → label values → value, worked out by hand; what is 0 is left out.
_EXPECTED: dict[str, Numbers] = {
    "crm_users": {("sales_rep",): 5, ("other",): 3},  # two managers and one admin are too few
    "crm_users_active": {
        ("sales_rep", "1d"): 2, ("sales_rep", "7d"): 4, ("sales_rep", "30d"): 5,
        ("other", "1d"): 1, ("other", "7d"): 2, ("other", "30d"): 3,
    },
    "crm_users_logged_in": {
        ("sales_rep", "1d"): 1, ("sales_rep", "7d"): 2, ("sales_rep", "30d"): 3,
        ("other", "1d"): 1, ("other", "7d"): 2, ("other", "30d"): 3,
    },
    "crm_use_sessions": {(): 3},  # of u4 one with two entries and one with one, and that of u6
    "crm_use_sessions_seconds": {(): 20 * 60},
    "crm_feature_users": {
        ("any",): 7, ("log-in",): 4, ("interactions",): 2, ("follow-ups",): 1, ("opportunities",): 1,
    },
    "crm_opportunities": {("prospecting",): 1, ("negotiation",): 1, ("closed-won",): 3, ("closed-lost",): 1},
    "crm_opportunities_value": {("prospecting",): 1000, ("closed-won",): 5150, ("closed-lost",): 700},
    "crm_opportunities_closed": {
        ("closed-won", "30d"): 1, ("closed-won", "90d"): 2, ("closed-won", "365d"): 2,
        ("closed-lost", "30d"): 1, ("closed-lost", "90d"): 1, ("closed-lost", "365d"): 1,
    },
    "crm_opportunities_closed_value": {
        ("closed-won", "30d"): 5000, ("closed-won", "90d"): 5100, ("closed-won", "365d"): 5100,
        ("closed-lost", "30d"): 700, ("closed-lost", "90d"): 700, ("closed-lost", "365d"): 700,
    },
    "crm_opportunities_opened": {
        ("referral", "prospecting"): 1, ("website", "closed-won"): 1, ("website", "closed-lost"): 1,
    },
    "crm_sales_cycle_median_days": {("closed-won",): 40, ("closed-lost",): 51},
    "crm_sales_cycle_p90_days": {("closed-won",): 132, ("closed-lost",): 51},  # 80 % of the way from 40 to 155
    "crm_sales_cycle_longest_days": {("closed-won",): 155, ("closed-lost",): 51},
    "crm_sales_cycle_days": {
        ("closed-won", "7"): 1, ("closed-won", "14"): 1, ("closed-won", "30"): 1, ("closed-won", "60"): 2,
        ("closed-won", "90"): 2, ("closed-won", "180"): 3, ("closed-won", "365"): 3, ("closed-won", "inf"): 3,
        ("closed-lost", "60"): 1, ("closed-lost", "90"): 1, ("closed-lost", "180"): 1, ("closed-lost", "365"): 1,
        ("closed-lost", "inf"): 1,
    },
    "crm_interactions": {
        ("CALL", "1d"): 3, ("EMAIL", "1d"): 1, ("CALL", "7d"): 3, ("EMAIL", "7d"): 1, ("VISIT", "7d"): 1,
    },
    "crm_follow_ups": {
        ("today",): 1, ("overdue_1_to_7d",): 1, ("overdue_over_30d",): 1, ("next_7d",): 1, ("later",): 1,
    },
    "crm_follow_ups_oldest_days": {("overdue_1_to_7d",): 1, ("overdue_over_30d",): 40},
    "crm_organizations": {("A",): 3, ("B",): 1, ("C",): 1},
    "crm_organizations_without_contact": {
        ("A", "30d"): 1, ("B", "30d"): 1, ("C", "30d"): 1, ("B", "60d"): 1, ("C", "60d"): 1, ("B", "90d"): 1,
    },
    "crm_organizations_lacking": {("owner",): 4},
    "crm_organizations_lacking_contact": {("contact",): 3, ("primary_contact",): 4},
    "crm_opportunities_lacking": {("value",): 1, ("close_date",): 1, ("lead_source",): 1},
}  # fmt: skip


def test_the_numbers_are_those_worked_out_by_hand(filled: Crm) -> None:
    """Deleted rows, those in the future and users who are gone do not count; roles of fewer than three share one."""
    found = filled.numbers(Business(least_people=3))
    assert {name: _some(numbers) for name, numbers in found.items()} == _EXPECTED


_ONLY_THERE: dict[str, Numbers] = {
    "crm_stage_changes": {("prospecting", "qualification"): 2, ("prospecting", "closed-lost"): 1},
    "crm_log_ins": {("1d",): 2, ("7d",): 3, ("30d",): 3},
    "crm_recorded_feature_users": {("Map",): 2, ("other",): 1},
}


@pytest.fixture(scope="module")
def other(filled: Crm) -> Crm:
    """The same rows in the tables of another CRM, on a server whose sessions are in Los Angeles."""
    filled.execute(*_statements(second_crm.SCHEMA))
    filled.execute("ALTER DATABASE crm SET timezone = 'America/Los_Angeles'")
    return filled


def test_another_crm_has_the_same_numbers(other: Crm) -> None:
    """Names, kinds of deletion, types of columns and values are mapped: the same rows give the same numbers."""
    found = other.numbers(OTHER)
    assert {name: _some(numbers) for name, numbers in found.items()} == _EXPECTED | _ONLY_THERE


@pytest.mark.parametrize("zone", ["Etc/GMT+12", "Pacific/Kiritimati"])  # 26 hours apart: never the same day
def test_a_day_begins_where_the_staff_is(other: Crm, zone: str) -> None:
    """What is due on the staff's own day is due today, be it a date or a time, wherever the server is."""
    today = f"(now() AT TIME ZONE '{zone}')::date"
    other.execute(
        f"UPDATE organizations SET next_follow_up_date = {today}",  # noqa: S608 - constants
        f"UPDATE \"Sales App\".accounts SET next_step = ({today} + time '12:00') AT TIME ZONE '{zone}'",  # noqa: S608
    )
    for settings in (Business(), OTHER):
        assert _some(other.numbers(replace(settings, time_zone=zone))["crm_follow_ups"]) == {("today",): 5}


_AGE = "crm_follow_ups_oldest_days"  # nothing is overdue any more


def _findings(crm: Crm, settings: Business) -> list[Finding]:
    queries = business_queries(settings, "business", "settings.yaml")
    session = crm.session(queries, "pantrywatch")
    session.open(Deadline.after(20))
    found = list(unmapped(session.privileges, queries, "pantrywatch"))
    session.close()
    return found


def test_what_is_missing_costs_its_entries_only_and_is_listed(other: Crm) -> None:
    """A table and a column with other names: `validate` names the keys to set, and the other entries run."""
    settings = replace(
        OTHER, tables=OTHER.tables | {"contacts": "gone"}, columns=OTHER.columns | {"users.role": "role"}
    )
    assert {one.remedy for one in _findings(other, settings) if "NAME" in one.remedy} >= {
        "name the table, or one of its columns that exists: business: {tables: {contacts: NAME}}",
    }
    queries = {one.name: one for one in business_queries(settings, "business", "settings.yaml")}
    session, failed = other.session(list(queries.values())), {}
    for name, query in queries.items():
        try:
            session.ask(query, Deadline.after(20))
        except CollectError as error:
            failed[name] = error.error_class
    session.close()
    assert failed == dict.fromkeys(
        ("business_users", "business_active_users", "business_users_logged_in", "business_quality_contacts"),
        ErrorClass.VERSION,
    )


def test_rows_that_policies_hide_are_no_zeros(other: Crm) -> None:
    """Row security without a policy for the role would show it empty tables: refused, until it may see all rows."""
    name, (query,) = (
        "business_organizations",
        [
            one
            for one in business_queries(Business(), "business", "settings.yaml")
            if one.name == "business_organizations"
        ],
    )
    other.execute("GRANT SELECT ON organizations TO pantrywatch", "ALTER TABLE organizations ENABLE ROW LEVEL SECURITY")
    session = other.session([query], "pantrywatch")
    with pytest.raises(CollectError) as raised:
        session.ask(query, Deadline.after(20))
    session.close()
    assert raised.value.error_class is ErrorClass.PERMISSION
    settings = Business(without=tuple(one.name for one in pack().queries if one.name != name))
    assert other.numbers(settings)["crm_organizations"] == {("A",): 3, ("B",): 1, ("C",): 1, ("D",): 0}
    other.execute(*(one.remedy for one in _findings(other, settings)))
    assert other.numbers(settings, "pantrywatch") == other.numbers(settings)
    # A restriction of somebody else, or of what may be written, hides nothing from the role; one of its own does.
    other.execute(
        "CREATE POLICY of_others ON organizations AS RESTRICTIVE TO postgres USING (false)",
        "CREATE POLICY of_writers ON organizations AS RESTRICTIVE FOR DELETE USING (false)",
    )
    assert other.numbers(settings, "pantrywatch") == other.numbers(settings)
    other.execute("ALTER POLICY of_others ON organizations TO pantrywatch")
    session = other.session([query], "pantrywatch")
    with pytest.raises(CollectError) as raised:
        session.ask(query, Deadline.after(20))
    session.close()
    assert raised.value.error_class is ErrorClass.PERMISSION
    other.execute(
        "DROP POLICY of_others ON organizations",
        "DROP POLICY of_writers ON organizations",
        "ALTER TABLE organizations DISABLE ROW LEVEL SECURITY",
        "REVOKE ALL ON organizations FROM pantrywatch",
    )


def test_the_role_is_granted_no_more_than_the_columns(other: Crm) -> None:
    """What `validate` prints is enough for every number, and opens neither names nor mail addresses."""
    other.execute(*(line for one in _findings(other, OTHER) for line in one.remedy.splitlines()))
    assert [one.what for one in _findings(other, OTHER) if not one.ok] == []
    assert other.numbers(OTHER, "pantrywatch").keys() >= (_EXPECTED | _ONLY_THERE).keys() - {_AGE}
    other.execute(*(line for one in _findings(other, Business()) for line in one.remedy.splitlines()))
    readable = other.server.value(
        "SELECT string_agg(attname, ' ') FROM pg_attribute WHERE attrelid = 'users'::regclass AND attnum > 0"
        " AND has_column_privilege('pantrywatch', attrelid, attnum, 'SELECT')",
        "crm",
    )
    assert readable == "id role last_login_at is_deleted"


@pytest.mark.long
@pytest.mark.parametrize("major", postgres_versions.MAJORS)
def test_each_version_counts_alike_and_logs_no_error(major: int, tmp_path: Path) -> None:
    """PostgreSQL 13 to 18, both schemas; what is not mapped is never asked for: that would count as a rollback."""
    binaries, environment = postgres_versions.binaries(major), postgres_versions.environment(major)
    with servers.postgres(tmp_path, binaries, environment=environment) as server:
        crm = Crm(server, "crm")
        crm.execute(_SCHEMA, *_statements(_ROWS), *_statements(second_crm.SCHEMA))
        first, second = crm.numbers(Business(least_people=3)), crm.numbers(OTHER)
        queries = business_queries(replace(OTHER, tables={}, columns={}), "business", "settings.yaml")
        session = crm.session(queries)
        for query in queries:
            with pytest.raises(CollectError):
                session.ask(query, Deadline.after(20))
        session.close()
    assert {name: _some(numbers) for name, numbers in first.items()} == _EXPECTED
    assert {name: _some(numbers) for name, numbers in second.items()} == _EXPECTED | _ONLY_THERE
    assert " ERROR: " not in (tmp_path / "postgres.log").read_text()
