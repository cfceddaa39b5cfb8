-- Rows of an append-only table that a range of transactions wrote, in the order in which they are sealed.
DECLARE ledger_rows NO SCROLL CURSOR FOR
SELECT l.transaction_id, {keys}, {columns}
FROM {source} AS l
WHERE l.incarnation = {incarnation}
  AND l.transaction_id::text::bigint >= {from}
  AND l.transaction_id::text::bigint < {to}
ORDER BY l.transaction_id, {keys}
