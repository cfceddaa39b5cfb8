-- Tables and views of our schemas (River's are River's), partitions left out.
SELECT n.nspname,
       coalesce(obj_description(n.oid, 'pg_namespace'), ''),
       c.relname,
       CASE c.relkind WHEN 'v' THEN 'View' WHEN 'm' THEN 'Materialized view' WHEN 'p' THEN 'Partitioned table' ELSE 'Table' END,
       coalesce(obj_description(c.oid, 'pg_class'), '')
       || CASE WHEN c.relkind = 'p' THEN ' Partitioned by ' || pg_get_partkeydef(c.oid) || '.' ELSE '' END,
       coalesce((SELECT jsonb_agg(jsonb_build_array(a.attname, format_type(a.atttypid, a.atttypmod),
                                                    CASE WHEN a.attnotnull THEN 'no' ELSE 'yes' END,
                                                    CASE WHEN a.attidentity <> '' THEN 'identity'
                                                         ELSE coalesce(pg_get_expr(d.adbin, d.adrelid), '') END,
                                                    coalesce(col_description(a.attrelid, a.attnum), '')) ORDER BY a.attnum)
                 FROM pg_attribute AS a
                 LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
                 WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), '[]'),
       coalesce((SELECT jsonb_agg(jsonb_build_array(k.conname, pg_get_constraintdef(k.oid)) ORDER BY k.contype = 'p' DESC, k.conname COLLATE "C")
                 FROM pg_constraint AS k
                 WHERE k.conrelid = c.oid AND k.contype IN ('p', 'u', 'c', 'f', 'x') AND k.conparentid = 0), '[]'),
       coalesce((SELECT jsonb_agg(pg_get_indexdef(i.indexrelid) ORDER BY i.indexrelid::regclass::text COLLATE "C")
                 FROM pg_index AS i
                 WHERE i.indrelid = c.oid
                   AND NOT EXISTS (SELECT FROM pg_constraint AS k WHERE k.conindid = i.indexrelid AND k.conrelid = c.oid)), '[]')
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm') AND NOT c.relispartition
  AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'public', 'river')
ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C";
