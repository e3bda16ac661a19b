"""Seed 1: orders of a wholesaler, everything in the schema `public`."""

from __future__ import annotations

from tests.support.planted.broken import cancelled_index
from tests.support.planted.records import Plant, Step
from tests.support.planted.series import (
    always,
    busy,
    checkpoints,
    connections,
    lookups,
    once,
    otel_pool,
    temporary_files,
)  # fmt: skip
from tests.support.planted.truth import Truth

TRUTHS = (
    Truth("create-index", ("public.order_lines(order_id)",),
          "order_lines.order_id refers to orders, whose rows are deleted: each delete reads all lines"),
    Truth("drop-index", ("public.orders_placed_at", "public.orders_by_date"), "two equal indexes on orders(placed_at)"),
    Truth("rebuild-index", ("public.orders_shipped_at",),
          "CREATE INDEX CONCURRENTLY ended at its lock timeout, the index is invalid", also=("drop-index",)),
    Truth("analyze-table", ("public.leads",), "statistics were taken of 200 rows, now there are 25,200"),
    Truth("vacuum-table", ("public.web_sessions",), "60 % of the rows are dead, autovacuum is off for the table",
          also=("autovacuum-table",)),
    Truth("autovacuum-table", ("public.order_events",),
          "25 % dead rows, and its scale factor of 10 asks for 300,000", also=("vacuum-table",)),
    Truth("raise-setting", ("work_mem",), "work_mem is 64 kB: sorts of a megabyte go to disk"),
    Truth("statement", ("length(md5(md5(",), "the weekly report takes most of all time"),
    Truth("sequence", ("public.invoices_id_seq", "public.invoices(id)"), "95 % of what an int4 column holds is used"),
    Truth("cache-misses", ("price:",), "9 of 10 look-ups of price: miss, 20 a second"),
    Truth("pool-small", ("shop:8000", "application"), "all of 10 connections in use and requests wait, from 8 to 18"),
    Truth("limits", ("max_connections", "pantrywatch_database_connections_limit"),
          "94 of 97 connections are used every day at work", also=("raise-setting",)),
)  # fmt: skip

NEAR_MISSES = (
    Truth("drop-index", ("public.customers_code_key",), "a prefix of customers_code_country, but unique"),
    Truth("drop-index", ("public.customers_code_country",), "serves index-only scans of code and country"),
    Truth("drop-index", ("public.customers_external_ref_key",), "never scanned, but keeps a constraint"),
    Truth("drop-index", ("public.orders_open",), "partial: a 50th of orders_placed_at, and used"),
    Truth("create-index", ("public.shipments(depot_country)",), "the foreign key has an index, columns in other order"),
    Truth("create-index", ("public.products(category)",), "300 rows: reading them all is right"),
    Truth("create-index", ("public.orders(shipped_at)",), "that index is there, invalid: rebuild it"),
    Truth("vacuum-table", ("public.customers",), "50 dead rows of 5,000"),
    Truth("cache-misses", ("report:",), "misses all of 2 look-ups an hour"),
    Truth("cache-misses", ("session:",), "3 % of look-ups miss"),
    Truth("pool-small", ("admin:8000",), "full for a minute at noon, nobody waits"),
)  # fmt: skip


WORKLOAD = (
    Step(25, "DELETE FROM orders WHERE id = %s", lambda n: (n * 701 + 3,)),
    Step(30, "SELECT product_id, quantity FROM order_lines WHERE order_id = %s", lambda n: (n * 499 + 1,)),
    Step(200, "SELECT id, total FROM orders WHERE customer_id = %s ORDER BY placed_at DESC LIMIT 20",
         lambda n: (n * 23 + 1,)),
    Step(60, "SELECT id, total FROM orders WHERE placed_at BETWEEN %s AND %s::timestamptz + interval '1 day'",
         lambda n: (f"2025-0{1 + n % 9}-1{n % 10}", f"2025-0{1 + n % 9}-1{n % 10}")),
    Step(60, "SELECT id, total FROM orders WHERE status = 'open' ORDER BY placed_at DESC LIMIT 10"),
    Step(10, "SELECT id FROM orders WHERE shipped_at > '2025-11-10' AND shipped_at < %s", lambda _: ("2025-11-11",)),
    Step(200, "SELECT country FROM customers WHERE code = %s", lambda n: (f"C{n * 17 + 1}",)),
    Step(100, "SELECT name, email FROM customers WHERE id = %s", lambda n: (n * 31 + 1,)),
    Step(300, "SELECT id, name, price FROM products WHERE category = %s", lambda n: (f"category {n % 12}",)),
    Step(60, "SELECT sum(quantity) FROM order_lines WHERE product_id = %s", lambda n: (n * 3 + 1,)),
    Step(60, "SELECT weight_grams FROM shipments WHERE depot_code = %s AND depot_country = %s",
         lambda n: (1 + n % 14, "DE")),
    Step(5, "DELETE FROM depots WHERE country = 'PL' AND code = %s", lambda n: (n + 1,)),
    Step(60, "SELECT amount FROM invoices WHERE order_id = %s", lambda n: (n * 11 + 1,)),
    Step(60, "SELECT kind, state FROM order_events WHERE order_id = %s", lambda n: (n * 19 + 1,)),
    Step(60, "SELECT data FROM web_sessions WHERE customer_id = %s", lambda n: (5 * n + 3,)),
    Step(60, "SELECT score FROM leads WHERE email = %s", lambda n: (f"web{n * 13 + 1}@leads.example",)),
    Step(4, "SELECT customer_id, date_trunc('month', placed_at) AS month, sum(total) FROM orders GROUP BY 1, 2"
             " ORDER BY 3 DESC, 1, 2"),
    Step(7, "SELECT date_trunc('week', placed_at) AS week, status, sum(total), max(customer_id),"
            " avg(length(md5(md5(md5(md5(md5(md5(id::text))))))))"
            " FROM orders GROUP BY 1, 2 ORDER BY 1, 2"),
)  # fmt: skip

SERIES = (
    *lookups("shop:8000", "price:", hits=2, misses=18),
    *lookups("shop:8000", "session:", hits=97, misses=3),
    *lookups("shop:8000", "report:", hits=0, misses=2 / 3600),
    *otel_pool("shop:8000", used=busy(3, 10), waiting=busy(0, 6), most=10),
    *otel_pool("admin:8000", used=once(2, 10), waiting=always(0), most=10),
    *connections(used=busy(20, 94), limit=97),
    *checkpoints(timed_per_hour=12, requested_per_hour=0),
    *temporary_files("crm", per_hour=1200, bytes_each=1e6),
)

PLANT = Plant(
    script="orders.sql",
    settings={"work_mem": "64kB"},
    workload=WORKLOAD,
    series=SERIES,
    truths=TRUTHS,
    near_misses=NEAR_MISSES,
    break_index=cancelled_index("orders", "CREATE INDEX CONCURRENTLY orders_shipped_at ON orders (shipped_at)"),
)
