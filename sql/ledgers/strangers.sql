-- Rows of an append-only table that no seal can be of.
SELECT l.transaction_id, l.incarnation, {keys}
FROM {source} AS l
WHERE NOT ({waiting})
  AND NOT ({sealed})
ORDER BY {keys}
LIMIT {limit}
