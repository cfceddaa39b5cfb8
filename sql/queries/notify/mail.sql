-- name: GetMailSource :one
SELECT notify.get_mail_source((@kind::text)::document.kind, @number::text)::jsonb AS source;

-- name: QueueMail :one
SELECT coalesce(notify.queue_mail(@partner_id::bigint, @file_id::bigint, @recipient::text, @language::text, @subject::text, @body::text), '')::text AS number;

-- name: GetOutgoingMail :one
SELECT m.number::text AS number, m.state::text AS state, m.recipient::text AS recipient, m.language::text AS language, m.subject::text AS subject, m.body::text AS body,
    m.created_at::timestamptz AS created_at, m.waited_seconds::integer AS waited_seconds, m.file_name::text AS file_name,
    m.media_type::text AS media_type, m.content::bytea AS content
FROM notify.get_outgoing_mail(@mail_id::bigint) AS m (number, state, recipient, language, subject, body, created_at, waited_seconds, file_name, media_type, content);

-- name: BeginHandOver :one
SELECT coalesce(notify.begin_hand_over(@mail_id::bigint, @domain::text), '')::text AS message_id;

-- name: HandOver :one
SELECT notify.hand_over(@mail_id::bigint)::boolean AS is_mine;

-- name: HoldMail :exec
SELECT notify.hold_mail(@mail_id::bigint, @reason::text);

-- name: RecordSent :exec
SELECT notify.record_sent(@mail_id::bigint, @receipt::text);

-- name: RecordFailure :one
SELECT notify.record_failure(@mail_id::bigint, @reason::text, @is_unknown::boolean, @is_permanent::boolean, @give_up_seconds::integer)::boolean AS is_dead;

-- name: GetMail :one
SELECT notify.get_mail(@number::text)::jsonb AS document;

-- name: ListMails :one
SELECT notify.list_mails(NULLIF(@state::text, ''), NULLIF(@after::text, ''), @row_limit::integer)::jsonb AS document;

-- name: ConfirmMail :one
SELECT status::integer AS status, body::jsonb AS body, is_replayed::boolean AS is_replayed
FROM notify.confirm_mail(@context::jsonb, @command::jsonb) AS a (status, body, is_replayed);

-- name: RetryMail :one
SELECT status::integer AS status, body::jsonb AS body, is_replayed::boolean AS is_replayed
FROM notify.retry_mail(@context::jsonb, @command::jsonb) AS a (status, body, is_replayed);
