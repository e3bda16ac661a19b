"""Seed 2: stock of a warehouse, with quoted names, two schemas and a partitioned table."""

from __future__ import annotations

from tests.support.planted.broken import refused_index
from tests.support.planted.records import Plant, Step
from tests.support.planted.series import (
    always,
    busy,
    checkpoints,
    connections,
    lookups,
    once,
    otel_pool,
    pgbouncer_pool,
    redis_memory,
    temporary_files,
)  # fmt: skip
from tests.support.planted.truth import Truth

TRUTHS = (
    Truth("create-index", ('stock."Movement"("batchNo")',),
          "each look-up of a batch reads 50,000 rows and returns 6"),
    Truth("drop-index", ("stock.movement_article",), "movement_article_day begins with the same column"),
    Truth("rebuild-index", ("stock.article_ean",),
          "a unique index was refused for double values, and is left invalid", also=("drop-index",)),
    Truth("analyze-table", ("stock.reading",), "autovacuum never analyzes a partitioned table, and nobody else has"),
    Truth("vacuum-table", ('stock."Reservation"',), "more dead rows than live ones, autovacuum is off for the table",
          also=("autovacuum-table",)),
    Truth("autovacuum-table", ('"Billing".ledger',),
          "25 % dead rows, and its threshold asks for two thousand million", also=("vacuum-table",)),
    Truth("raise-setting", ("max_wal_size",), "max_wal_size is 32 MB: every 16 MB of writes request a checkpoint"),
    Truth("statement", ("regexp_replace(m.",), "the stock list takes most of all time"),
    Truth("sequence", ('"Billing"."Document_id_seq"', '"Billing"."Document"(id)'), "93 % of an int4 identity are used"),
    Truth("cache-misses", ("article:",), "3 of 4 look-ups of article: miss, 40 a second"),
    Truth("pool-small", ("pooler", "crm", "crm/crm_app", "pooler/crm", "default_pool_size"),
          "all 8 server connections in use and clients wait up to 3 s, from 8 to 18", also=("raise-setting",)),
    Truth("limits", ("maxmemory", "redis_memory_max_bytes", "redis_config_maxmemory"),
          "99.8 % of maxmemory are used and 40 keys a second evicted", also=("raise-setting",)),
)  # fmt: skip

NEAR_MISSES = (
    Truth("drop-index", ("stock.article_sku",), "article_sku_lower is of another expression; this one is unique"),
    Truth("drop-index", ("stock.article_sku_lower",), "an expression that the application asks for"),
    Truth("drop-index", ('"Billing".document_number',), "a prefix of document_number_day, but unique"),
    Truth("drop-index", ('"Billing".document_number_day',), "serves index-only scans"),
    Truth("drop-index", ("stock.gate_booking_during",), "never scanned by a query, but keeps an exclusion constraint"),
    Truth("drop-index", ("stock.reading_2025_10_sensor_id_measured_at_idx",),
          "never scanned, but a part of the index of the partitioned table"),
    Truth("create-index", ('stock."Storage"(hall)',), "40 rows: reading them all is right"),
    Truth("create-index", ('stock."Movement"(storage_id)',), "movementByStorage begins with it"),
    Truth("vacuum-table", ('stock."Counter"',), "many dead rows for its 12 live ones, and yet a page or two"),
    Truth("analyze-table", ("stock.reading_2025_11",), "analyzed after it was filled"),
    Truth("cache-misses", ("price:",), "8 % of look-ups miss"),
    Truth("pool-small", ("stock-api:8080",), "busy, but two connections are always idle"),
    Truth("limits", ("max_connections", "pantrywatch_database_connections_limit"), "at most 41 of 97 are used"),
)  # fmt: skip

WORKLOAD = (
    Step(40, 'SELECT "movementId", quantity FROM stock."Movement" WHERE "batchNo" = %s', lambda n: (f"B{n * 101}",)),
    Step(100, 'SELECT quantity FROM stock."Movement" WHERE article_id = %s ORDER BY moved_at DESC LIMIT 5',
         lambda n: (1 + n * 37,)),
    Step(60, 'SELECT count(*) FROM stock."Movement" WHERE storage_id = %s AND article_id = %s',
         lambda n: (1 + n % 40, 1 + n * 61)),
    Step(200, 'SELECT id, "Name" FROM stock."Article" WHERE lower(sku) = %s', lambda n: (f"sku-{n * 19 + 1}",)),
    Step(200, 'SELECT id, weight_grams FROM stock."Article" WHERE sku = %s', lambda n: (f"SKU-{n * 17 + 1}",)),
    Step(60, 'SELECT "Name" FROM stock."Article" WHERE id = %s', lambda n: (n * 13 + 1,)),
    Step(300, 'SELECT id, is_cooled FROM stock."Storage" WHERE hall = %s', lambda n: (f"hall {n % 4}",)),
    Step(120, 'UPDATE stock."Counter" SET value = value + 1 WHERE name = %s', lambda n: (f"hall {1 + n % 12}",)),
    Step(60, 'SELECT issued_on FROM "Billing"."Document" WHERE number = %s', lambda n: (f"RE-{n * 29 + 1}",)),
    Step(60, 'SELECT sum(amount) FROM "Billing".ledger WHERE document_id = %s', lambda n: (n * 31 + 1,)),
    Step(60, 'SELECT sum(quantity) FROM stock."Reservation" WHERE article_id = %s', lambda n: (n * 41 + 1,)),
    Step(40, "SELECT avg(celsius) FROM stock.reading WHERE sensor_id = %s AND measured_at >= %s",
         lambda n: (n % 25, f"2025-11-{1 + n % 28:02}")),
    Step(5, 'SELECT a."Name", sum(m.quantity), max(length(regexp_replace(m."batchNo", \'[0-9]([0-9]*)$\', \'\\1x\')))'
            ' FROM stock."Movement" m JOIN stock."Article" a ON a.id = m.article_id GROUP BY a."Name" ORDER BY 2, 1'),
)  # fmt: skip

SERIES = (
    *lookups("stock-api:8080", "article:", hits=10, misses=30),
    *lookups("stock-api:8080", "price:", hits=92, misses=8),
    *pgbouncer_pool(used=busy(2, 8), waiting=busy(0, 12), longest_wait_seconds=busy(0, 3), size=8),
    *otel_pool("stock-api:8080", used=once(6, 8), waiting=always(0), most=10),
    *redis_memory(used_bytes=busy(511e6, 511e6), most_bytes=512e6, evicted=busy(10, 40)),
    *connections(used=busy(12, 41), limit=97),
    *checkpoints(timed_per_hour=1, requested_per_hour=140),
    *temporary_files("crm", per_hour=0, bytes_each=1e6),
)

PLANT = Plant(
    script="stock.sql",
    settings={"max_wal_size": "32MB", "min_wal_size": "32MB"},
    workload=WORKLOAD,
    series=SERIES,
    truths=TRUTHS,
    near_misses=NEAR_MISSES,
    break_index=refused_index('CREATE UNIQUE INDEX CONCURRENTLY article_ean ON stock."Article" (ean)'),
)
