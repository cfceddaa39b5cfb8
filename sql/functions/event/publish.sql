CREATE OR REPLACE FUNCTION event.publish(
    p_topic text,
    p_subject_id bigint,
    p_payload jsonb
) RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    INSERT INTO event.inbox (topic, subject_id, payload, request_key, ordinal, recorded_at)
    VALUES (p_topic, p_subject_id, p_payload, nullif(current_setting('millrace.request_key', true), '')::uuid,
        nextval('event.inbox_ordinal'), clock_timestamp());
END;
$function$;

COMMENT ON FUNCTION event.publish(text, bigint, jsonb) IS
    'Writes an event to the outbox in the running transaction. Topics are noun.verb (goods_receipt.posted); payloads name things by their codes.';
