-- Schemas, the event room (requests, outbox, feed) and the audit room. Both are called by every other room and call none.
SET LOCAL lock_timeout = '5s';

CREATE EXTENSION IF NOT EXISTS btree_gist WITH SCHEMA public;

CREATE SCHEMA event;
COMMENT ON SCHEMA event IS 'Requests and their stored answers, the transactional outbox, the commit-ordered feed and the positions of its consumers.';
CREATE SCHEMA audit;
COMMENT ON SCHEMA audit IS 'Append-only record of who changed which business row, when, from what to what.';
CREATE SCHEMA river;
COMMENT ON SCHEMA river IS 'The job queue. Its tables belong to River; jobs are inserted in the transaction that causes them.';
CREATE SCHEMA catalog;
COMMENT ON SCHEMA catalog IS 'Master data: sites, locations, units and exact conversions, items, partners, prices, bills of material, routings, work centers, reasons.';
CREATE SCHEMA inventory;
COMMENT ON SCHEMA inventory IS 'Lots, movements, balances, reservations, genealogy and counts.';
CREATE SCHEMA purchasing;
COMMENT ON SCHEMA purchasing IS 'Purchase orders, goods receipts and their inspection.';
CREATE SCHEMA production;
COMMENT ON SCHEMA production IS 'Work orders, exploded materials and operations, issues of material and production reports.';
CREATE SCHEMA sales;
COMMENT ON SCHEMA sales IS 'Sales orders and the stock reserved for them.';
CREATE SCHEMA shipping;
COMMENT ON SCHEMA shipping IS 'Picks, handling units with SSCC, shipments, delivery notes and returns.';
CREATE SCHEMA billing;
COMMENT ON SCHEMA billing IS 'Invoices, credit notes, tax and gapless number series.';
CREATE SCHEMA costing;
COMMENT ON SCHEMA costing IS 'Cost layers, moving averages and the cost of each movement, computed after the posting.';
CREATE SCHEMA document;
COMMENT ON SCHEMA document IS 'Rendered documents (delivery notes, labels, invoices), stored with their hash.';

-- event ---------------------------------------------------------------------------------------------

CREATE TYPE event.answer AS (
    status integer,
    body jsonb,
    is_replayed boolean
);
COMMENT ON TYPE event.answer IS 'What a command answers: HTTP status, JSON document, and whether it was stored earlier under the same key.';

CREATE TABLE event.request (
    key uuid NOT NULL,
    fingerprint bytea NOT NULL,
    operation text NOT NULL,
    status integer NOT NULL,
    body jsonb,
    actor text NOT NULL,
    device text,
    request_id text,
    recorded_at timestamptz NOT NULL,
    CONSTRAINT request_pkey PRIMARY KEY (key),
    CONSTRAINT request_status_check CHECK (status BETWEEN 0 AND 599),
    CONSTRAINT request_fingerprint_check CHECK (octet_length(fingerprint) = 32)
);
COMMENT ON TABLE event.request IS 'One row per write that was answered: the idempotency key, what was asked and what was answered. Written in the transaction of the effect; a refusal is stored after its transaction rolled back and before it is told.';
COMMENT ON COLUMN event.request.key IS 'Idempotency key, any UUID (version 7 is the fastest).';
COMMENT ON COLUMN event.request.fingerprint IS 'SHA-256 over the operation and the command as canonical JSON: the same key with another fingerprint is refused.';
COMMENT ON COLUMN event.request.status IS 'HTTP status of the answer; 0 while the transaction that will answer is running, never visible committed.';
COMMENT ON COLUMN event.request.actor IS 'Who asked: the operator or client that the bearer token names.';
CREATE INDEX request_recorded_at_brin ON event.request USING brin (recorded_at) WITH (pages_per_range = 32, autosummarize = on);

CREATE TABLE event.inbox (
    topic text NOT NULL,
    subject_id bigint NOT NULL,
    payload jsonb NOT NULL,
    request_key uuid,
    ordinal bigint NOT NULL,
    recorded_at timestamptz NOT NULL
) WITH (autovacuum_vacuum_threshold = 20000, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_cost_delay = 0);
COMMENT ON TABLE event.inbox IS 'Outbox as producers write it, in their own transaction, without any index. The sequencer moves committed rows to event.log and deletes them here.';
COMMENT ON COLUMN event.inbox.ordinal IS 'Drawn from event.inbox_ordinal after the locks of the posting: orders events that depend on each other.';
CREATE SEQUENCE event.inbox_ordinal AS bigint CACHE 1;
COMMENT ON SEQUENCE event.inbox_ordinal IS 'Order of events as their transactions wrote them; gaps and late commits are normal, the feed is numbered by event.log.';

