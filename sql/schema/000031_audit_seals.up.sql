-- Seals: proof that no row of an append-only table was changed, taken away or added later.
SET LOCAL lock_timeout = '5s';

-- Which transaction wrote a row, and in which life of the database: what transactions below every running one wrote is final.
-- The rows that are there get the transaction of this migration, without being written again.
ALTER TABLE audit.entry ADD COLUMN incarnation smallint NOT NULL DEFAULT 1;
ALTER TABLE inventory.movement
    ADD COLUMN transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
    ADD COLUMN incarnation smallint NOT NULL DEFAULT 1;
ALTER TABLE inventory.reversal
    ADD COLUMN transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
    ADD COLUMN incarnation smallint NOT NULL DEFAULT 1;
ALTER TABLE event.request
    ADD COLUMN transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
    ADD COLUMN incarnation smallint NOT NULL DEFAULT 1;
ALTER TABLE costing.movement_cost
    ADD COLUMN transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
    ADD COLUMN incarnation smallint NOT NULL DEFAULT 1;
ALTER TABLE costing.labour_cost
    ADD COLUMN transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
    ADD COLUMN incarnation smallint NOT NULL DEFAULT 1;
ALTER TABLE costing.journal_entry
    ADD COLUMN transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
    ADD COLUMN incarnation smallint NOT NULL DEFAULT 1;
ALTER TABLE document.file
    ADD COLUMN transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
    ADD COLUMN incarnation smallint NOT NULL DEFAULT 1;

COMMENT ON COLUMN audit.entry.incarnation IS 'Life of the database in which transaction_id counts: audit.incarnation.';
COMMENT ON COLUMN inventory.movement.transaction_id IS 'The transaction that wrote the row; by it the row is sealed.';
COMMENT ON COLUMN inventory.movement.incarnation IS 'Life of the database in which transaction_id counts: audit.incarnation.';
COMMENT ON COLUMN inventory.reversal.transaction_id IS 'The transaction that wrote the row; by it the row is sealed.';
COMMENT ON COLUMN inventory.reversal.incarnation IS 'Life of the database in which transaction_id counts: audit.incarnation.';
COMMENT ON COLUMN event.request.transaction_id IS 'The transaction that wrote the row; by it the row is sealed.';
COMMENT ON COLUMN event.request.incarnation IS 'Life of the database in which transaction_id counts: audit.incarnation.';
COMMENT ON COLUMN costing.movement_cost.transaction_id IS 'The transaction that wrote the row; by it the row is sealed.';
COMMENT ON COLUMN costing.movement_cost.incarnation IS 'Life of the database in which transaction_id counts: audit.incarnation.';
COMMENT ON COLUMN costing.labour_cost.transaction_id IS 'The transaction that wrote the row; by it the row is sealed.';
COMMENT ON COLUMN costing.labour_cost.incarnation IS 'Life of the database in which transaction_id counts: audit.incarnation.';
COMMENT ON COLUMN costing.journal_entry.transaction_id IS 'The transaction that wrote the row; by it the row is sealed.';
COMMENT ON COLUMN costing.journal_entry.incarnation IS 'Life of the database in which transaction_id counts: audit.incarnation.';
COMMENT ON COLUMN document.file.transaction_id IS 'The transaction that wrote the row; by it the row is sealed.';
COMMENT ON COLUMN document.file.incarnation IS 'Life of the database in which transaction_id counts: audit.incarnation.';

-- Block ranges by transaction: xid8 has no operators for BRIN, its number has.
CREATE INDEX entry_transaction_id_brin ON audit.entry
    USING brin ((transaction_id::text::bigint)) WITH (pages_per_range = 32, autosummarize = on);
CREATE INDEX movement_transaction_id_brin ON inventory.movement
    USING brin ((transaction_id::text::bigint)) WITH (pages_per_range = 32, autosummarize = on);
CREATE INDEX reversal_transaction_id_brin ON inventory.reversal
    USING brin ((transaction_id::text::bigint)) WITH (pages_per_range = 32, autosummarize = on);
CREATE INDEX request_transaction_id_brin ON event.request
    USING brin ((transaction_id::text::bigint)) WITH (pages_per_range = 32, autosummarize = on);
CREATE INDEX movement_cost_transaction_id_brin ON costing.movement_cost
    USING brin ((transaction_id::text::bigint)) WITH (pages_per_range = 32, autosummarize = on);
CREATE INDEX labour_cost_transaction_id_brin ON costing.labour_cost
    USING brin ((transaction_id::text::bigint)) WITH (pages_per_range = 32, autosummarize = on);
