"""The numbers of the business with five million interactions: each within its limit, none by reading all of them."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from exporters.core.deadline import Deadline
from exporters.core.postgres_dsn import Dsn
from exporters.core.settings import Secret
from exporters.database.business import business_queries
from exporters.database.session import Session
from exporters.database.settings import Business
from exporters.database.statement import Statement
from tests.support import servers
from tests.support.exporter import ROOT
from tests.support.instrumented import snippets

_SCHEMA = (ROOT / "demo/seed/schema.sql").read_text()
# A year of them, evenly spread; the other tables as a company with so many has them.
_ROWS = """
ALTER TABLE interactions SET UNLOGGED, DROP CONSTRAINT interactions_pkey, ALTER id DROP DEFAULT, ALTER id DROP NOT NULL;
INSERT INTO users (id, email, full_name, password_hash, role, employment_status, last_login_at)
  SELECT md5('u' || n)::uuid, n, '', '', (ARRAY['admin', 'manager', 'sales_rep', 'read_only'])[1 + n % 4], 'active',
    now() - n * interval '2 hours' FROM generate_series(0, 499) AS n;
INSERT INTO organizations (id, name, city, industry_segment, priority_level, account_status, last_interaction_date,
    next_follow_up_date)
  SELECT md5('o' || n)::uuid, n, '', 'Education', chr(65 + n % 4), 'active', now() - n % 120 * interval '1 day',
    now()::date + n % 100 - 50 FROM generate_series(0, 49999) AS n;
INSERT INTO contacts (organization_id, full_name, email, position, is_primary_contact, engagement_level)
  SELECT md5('o' || n % 50000)::uuid, n, '', '', n % 3 = 0, 'low' FROM generate_series(0, 199999) AS n;
INSERT INTO opportunities (organization_id, user_id, name, stage, probability, estimated_value, lead_source,
    estimated_close_date, actual_close_date, sales_cycle_days, created_at, updated_at)
  SELECT md5('o' || n % 50000)::uuid, md5('u' || n % 500)::uuid, n, CASE WHEN n % 2 = 0 THEN 'closed-won'
    ELSE 'proposal' END, 50, n, 'referral', now()::date, CASE WHEN n % 2 = 0 THEN now()::date - n % 700 END, n % 400,
    now() - n % 800 * interval '1 day', now() - n % 700 * interval '1 day' FROM generate_series(0, 299999) AS n;
INSERT INTO interactions (organization_id, user_id, interaction_type, interaction_date, outcome, created_at,
    follow_up_required)
  SELECT md5('o1')::uuid, md5('u' || n % 499)::uuid,
    (ARRAY['CALL', 'EMAIL', 'MEETING', 'VISIT', 'DEMO'])[1 + n % 5], at, 'done', at, n % 9 = 0
  FROM (SELECT n, now() - n * interval '6.3 seconds' AS at FROM generate_series(0, 4999999) AS n) AS one
"""


@pytest.mark.long
def test_five_million_interactions_take_no_scan_of_all(tmp_path: Path) -> None:
    """With the index that the page names each entry ends within its own 2 s, and reads no more than its window."""
    with servers.postgres(tmp_path, options={"autovacuum": "off", "max_wal_size": "8GB"}) as server:
        server.execute(_SCHEMA, *_ROWS.split(";\n"), snippets()["business-index"], "VACUUM ANALYZE")
        queries = business_queries(Business(), "business", "settings.yaml")
        session = Session(Dsn(Secret(server.dsn()), "dsn", "test"), queries)
        for query in queries:
            session.ask(query, Deadline.after(60))
        session.close()
        with psycopg.connect(server.dsn()) as connection:
            for query in queries:
                statement = Statement(query, query.metrics_of(15)).sql()
                plan = "\n".join(row[0] for row in connection.execute(f"EXPLAIN {statement}"))
                assert "Seq Scan on interactions" not in plan, query.name
