-- name: CheckIncarnation :one
SELECT audit.check_incarnation()::integer AS number;

-- name: BeginIncarnation :one
SELECT audit.begin_incarnation(sqlc.narg('reason')::text)::integer AS number;

-- name: PrepareSeal :one
SELECT coalesce(p.number, 0)::bigint AS number, coalesce(p.incarnation, 0)::integer AS incarnation,
    coalesce(p.from_transaction_id, '')::text AS from_transaction_id, coalesce(p.to_transaction_id, '')::text AS to_transaction_id,
    coalesce(p.previous, '')::bytea AS previous, coalesce(p.sealed_at, 'epoch')::timestamptz AS sealed_at,
    coalesce(p.last_sealed_at, 'epoch')::timestamptz AS last_sealed_at
FROM audit.prepare_seal() AS p;

-- name: ListColumns :many
SELECT c.name::text AS name FROM audit.list_columns(@ledger::text) AS c (name);

-- name: AddSealChunk :exec
SELECT audit.add_seal_chunk(@seal_number::bigint, @ledger::text, @ordinal::integer, @row_count::integer, @root::bytea, @prints::bytea);

-- name: AddSealPart :exec
SELECT audit.add_seal_part(@seal_number::bigint, @ledger::text, @columns::text[], @row_count::bigint, @root::bytea, @prints_digest::bytea);

-- name: AddSeal :exec
SELECT audit.add_seal(@number::bigint, @incarnation::integer, @from_transaction_id::text, @to_transaction_id::text, @row_count::bigint,
    @previous::bytea, @hash::bytea, sqlc.narg('key_id')::text, sqlc.narg('signature')::bytea, @sealed_at::timestamptz);

-- name: ListSeals :many
SELECT s.number::bigint AS number, s.incarnation::integer AS incarnation, s.from_transaction_id::text AS from_transaction_id,
    s.to_transaction_id::text AS to_transaction_id, s.row_count::bigint AS row_count, s.previous::bytea AS previous, s.hash::bytea AS hash,
    s.key_id::text AS key_id, s.signature::bytea AS signature, s.sealed_at::timestamptz AS sealed_at, s.parts::jsonb AS parts
FROM audit.list_seals(@after::bigint, @row_limit::integer) AS s;

-- name: BeginDelivery :many
SELECT d.destination::text AS destination, d.sent_to::bigint AS sent_to FROM audit.begin_delivery(@destinations::text[]) AS d;

-- name: RecordDelivery :exec
SELECT audit.record_delivery(@destination::text, @sent_to::bigint, sqlc.narg('failure')::text);

-- name: CountSealedRows :one
SELECT coalesce(sum(s.row_count), 0)::bigint AS row_count FROM audit.seal AS s;

-- name: NoteSealing :exec
SELECT audit.note_sealing(@incarnation::integer, @mark::text);