CREATE INDEX journal_entry_transaction_id_brin ON costing.journal_entry
    USING brin ((transaction_id::text::bigint)) WITH (pages_per_range = 32, autosummarize = on);
CREATE INDEX file_transaction_id_brin ON document.file
    USING brin ((transaction_id::text::bigint)) WITH (pages_per_range = 32, autosummarize = on);

-- The history of a record that is gone is found by its number.
CREATE INDEX entry_deleted_idx ON audit.entry (schema_name, table_name, (coalesce(old_row ->> 'number', old_row ->> 'code')))
    WHERE operation = 'delete';

CREATE TABLE audit.incarnation (
    number smallint NOT NULL,
    system_identifier bigint NOT NULL,
    reason text NOT NULL,
    began_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor text NOT NULL,
    CONSTRAINT incarnation_pkey PRIMARY KEY (number),
    CONSTRAINT incarnation_number_check CHECK (number > 0)
);
COMMENT ON TABLE audit.incarnation IS 'Lives of the database. A dump that is restored begins a new one, since the new server counts its transactions from the start again. The first row is written by the first server that starts. Append-only.';
COMMENT ON COLUMN audit.incarnation.system_identifier IS 'Of the server (pg_control_system) that the life began on.';

CREATE TABLE audit.seal (
    number bigint NOT NULL,
    incarnation smallint NOT NULL,
    from_transaction_id xid8 NOT NULL,
    to_transaction_id xid8 NOT NULL,
    row_count bigint NOT NULL,
    previous bytea NOT NULL,
    hash bytea NOT NULL,
    key_id text,
    signature bytea,
    sealed_at timestamptz NOT NULL,
    CONSTRAINT seal_pkey PRIMARY KEY (number),
    CONSTRAINT seal_incarnation_fkey FOREIGN KEY (incarnation) REFERENCES audit.incarnation (number),
    CONSTRAINT seal_number_check CHECK (number > 0),
    CONSTRAINT seal_to_transaction_id_check CHECK (to_transaction_id >= from_transaction_id),
    CONSTRAINT seal_row_count_check CHECK (row_count >= 0),
    CONSTRAINT seal_previous_check CHECK (octet_length(previous) = 32),
    CONSTRAINT seal_hash_check CHECK (octet_length(hash) = 32),
    CONSTRAINT seal_signature_check CHECK ((signature IS NULL) = (key_id IS NULL) AND octet_length(signature) = 64)
);
COMMENT ON TABLE audit.seal IS 'Every row that a range of transactions wrote into the append-only tables, bound by hash: each seal to its rows (audit.seal_part) and to the seal before. Append-only. docs/adr/0031.';
COMMENT ON COLUMN audit.seal.from_transaction_id IS 'First transaction sealed, included: where the seal before ended.';
COMMENT ON COLUMN audit.seal.to_transaction_id IS 'Excluded. Every transaction before it had ended when this was sealed.';
COMMENT ON COLUMN audit.seal.row_count IS 'Rows of all tables.';
COMMENT ON COLUMN audit.seal.previous IS 'Hash of the seal before; zeros for the first.';
COMMENT ON COLUMN audit.seal.hash IS 'SHA-256 of the statement that this row and its parts make.';
COMMENT ON COLUMN audit.seal.key_id IS 'Which key signed the hash: the beginning of the SHA-256 of the public key. Null: none did.';
COMMENT ON COLUMN audit.seal.signature IS 'Ed25519 over the statement''s hash. The key is not in the database.';
CREATE INDEX seal_incarnation_idx ON audit.seal (incarnation, to_transaction_id);

CREATE TABLE audit.seal_part (
    seal_number bigint NOT NULL,
    ledger text NOT NULL,
    columns text[] NOT NULL,
    row_count bigint NOT NULL,
    root bytea NOT NULL,
    prints_digest bytea NOT NULL,
    CONSTRAINT seal_part_pkey PRIMARY KEY (seal_number, ledger),
    CONSTRAINT seal_part_row_count_check CHECK (row_count > 0),
    CONSTRAINT seal_part_root_check CHECK (octet_length(root) = 32),
    CONSTRAINT seal_part_prints_digest_check CHECK (octet_length(prints_digest) = 32)
);
COMMENT ON TABLE audit.seal_part IS 'What a seal says of one table. Append-only.';
COMMENT ON COLUMN audit.seal_part.ledger IS 'The append-only table, such as inventory.movement.';
COMMENT ON COLUMN audit.seal_part.columns IS 'The columns sealed, in order: those that the table had then.';
COMMENT ON COLUMN audit.seal_part.root IS 'Merkle root (RFC 6962) of the rows in the order of transaction and key.';
COMMENT ON COLUMN audit.seal_part.prints_digest IS 'SHA-256 of the prints of all chunks.';

