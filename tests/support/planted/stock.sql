-- Seed 2: stock of a warehouse, quoted names, two schemas. Every fault and near miss is named in stock.py.

CREATE SCHEMA stock;
CREATE SCHEMA "Billing";

CREATE TABLE stock."Article" (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sku text NOT NULL CONSTRAINT article_sku UNIQUE,
    ean text NOT NULL,
    "Name" text NOT NULL,
    weight_grams integer NOT NULL
);

CREATE TABLE stock."Storage" (
    id integer PRIMARY KEY,
    hall text NOT NULL,
    is_cooled boolean NOT NULL
);

CREATE TABLE stock."Movement" (
    "movementId" bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    article_id integer NOT NULL,
    storage_id integer NOT NULL,
    "batchNo" text NOT NULL,
    quantity integer NOT NULL,
    moved_at timestamptz NOT NULL
);

CREATE TABLE stock."Reservation" (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    article_id integer NOT NULL,
    quantity integer NOT NULL,
    valid_until timestamptz NOT NULL
) WITH (autovacuum_enabled = false);

CREATE TABLE stock."Counter" (
    name text PRIMARY KEY,
    value bigint NOT NULL
);

CREATE TABLE stock.import_line (
    number integer NOT NULL,
    line text NOT NULL
);

CREATE TABLE stock.gate_booking (
    id integer PRIMARY KEY,
    during tstzrange NOT NULL,
    CONSTRAINT gate_booking_during EXCLUDE USING gist (during WITH &&)
);

CREATE TABLE "Billing"."Document" (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    number text NOT NULL,
    issued_on date NOT NULL
);

CREATE TABLE "Billing".ledger (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    document_id integer NOT NULL,
    account integer NOT NULL,
    amount numeric(12, 2) NOT NULL,
    is_cleared boolean NOT NULL DEFAULT false
) WITH (autovacuum_vacuum_threshold = 2000000000);

INSERT INTO stock."Article" (sku, ean, "Name", weight_grams)
SELECT 'SKU-' || n, lpad((n % 3990)::text, 13, '4'), 'Article ' || n * 7919 % 4000, 10 + n * 29 % 5000
FROM generate_series(1, 4000) n;

INSERT INTO stock."Storage" SELECT n, 'hall ' || n % 4, n % 3 = 0 FROM generate_series(1, 40) n;

INSERT INTO stock."Movement" (article_id, storage_id, "batchNo", quantity, moved_at)
SELECT 1 + n * 7907 % 4000, 1 + n * 13 % 40, 'B' || n / 6, n % 50 - 25,
    timestamptz '2025-03-01' + n * interval '7 minutes'
FROM generate_series(1, 50000) n;

INSERT INTO stock."Reservation" (article_id, quantity, valid_until)
SELECT 1 + n % 4000, 1 + n % 5, timestamptz '2026-01-01' + n * interval '1 minute' FROM generate_series(1, 15000) n;

INSERT INTO stock."Counter" SELECT 'hall ' || n, 0 FROM generate_series(1, 12) n;

INSERT INTO stock.gate_booking
SELECT n, tstzrange(timestamptz '2025-01-01' + n * interval '2 hours',
    timestamptz '2025-01-01 01:50' + n * interval '2 hours')
FROM generate_series(1, 1500) n;

INSERT INTO "Billing"."Document" (number, issued_on)
SELECT 'RE-' || n, date '2025-01-01' + n / 10 FROM generate_series(1, 3000) n;

INSERT INTO "Billing".ledger (document_id, account, amount)
SELECT 1 + n % 3000, 1000 + n % 40, n * 17 % 9000 FROM generate_series(1, 30000) n;

-- An import: 100 MB of WAL, as often as one likes.
INSERT INTO stock.import_line SELECT n, repeat(md5(n::text), 50) FROM generate_series(1, 60000) n;
TRUNCATE stock.import_line;

CREATE INDEX article_sku_lower ON stock."Article" (lower(sku));
CREATE INDEX movement_article ON stock."Movement" (article_id);
CREATE INDEX movement_article_day ON stock."Movement" (article_id, moved_at DESC);
CREATE INDEX "movementByStorage" ON stock."Movement" (storage_id, article_id);
CREATE INDEX reservation_article ON stock."Reservation" (article_id);
CREATE UNIQUE INDEX document_number ON "Billing"."Document" (number);
CREATE INDEX document_number_day ON "Billing"."Document" (number, issued_on);
CREATE INDEX ledger_document ON "Billing".ledger (document_id);

ALTER TABLE stock."Movement"
    ADD FOREIGN KEY (article_id) REFERENCES stock."Article",
    ADD FOREIGN KEY (storage_id) REFERENCES stock."Storage";
ALTER TABLE stock."Reservation" ADD FOREIGN KEY (article_id) REFERENCES stock."Article";
ALTER TABLE "Billing".ledger ADD FOREIGN KEY (document_id) REFERENCES "Billing"."Document";

SELECT setval('"Billing"."Document_id_seq"', 1990000000);
-- Counters of this session are written at most once a second; written after ANALYZE, they would be added to its result.
SELECT pg_stat_force_next_flush();
VACUUM ANALYZE;

-- A partitioned table: autovacuum analyzes its partitions and never the table itself.
CREATE TABLE stock.reading (
    sensor_id integer NOT NULL,
    measured_at timestamptz NOT NULL,
    celsius real NOT NULL
) PARTITION BY RANGE (measured_at);
CREATE TABLE stock.reading_2025_10 PARTITION OF stock.reading FOR VALUES FROM ('2025-10-01') TO ('2025-11-01');
CREATE TABLE stock.reading_2025_11 PARTITION OF stock.reading FOR VALUES FROM ('2025-11-01') TO ('2025-12-01');
CREATE TABLE stock.reading_2025_12 PARTITION OF stock.reading FOR VALUES FROM ('2025-12-01') TO ('2026-01-01');
INSERT INTO stock.reading
SELECT n % 25, timestamptz '2025-10-01 00:00+00' + n * interval '4 minutes', 2 + n % 60 / 10.0
FROM generate_series(1, 30000) n;
CREATE INDEX reading_sensor ON stock.reading (sensor_id, measured_at);
SELECT pg_stat_force_next_flush();
VACUUM ANALYZE stock.reading_2025_10, stock.reading_2025_11, stock.reading_2025_12;

UPDATE stock."Reservation" SET quantity = quantity + 1;
UPDATE stock."Reservation" SET valid_until = valid_until + interval '1 day' WHERE id % 2 = 0;
UPDATE "Billing".ledger SET is_cleared = true WHERE id % 3 = 0;
SELECT pg_stat_force_next_flush();
ANALYZE stock."Reservation", "Billing".ledger;
