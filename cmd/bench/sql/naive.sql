-- What a textbook service does for one movement: four statements in a transaction, from the client. The tables have the columns,
-- partitions and indexes of Millrace's, and no foreign keys, which spares them the work of checking.
CREATE SCHEMA naive;

CREATE TABLE naive.movement (
    id bigint GENERATED ALWAYS AS IDENTITY,
    posted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    occurred_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    movement_type text NOT NULL,
    item_id bigint NOT NULL,
    lot_id bigint NOT NULL,
    from_location_id bigint NOT NULL,
    to_location_id bigint NOT NULL,
    quantity numeric(18,6) NOT NULL,
    actor text NOT NULL,
    request_key uuid NOT NULL
) PARTITION BY RANGE (posted_at);
CREATE TABLE naive.movement_all PARTITION OF naive.movement DEFAULT;
ALTER TABLE naive.movement ADD PRIMARY KEY (id, posted_at);
CREATE INDEX ON naive.movement USING brin (posted_at) WITH (pages_per_range = 64, autosummarize = on);
CREATE INDEX ON naive.movement (item_id, posted_at);
CREATE INDEX ON naive.movement (lot_id) WHERE lot_id <> 0;
CREATE INDEX ON naive.movement (item_id, posted_at) WHERE posted_at - occurred_at > interval '1 hour';

CREATE TABLE naive.stock (
    item_id bigint NOT NULL,
    location_id bigint NOT NULL,
    lot_id bigint NOT NULL,
    on_hand numeric(18,6) NOT NULL CHECK (on_hand >= 0),
    PRIMARY KEY (item_id, location_id, lot_id)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
INSERT INTO naive.stock (item_id, location_id, lot_id, on_hand)
SELECT i, l, 0, 500000000
FROM generate_series(1, 10000) AS i
CROSS JOIN generate_series(1, 10) AS l;

CREATE TABLE naive.outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic text NOT NULL,
    payload jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE naive.request (
    key uuid PRIMARY KEY,
    status integer NOT NULL,
    body jsonb NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX ON naive.request USING brin (recorded_at) WITH (pages_per_range = 32, autosummarize = on);
