INSERT INTO event.inbox (topic, subject_id, payload, ordinal, recorded_at)
SELECT 'bench.filled', g, jsonb_build_object('posted_at', now(), 'document_type', 'transfer', 'movements', jsonb_build_array(jsonb_build_object(
    'id', g::text, 'type', 'transfer', 'item', 'ITEM-000001', 'lot', NULL, 'from', 'A-01', 'to', 'B-01', 'quantity', '1'))),
    nextval('event.inbox_ordinal'), clock_timestamp()
FROM generate_series(1, $1::bigint) AS g;
