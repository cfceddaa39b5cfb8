-- The rows of an audited table as they are.
DECLARE state_rows NO SCROLL CURSOR FOR
SELECT t.id, to_jsonb(t)
FROM {table} AS t
ORDER BY t.id
