-- The table of a ledger and what was detached from it, with the kind and the columns of each.
SELECT c.oid::regclass::text, c.relkind, c.relispartition, ARRAY(
    SELECT a.attname FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum)
FROM pg_class AS c
WHERE c.relnamespace = '{schema}'::regnamespace
  AND (c.relname = '{table}' OR c.relname ~ '^{table}_[0-9]{4}_[0-9]{2}$')
  AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
ORDER BY c.relname
