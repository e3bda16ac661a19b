"""A healthy CRM: what its users do. Each statement has its index, and each index its statement or constraint."""

from __future__ import annotations

from tests.support.planted.records import Step
from tests.support.planted.truth import Truth

NEAR_MISSES = (
    Truth("drop-index", ("crm.company_owner_all",), "company_owner is partial, archived companies are asked for"),
    Truth("drop-index", ("crm.company_owner",), "serves the list of companies in order"),
    Truth("drop-index", ("crm.pipeline_by_month_key",), "REFRESH MATERIALIZED VIEW CONCURRENTLY needs it"),
    Truth("drop-index", ("crm.activity_rest_user_id_at_idx", "crm.activity_rest_contact_id_at_idx"),
          "part of a partitioned index, on a partition that is empty"),
    Truth("drop-index", ("crm.team_member_user",), "the primary key begins with the other column"),
    Truth("drop-index", ('"Mail".mailbox_user_id_key',), "keeps a constraint"),
    Truth("create-index", ("crm.deal(currency_code)",), "a foreign key to three rows that nobody deletes"),
    Truth("create-index", ("crm.deal(stage_id)",), "a foreign key to twelve rows that nobody deletes"),
    Truth("create-index", ('crm."User"(workspace_id)',), "60 rows"),
    Truth("create-index", ("catalog.price_list(currency_code)",), "three rows"),
)  # fmt: skip
DOUBTFUL = (
    Truth("statement", ("REFRESH MATERIALIZED VIEW",), "a quarter of all time, which is little"),
)  # fmt: skip