CREATE TABLE event.log (
    position bigint NOT NULL,
    topic text NOT NULL,
    subject_id bigint NOT NULL,
    payload jsonb NOT NULL,
    request_key uuid,
    recorded_at timestamptz NOT NULL,
    CONSTRAINT log_pkey PRIMARY KEY (position),
    CONSTRAINT log_position_check CHECK (position > 0)
) PARTITION BY RANGE (position);
COMMENT ON TABLE event.log IS 'The feed: every committed event once, under gap-free numbers given after commit. Append-only.';
COMMENT ON COLUMN event.log.position IS 'Gap-free number, in commit order as the sequencer saw it. Readers use position > n.';
COMMENT ON COLUMN event.log.recorded_at IS 'Time at which the causing transaction wrote the event.';
CREATE TABLE event.log_p0 PARTITION OF event.log FOR VALUES FROM (0) TO (50000000);
COMMENT ON TABLE event.log_p0 IS 'Positions 0 to 49,999,999 of the feed.';

CREATE TABLE event.log_head (
    singleton boolean NOT NULL DEFAULT true,
    position bigint NOT NULL,
    CONSTRAINT log_head_pkey PRIMARY KEY (singleton),
    CONSTRAINT log_head_singleton_check CHECK (singleton),
    CONSTRAINT log_head_position_check CHECK (position >= 0)
) WITH (fillfactor = 10);
COMMENT ON TABLE event.log_head IS 'Last position given. A row and not a sequence: an aborted batch must not burn numbers.';
INSERT INTO event.log_head (position) VALUES (0);

CREATE TABLE event.consumer (
    name text NOT NULL,
    position bigint NOT NULL DEFAULT 0,
    moved_at timestamptz,
    CONSTRAINT consumer_pkey PRIMARY KEY (name),
    CONSTRAINT consumer_position_check CHECK (position >= 0)
) WITH (fillfactor = 50);
COMMENT ON TABLE event.consumer IS 'How far each reader of the feed has come; moved in the transaction of its effect.';

-- audit ---------------------------------------------------------------------------------------------

CREATE TYPE audit.operation AS ENUM ('insert', 'update', 'delete');
COMMENT ON TYPE audit.operation IS 'What happened to the row.';

CREATE SEQUENCE audit.entry_id AS bigint CACHE 1;
COMMENT ON SEQUENCE audit.entry_id IS 'Ids of audit entries; gaps are normal.';

CREATE TABLE audit.entry (
    id bigint NOT NULL DEFAULT nextval('audit.entry_id'),
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
    schema_name text NOT NULL,
    table_name text NOT NULL,
    row_id bigint NOT NULL,
    operation audit.operation NOT NULL,
    actor text NOT NULL,
    device text,
    request_key uuid,
    request_id text,
    old_row jsonb,
    new_row jsonb,
    CONSTRAINT entry_pkey PRIMARY KEY (id, recorded_at),
    CONSTRAINT entry_old_row_check CHECK ((operation = 'insert') = (old_row IS NULL)),
    CONSTRAINT entry_new_row_check CHECK ((operation = 'delete') = (new_row IS NULL))
) PARTITION BY RANGE (recorded_at);
COMMENT ON TABLE audit.entry IS 'One row per change of a business row: who, on which device, by which request, when, from what, to what. Written by triggers, append-only, partitioned by month.';
COMMENT ON COLUMN audit.entry.transaction_id IS 'The transaction that changed the row: what is older than every running transaction is final and can be sealed.';
COMMENT ON COLUMN audit.entry.actor IS 'Operator or client of the request, or the database role for work outside a request.';
COMMENT ON COLUMN audit.entry.old_row IS 'The row before, for update and delete; of an update only the members that changed.';
COMMENT ON COLUMN audit.entry.new_row IS 'The row after, for insert and update; of an update only the members that changed.';
CREATE INDEX entry_table_name_row_id_idx ON audit.entry (schema_name, table_name, row_id);
CREATE INDEX entry_recorded_at_brin ON audit.entry USING brin (recorded_at) WITH (pages_per_range = 32, autosummarize = on);
CREATE TABLE audit.entry_default PARTITION OF audit.entry DEFAULT;
COMMENT ON TABLE audit.entry_default IS 'Catches entries of a month that has no partition yet, so that nothing fails; empty when partitions are kept ahead.';
