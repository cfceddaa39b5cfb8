-- name: SaveWebhookEndpoint :one
SELECT status::integer AS status, body::jsonb AS body, is_replayed::boolean AS is_replayed
FROM event.save_webhook_endpoint(@context::jsonb, @command::jsonb) AS a (status, body, is_replayed);

-- name: RotateWebhookSecret :one
SELECT status::integer AS status, body::jsonb AS body, is_replayed::boolean AS is_replayed
FROM event.rotate_webhook_secret(@context::jsonb, @command::jsonb) AS a (status, body, is_replayed);

-- name: PingWebhook :one
SELECT status::integer AS status, body::jsonb AS body, is_replayed::boolean AS is_replayed
FROM event.ping_webhook(@context::jsonb, @command::jsonb) AS a (status, body, is_replayed);

-- name: RedeliverWebhook :one
SELECT status::integer AS status, body::jsonb AS body, is_replayed::boolean AS is_replayed
FROM event.redeliver_webhook(@context::jsonb, @command::jsonb) AS a (status, body, is_replayed);

-- name: GetWebhookEndpoint :one
SELECT event.get_webhook_endpoint(@code::text)::jsonb AS document;

-- name: ListWebhookEndpoints :one
SELECT event.list_webhook_endpoints(NULLIF(@after::text, ''), @row_limit::integer)::jsonb AS document;

-- name: ListWebhookAttempts :one
SELECT event.list_webhook_attempts(@endpoint::text, NULLIF(@after::text, ''), @row_limit::integer)::jsonb AS document;

-- name: ClaimWebhooks :many
SELECT c.endpoint_id::bigint AS endpoint_id, c.code::text AS code, c.lease::uuid AS lease
FROM event.claim_webhooks(@row_limit::integer, @lease_seconds::integer) AS c (endpoint_id, code, lease);

-- name: NextWebhookEvents :one
SELECT event.next_webhook_events(@endpoint_id::bigint, @lease::uuid, @row_limit::integer)::jsonb AS batch;

-- name: RecordWebhookAttempt :one
SELECT event.record_webhook_attempt(@attempt::jsonb)::boolean AS goes_on;

-- name: ReleaseWebhook :exec
SELECT event.release_webhook(@endpoint_id::bigint, @lease::uuid, @pause_seconds::integer);

-- name: PassWebhookEvents :one
SELECT event.pass_webhook_events(@endpoint_id::bigint, @lease::uuid, @read_to::bigint, @lease_seconds::integer)::boolean AS goes_on;

-- name: PruneWebhooks :one
SELECT event.prune_webhooks(@row_limit::integer)::integer AS attempts;

-- name: ListWebhookSecrets :many
SELECT s.id::bigint AS id, s.endpoint::text AS endpoint, s.secret::bytea AS secret, s.sealed::bytea AS sealed
FROM event.list_webhook_secrets() AS s (id, endpoint, secret, sealed);

-- name: SealWebhookSecret :exec
SELECT event.seal_webhook_secret(@id::bigint, @sealed::bytea);
