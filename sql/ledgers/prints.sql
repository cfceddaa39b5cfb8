-- What the seals of a range say of an append-only table.
DECLARE ledger_prints NO SCROLL CURSOR FOR
SELECT c.seal_number, c.ordinal, c.row_count, c.root, c.prints
FROM audit.seal_chunk AS c
WHERE c.ledger = '{ledger}'
  AND c.seal_number BETWEEN {first} AND {last}
ORDER BY c.seal_number, c.ordinal
