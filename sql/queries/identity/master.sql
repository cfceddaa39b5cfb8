-- name: SaveRole :one
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM identity.save_role(@context::jsonb, @command::jsonb) AS a (status, body, is_replayed);

-- name: SaveOperator :one
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM identity.save_operator(@context::jsonb, @command::jsonb) AS a (status, body, is_replayed);

-- name: SaveBadge :one
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM identity.save_badge(@context::jsonb, @command::jsonb) AS a (status, body, is_replayed);

-- name: SetPIN :one
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM identity.set_pin(@context::jsonb, @command::jsonb) AS a (status, body, is_replayed);

-- name: SaveDevice :one
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM identity.save_device(@context::jsonb, @command::jsonb) AS a (status, body, is_replayed);

-- name: SaveClient :one
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM identity.save_client(@context::jsonb, @command::jsonb) AS a (status, body, is_replayed);

-- name: MakePairingCode :one
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM identity.make_pairing_code(@context::jsonb, @command::jsonb) AS a (status, body, is_replayed);

-- name: MakeClientSecret :one
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM identity.make_client_secret(@context::jsonb, @command::jsonb) AS a (status, body, is_replayed);

-- name: Revoke :one
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM identity.revoke(@context::jsonb, @command::jsonb) AS a (status, body, is_replayed);

-- name: Unlock :one
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM identity.unlock(@context::jsonb, @command::jsonb) AS a (status, body, is_replayed);

-- name: GetRole :one
SELECT identity.get_role(@code::text)::jsonb AS document;

-- name: ListRoles :one
SELECT identity.list_roles(NULLIF(@after::text, ''), @row_limit::integer)::jsonb AS document;

-- name: GetOperator :one
SELECT identity.get_operator(@code::text)::jsonb AS document;

-- name: ListOperators :one
SELECT identity.list_operators(NULLIF(@after::text, ''), @row_limit::integer)::jsonb AS document;

-- name: GetBadge :one
SELECT identity.get_badge(@code::text)::jsonb AS document;

-- name: ListBadges :one
SELECT identity.list_badges(NULLIF(@after::text, ''), @row_limit::integer)::jsonb AS document;

-- name: GetDevice :one
SELECT identity.get_device(@code::text)::jsonb AS document;

-- name: ListDevices :one
SELECT identity.list_devices(NULLIF(@after::text, ''), @row_limit::integer)::jsonb AS document;

-- name: GetClient :one
SELECT identity.get_client(@code::text)::jsonb AS document;

-- name: ListClients :one
SELECT identity.list_clients(NULLIF(@after::text, ''), @row_limit::integer)::jsonb AS document;

-- name: ListSessions :one
SELECT identity.list_sessions(NULLIF(@after::text, ''), @row_limit::integer)::jsonb AS document;
