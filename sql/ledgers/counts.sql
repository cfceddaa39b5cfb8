-- All rows of an append-only table, however they are read: those sealed, those still to be sealed, and those that no seal can be of.
SELECT count(*), count(*) FILTER (WHERE {waiting}), count(*) FILTER (WHERE NOT ({waiting}) AND NOT ({sealed}))
FROM {source} AS l
