"""Seed 3: a help desk for many tenants, with keys of two columns."""

from __future__ import annotations

from tests.support.planted.broken import cancelled_index
from tests.support.planted.records import Plant, Step
from tests.support.planted.series import (
    always,
    busy,
    checkpoints,
    connections,
    container_memory,
    index_scans,
    lookups,
    once,
    otel_pool,
    temporary_files,
)  # fmt: skip
from tests.support.planted.truth import Truth

TRUTHS = (
    Truth("create-index",
          ("support.comments(ticket_id)", "support.comments(tenant_id,ticket_id)"),
          "a foreign key of two columns has no index: each page of a ticket reads 45,000 comments"),
    Truth("drop-index", ("support.comments_body",), "8 MB, written with each comment, never used"),
    Truth("rebuild-index", ("support.tickets_status_ccnew",),
          "left invalid by REINDEX CONCURRENTLY; tickets_status itself is in order", also=("drop-index",)),
    Truth("analyze-table", ("support.imported_contacts",), "20,000 rows, never analyzed"),
    Truth("vacuum-table", ("support.drafts",), "more dead rows than live ones, autovacuum is off for the table",
          also=("autovacuum-table",)),
    Truth("autovacuum-table", ("support.audit_entries",),
          "30 % dead rows, and its own settings ask for 530,000", also=("vacuum-table",)),
    Truth("raise-setting", ("enable_hashjoin",), "hash joins are off in the cluster's file: large joins sort instead"),
    Truth("statement", ("percentile_cont",), "the manager's page takes most of all time"),
    Truth("sequence", ("support.entry_numbers", "support.time_entries(id)"),
          "the column is int4 and 98 % used; the sequence itself is bigint"),
    Truth("cache-misses", ("search:",), "every look-up of search: misses, 9 a second"),
    Truth("pool-small", ("main", "desk:3000", "desk:3000/main"),
          "all of 20 connections of the pool main in use and requests wait, from 8 to 18"),
    Truth("limits", ("worker", "pantrywatch_container_memory_limit_bytes", "container:worker"),
          "the container's memory peaks at 97 % of its limit every day"),
)  # fmt: skip

NEAR_MISSES = (
    Truth("drop-index", ("support.tickets_status",), "the same as the invalid one, but it is the one in use"),
    Truth("drop-index", ("support.agents_badge",), "never scanned, but keeps a constraint"),
    Truth("drop-index", ("support.tickets_unassigned",), "partial, and used"),
    Truth("drop-index", ("support.agents_tenant",), "never scanned, but serves deletes of tenants, and small"),
    Truth("create-index", ("support.macros(topic)",), "150 rows: reading them all is right"),
    Truth("create-index", ("support.tickets(priority)",), "the filter returns three of four rows"),
    Truth("create-index", ("support.tickets(tenant_id)",), "the primary key begins with it"),
    Truth("sequence", ("support.daily_slot",), "98 of 100, but it starts again by itself"),
    Truth("sequence", ("support.view_numbers",), "beyond int4, and so is its column"),
    Truth("cache-misses", ("session:",), "5 % of look-ups miss"),
    Truth("pool-small", ("reports", "desk:3000/reports"), "at most 3 of 5 in use"),
    Truth("limits", ("web", "container:web"), "at most 60 % of its limit"),
)  # fmt: skip

WORKLOAD = (
    Step(40, "SELECT c.body FROM support.tickets t JOIN support.comments c ON c.tenant_id = t.tenant_id"
             " AND c.ticket_id = t.id WHERE t.number = %s", lambda n: (f"T-{n * 211 + 1}",)),
    Step(100, "SELECT id FROM support.tickets WHERE status = %s AND opened_at > %s",
         lambda n: ("open", f"2025-10-{1 + n % 28:02}")),
    Step(60, "SELECT id FROM support.tickets WHERE agent_id IS NULL ORDER BY opened_at LIMIT 10"),
    Step(60, "SELECT id, number FROM support.tickets WHERE agent_id = %s ORDER BY opened_at DESC LIMIT 10",
         lambda n: (1 + n * 7,)),
    Step(10, "SELECT count(*) FROM support.tickets WHERE priority > 0"),
    Step(100, "SELECT number FROM support.tickets WHERE tenant_id = %s AND id = %s", lambda n: (1 + n % 20, n)),
    Step(60, "SELECT id FROM support.comments WHERE author_id = %s ORDER BY written_at DESC LIMIT 5",
         lambda n: (1 + n * 6,)),
    Step(300, "INSERT INTO support.comments (id, tenant_id, ticket_id, author_id, body, written_at)"
              " VALUES (%s, %s, %s, %s, %s, '2025-12-01')",
         lambda n: (100_000 + n, 1 + n % 20, n or 20, 1 + n, f"Thank you {n}")),
    Step(200, "SELECT body FROM support.macros WHERE topic = %s", lambda n: (f"topic {n % 15}",)),
    Step(60, "SELECT id FROM support.agents WHERE login = %s", lambda n: (f"agent{n + 1}",)),
    Step(60, "SELECT sum(minutes) FROM support.time_entries WHERE agent_id = %s", lambda n: (n + 1,)),
    Step(60, "SELECT count(*) FROM support.article_views WHERE article = %s", lambda n: (n % 50,)),
    Step(60, "SELECT body FROM support.drafts WHERE agent_id = %s", lambda n: (n + 1,)),
    Step(60, "SELECT action FROM support.audit_entries WHERE agent_id = %s", lambda n: (n + 1,)),
    Step(60, "SELECT email FROM support.imported_contacts WHERE source_id = %s", lambda n: (n * 301 + 1,)),
    Step(6, "SELECT a.login, count(*) FROM support.audit_entries e JOIN support.agents a ON a.id = e.agent_id"
            " JOIN support.tickets t ON t.agent_id = a.id AND t.id = e.id GROUP BY a.login"),
    Step(5, "SELECT author_id, percentile_cont(0.9) WITHIN GROUP (ORDER BY length(replace(upper(body), 'A', 'aa'))),"
            " count(DISTINCT md5(body)) FROM support.comments GROUP BY author_id"),
)  # fmt: skip

SERIES = (
    *lookups("desk:3000", "search:", hits=0, misses=9),
    *lookups("desk:3000", "session:", hits=95, misses=5),
    *otel_pool("desk:3000", used=busy(4, 20), waiting=busy(0, 9), most=20, pool="main"),
    *otel_pool("desk:3000", used=once(1, 3), waiting=always(0), most=5, pool="reports"),
    *container_memory("worker", used_bytes=busy(300e6, 521e6), most_bytes=536.870912e6),
    *container_memory("web", used_bytes=busy(120e6, 161e6), most_bytes=268.435456e6),
    *connections(used=busy(8, 30), limit=97),
    index_scans("crm", "support", "comments", "comments_body", 0),
    index_scans("crm", "support", "comments", "comments_author", 2),
    *checkpoints(timed_per_hour=12, requested_per_hour=0),
    *temporary_files("crm", per_hour=4, bytes_each=1e6),
)

PLANT = Plant(
    script="tickets.sql",
    settings={"enable_hashjoin": "off"},
    workload=WORKLOAD,
    series=SERIES,
    truths=TRUTHS,
    near_misses=NEAR_MISSES,
    break_index=cancelled_index("support.tickets", "REINDEX INDEX CONCURRENTLY support.tickets_status"),
)
