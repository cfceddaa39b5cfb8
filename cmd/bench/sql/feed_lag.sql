SELECT (c ->> 'lag_events')::bigint, (c ->> 'lag_seconds')::double precision
FROM jsonb_array_elements(event.get_feed_status() -> 'consumers') AS c
WHERE c ->> 'name' = 'costing';