CREATE TABLE audit.seal_chunk (
    seal_number bigint NOT NULL,
    ledger text NOT NULL,
    ordinal integer NOT NULL,
    row_count integer NOT NULL,
    root bytea NOT NULL,
    prints bytea NOT NULL,
    CONSTRAINT seal_chunk_pkey PRIMARY KEY (ledger, seal_number, ordinal),
    CONSTRAINT seal_chunk_row_count_check CHECK (row_count BETWEEN 1 AND 4096),
    CONSTRAINT seal_chunk_root_check CHECK (octet_length(root) = 32)
);
ALTER TABLE audit.seal_chunk ALTER COLUMN prints SET STORAGE EXTERNAL;
COMMENT ON TABLE audit.seal_chunk IS 'Up to 4,096 rows of a part, so that a row that was changed can be named. Append-only.';
COMMENT ON COLUMN audit.seal_chunk.root IS 'Merkle root of these rows: a node of the tree of the part.';
COMMENT ON COLUMN audit.seal_chunk.prints IS 'Of each row: how much its transaction is above that of the row before, its key, and the first 16 bytes of its leaf.';

CREATE TABLE audit.witness (
    destination text NOT NULL,
    sent_to bigint NOT NULL DEFAULT 0,
    sent_at timestamptz,
    failing_since timestamptz,
    failure text,
    is_active boolean NOT NULL DEFAULT true,
    CONSTRAINT witness_pkey PRIMARY KEY (destination),
    CONSTRAINT witness_sent_to_check CHECK (sent_to >= 0),
    CONSTRAINT witness_failure_check CHECK ((failure IS NULL) = (failing_since IS NULL))
);
COMMENT ON TABLE audit.witness IS 'Where the heads of the seals are sent, off this host, and how far that has come.';
COMMENT ON COLUMN audit.witness.destination IS 'Folder or address without its credentials.';
COMMENT ON COLUMN audit.witness.sent_to IS 'Number of the last seal that arrived there.';
COMMENT ON COLUMN audit.witness.failing_since IS 'Since when nothing arrives; null while it does.';
COMMENT ON COLUMN audit.witness.is_active IS 'Whether the worker is configured for it.';

CREATE TABLE audit.sealing (
    singleton boolean NOT NULL DEFAULT true,
    ran_at timestamptz NOT NULL,
    sealed_until timestamptz NOT NULL,
    probe_transaction_id xid8 NOT NULL,
    probe_at timestamptz NOT NULL,
    CONSTRAINT sealing_pkey PRIMARY KEY (singleton),
    CONSTRAINT sealing_singleton_check CHECK (singleton)
);
COMMENT ON TABLE audit.sealing IS 'How far sealing has come, written at every run.';
COMMENT ON COLUMN audit.sealing.sealed_until IS 'What was written before is sealed. It stands still while a transaction runs that began before.';
COMMENT ON COLUMN audit.sealing.probe_transaction_id IS 'The next transaction as it was at probe_at: when sealing has come to it, everything before probe_at is sealed.';

CREATE TABLE audit.detachment (
    id bigint GENERATED BY DEFAULT AS IDENTITY,
    ledger text NOT NULL,
    partition text NOT NULL,
    row_count bigint NOT NULL,
    first_key bigint,
    last_key bigint,
    detached_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor text NOT NULL,
    transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
    incarnation smallint NOT NULL DEFAULT 1,
    CONSTRAINT detachment_pkey PRIMARY KEY (id),
    CONSTRAINT detachment_ledger_partition_key UNIQUE (ledger, partition),
    CONSTRAINT detachment_row_count_check CHECK (row_count >= 0)
);
COMMENT ON TABLE audit.detachment IS 'Months that were taken out of an append-only table by the functions that do so: their rows are not missing. Append-only, sealed itself.';
COMMENT ON COLUMN audit.detachment.first_key IS 'Smallest id in it.';
COMMENT ON COLUMN audit.detachment.last_key IS 'Greatest id in it.';
COMMENT ON COLUMN audit.detachment.transaction_id IS 'The transaction that wrote the row; by it the row is sealed.';
COMMENT ON COLUMN audit.detachment.incarnation IS 'Life of the database in which transaction_id counts: audit.incarnation.';
CREATE INDEX detachment_transaction_id_brin ON audit.detachment
    USING brin ((transaction_id::text::bigint)) WITH (pages_per_range = 32, autosummarize = on);
