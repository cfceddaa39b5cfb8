-- name: ChangeVersion :one
SELECT identity.change_version()::bigint AS version;

-- name: ListRevokedSessions :one
SELECT identity.list_revoked_sessions()::bigint[] AS ids;

-- name: ListSigningKeys :one
SELECT identity.list_signing_keys()::jsonb AS document;

-- name: AddSigningKey :one
SELECT identity.add_signing_key(@kid::text, @private_key::bytea, @delay_seconds::integer, @older_than_seconds::integer)::boolean AS was_added;

-- name: ResealSigningKey :exec
SELECT identity.reseal_signing_key(@kid::text, @private_key::bytea);

-- name: DropSigningKeys :one
SELECT identity.drop_signing_keys(@except_kid::text)::integer AS count;

-- name: FindClient :one
SELECT identity.find_client(@code::text)::jsonb AS document;

-- name: OpenClientSession :one
SELECT identity.open_client_session(@client_id::bigint, sqlc.narg('scopes')::text[], @lifetime_seconds::integer)::jsonb AS document;

-- name: BeginBadgeLogin :one
SELECT identity.begin_badge_login(@device_id::bigint, @badge::text)::jsonb AS document;

-- name: OpenOperatorSession :one
SELECT identity.open_operator_session(@device_id::bigint, @badge::text, @badge_id::bigint, @operator_id::bigint, sqlc.narg('scopes')::text[],
    @refresh_hash::bytea, @lifetime_seconds::integer)::jsonb AS document;

-- name: RotateRefreshToken :one
SELECT identity.rotate_refresh_token(@client_id::bigint, @hash::bytea, @new_hash::bytea)::jsonb AS document;

-- name: RedeemPairingCode :one
SELECT coalesce(identity.redeem_pairing_code(@hash::bytea, @secret_hash::bytea), '')::text AS device;

-- name: RevokeToken :one
SELECT identity.revoke_token(@client_id::bigint, sqlc.narg('refresh_hash')::bytea, sqlc.narg('session_id')::bigint)::integer AS count;

-- name: IntrospectRefreshToken :one
SELECT identity.introspect_refresh_token(@hash::bytea)::jsonb AS document;

-- name: Prune :one
SELECT identity.prune(make_interval(days => @keep_days::integer))::integer AS count;

-- name: DescribeGrant :one
SELECT identity.describe_grant(@session_id::bigint)::jsonb AS document;

-- name: BootstrapClient :exec
SELECT identity.bootstrap_client(@code::text, @roles::text[], @sites::text[], @secret_hash::bytea);

-- name: ScopesOf :one
SELECT identity.scopes_of(@roles::text[])::text[] AS scopes;

-- name: HasSigningKey :one
SELECT identity.has_signing_key(@kid::text)::boolean AS is_there;
