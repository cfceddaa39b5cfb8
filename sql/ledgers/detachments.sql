-- What was taken out of the append-only tables.
SELECT d.ledger, d.partition, d.row_count, coalesce(d.first_key, 0), coalesce(d.last_key, -1), to_regclass(d.partition) IS NOT NULL
FROM audit.detachment AS d
ORDER BY d.id
