-- What the audit says of the rows of a table.
DECLARE state_entries NO SCROLL CURSOR FOR
SELECT l.row_id, l.operation, l.old_row, l.new_row, l.id
FROM {source} AS l
WHERE l.schema_name = '{schema}'
  AND l.table_name = '{name}'
ORDER BY l.row_id, l.id
