-- One row of an append-only table, as it is now.
SELECT left(to_jsonb(l)::text, 2000)
FROM {source} AS l
WHERE ({keys}) = ({values})
LIMIT 1