WORKLOAD = (
    Step(60, 'SELECT id, "isActive" FROM crm."User" WHERE lower("eMail") = %s', lambda n: (f"user{n}@crm.example",)),
    Step(60, "SELECT t.name FROM crm.team_member m JOIN crm.team t ON t.id = m.team_id WHERE m.user_id = %s",
         lambda n: (1 + n % 60,)),
    Step(60, "SELECT value FROM crm.setting WHERE name = %s", lambda n: (f"setting {1 + n % 30}",)),
    Step(100, "SELECT id, name FROM crm.company WHERE owner_id = %s AND archived_at IS NULL ORDER BY name LIMIT 25",
         lambda n: (1 + n % 60,)),
    Step(60, "SELECT count(*) FROM crm.company WHERE owner_id = %s", lambda n: (1 + n % 60,)),
    Step(60, "SELECT id, name, custom FROM crm.company WHERE workspace_id = %s AND domain = %s",
         lambda n: (1 + n * 97 % 3, f"c{n * 97}.example")),
    Step(60, "SELECT id, name FROM crm.company WHERE custom @> %s::jsonb", lambda n: (f'{{"region": "r{n * 3}"}}',)),
    Step(60, "SELECT id, name FROM crm.company WHERE name ILIKE %s LIMIT 20", lambda n: (f"%company {n * 83 + 100}%",)),
    Step(100, 'SELECT id, "firstName", "lastName" FROM crm.contact WHERE company_id = %s ORDER BY "lastName" LIMIT 50',
         lambda n: (1 + n * 53,)),
    Step(60, "SELECT id FROM crm.contact WHERE lower(email) = %s", lambda n: (f"contact{n * 211 + 1}@c.example",)),
    Step(60, "SELECT id FROM crm.contact WHERE custom @> %s::jsonb", lambda n: (f'{{"source": "s{n * 7}"}}',)),
    Step(60, "SELECT t.name FROM crm.tagging g JOIN crm.tag t ON t.id = g.tag_id WHERE g.contact_id = %s",
         lambda n: (1 + n * 211,)),
    Step(60, "SELECT contact_id FROM crm.tagging WHERE tag_id = %s LIMIT 50", lambda n: (1 + n % 60,)),
    Step(60, "SELECT id, amount FROM crm.deal WHERE company_id = %s", lambda n: (1 + n * 89,)),
    Step(60, "SELECT id, amount FROM crm.deal WHERE contact_id = %s", lambda n: (1 + n * 51,)),
    Step(60, "SELECT id, amount FROM crm.deal WHERE owner_id = %s AND stage_id = %s",
         lambda n: (1 + n % 60, 1 + n % 12)),
    Step(60, "SELECT id, expected_on FROM crm.deal WHERE closed_at IS NULL AND expected_on < %s ORDER BY expected_on"
             " LIMIT 20", lambda n: (f"2025-03-{1 + n % 28:02}",)),
    Step(30, "SELECT sum(amount) FROM crm.deal WHERE closed_at >= %s::timestamptz"
             " AND closed_at < %s::timestamptz + interval '1 day'", lambda n: 2 * (f"2025-05-{1 + n % 28:02}",)),
    Step(60, "SELECT d.amount, c.digits FROM crm.deal d JOIN crm.currency c ON c.code = d.currency_code"
             " WHERE d.id = %s",
         lambda n: (1 + n * 131,)),
    Step(60, "SELECT l.quantity, p.name FROM crm.deal_line l JOIN catalog.product p ON p.id = l.product_id"
             " WHERE l.deal_id = %s", lambda n: (1 + n * 131,)),
    Step(60, "SELECT count(*) FROM crm.deal_line WHERE product_id = %s", lambda n: (1 + n * 6,)),
    Step(60, "SELECT amount FROM catalog.price WHERE product_id = %s", lambda n: (1 + n * 6,)),
    Step(60, "SELECT stage_id, changed_at FROM crm.stage_change WHERE deal_id = %s ORDER BY changed_at",
         lambda n: (1 + n * 131,)),
    Step(100, "SELECT id, title FROM crm.task WHERE assignee_id = %s AND done_at IS NULL ORDER BY due_on LIMIT 20",
         lambda n: (1 + n % 60,)),
    Step(60, "SELECT id, title FROM crm.task WHERE deal_id = %s", lambda n: (1 + n * 6,)),
    Step(60, "SELECT body FROM crm.note WHERE subject_type = %s AND subject_id = %s", lambda n: ("deal", 1 + n * 7)),
    Step(60, "SELECT id FROM crm.note WHERE to_tsvector('simple', body) @@ plainto_tsquery('simple', %s)",
         lambda n: (f"offer {n * 101 + 1}",)),
    Step(100, "SELECT kind, at FROM crm.activity WHERE contact_id = %s AND at >= '2025-01-01' ORDER BY at DESC"
              " LIMIT 20",
         lambda n: (1 + n * 149,)),
    Step(60, "SELECT kind, count(*) FROM crm.activity WHERE user_id = %s AND at >= %s GROUP BY kind",
         lambda n: (1 + n % 60, f"2025-{(1, 5, 9)[n % 3]:02}-{1 + n % 28:02}")),
    Step(60, "INSERT INTO crm.activity (contact_id, user_id, kind, at) VALUES (%s, %s, 'call', '2025-12-31')",
         lambda n: (1 + n * 7, 1 + n % 60)),
    Step(60, 'SELECT id, subject FROM "Mail"."Message" WHERE mailbox_id = %s ORDER BY "sentAt" DESC LIMIT 30',
         lambda n: (1 + n % 60,)),
    Step(60, 'SELECT id FROM "Mail"."Message" WHERE "messageId" = %s', lambda n: (f"<{n}@crm.example>",)),
    Step(60, 'SELECT message_id, "openedAt" FROM "Mail"."Recipient" WHERE contact_id = %s', lambda n: (1 + n * 211,)),
    Step(60, "UPDATE crm.company SET custom = custom || %s::jsonb WHERE id = %s",
         lambda n: (f'{{"size": {n % 5}}}', 1 + n * 61)),
    Step(60, "UPDATE crm.deal SET stage_id = %s WHERE id = %s", lambda n: (1 + n % 12, 1 + n * 131)),
    Step(60, "SELECT month, amount FROM crm.pipeline_by_month WHERE owner_id = %s ORDER BY month",
         lambda n: (1 + n % 60,)),
    Step(1, "REFRESH MATERIALIZED VIEW CONCURRENTLY crm.pipeline_by_month"),
)  # fmt: skip
