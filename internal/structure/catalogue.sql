-- Every object of every schema that is not Postgres' own or an extension's, with all that a migration can
-- say about it. Columns are in the order of the table, but without their numbers: those have gaps after
-- a column came and went.
WITH room AS (
    SELECT n.oid, n.nspname
    FROM pg_namespace AS n
    WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
), extension_owned AS (
    SELECT d.classid, d.objid FROM pg_depend AS d WHERE d.deptype = 'e'
), relation AS (
    SELECT c.oid, c.relkind, c.relname, r.nspname, c.relpersistence, c.reloptions, c.relispartition, c.relpartbound, c.relrowsecurity
    FROM pg_class AS c
    JOIN room AS r ON r.oid = c.relnamespace
    WHERE NOT EXISTS (SELECT FROM extension_owned AS e WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid)
      AND (r.nspname, c.relname) NOT IN (('public', 'schema_migrations'), ('public', 'schema_migrations_pkey'))
), line AS (
    SELECT 'schema ' || r.nspname AS key,
           coalesce(obj_description(r.oid, 'pg_namespace'), '') AS text
    FROM room AS r
    UNION ALL
    SELECT 'extension ' || e.extname, n.nspname
    FROM pg_extension AS e
    JOIN pg_namespace AS n ON n.oid = e.extnamespace
    UNION ALL
    SELECT 'relation ' || r.nspname || '.' || r.relname,
           format('%s %s %s %s %s %s', r.relkind, r.relpersistence, r.reloptions, r.relrowsecurity,
                  pg_get_expr(r.relpartbound, r.oid), obj_description(r.oid, 'pg_class'))
           || CASE WHEN r.relkind = 'p' THEN ' ' || pg_get_partkeydef(r.oid) ELSE '' END
           || CASE WHEN r.relkind IN ('v', 'm') THEN E'\n' || pg_get_viewdef(r.oid) ELSE '' END
           || CASE WHEN r.relkind IN ('i', 'I') THEN ' ' || pg_get_indexdef(r.oid) ELSE '' END
           || coalesce((SELECT string_agg(E'\n    ' || concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod),
                                          CASE WHEN a.attnotnull THEN 'NOT NULL' END,
                                          pg_get_expr(d.adbin, d.adrelid), nullif(a.attidentity, ''), nullif(a.attgenerated, ''),
                                          a.attoptions::text, '-- ' || col_description(a.attrelid, a.attnum)), '' ORDER BY a.attnum)
                        FROM pg_attribute AS a
                        LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
                        WHERE a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped AND r.relkind NOT IN ('i', 'I')), '')
    FROM relation AS r
    WHERE r.relkind <> 't'
    UNION ALL
    SELECT 'sequence ' || r.nspname || '.' || r.relname,
           format('%s %s %s %s %s %s', format_type(s.seqtypid, NULL), s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcycle)
    FROM pg_sequence AS s
    JOIN relation AS r ON r.oid = s.seqrelid
    UNION ALL
    SELECT 'constraint ' || r.nspname || '.' || r.relname || '.' || c.conname,
           concat_ws(' ', pg_get_constraintdef(c.oid), c.convalidated, obj_description(c.oid, 'pg_constraint'))
    FROM pg_constraint AS c
    JOIN relation AS r ON r.oid = c.conrelid
    UNION ALL
    SELECT 'trigger ' || r.nspname || '.' || r.relname || '.' || t.tgname,
           concat_ws(' ', pg_get_triggerdef(t.oid), t.tgenabled, obj_description(t.oid, 'pg_trigger'))
    FROM pg_trigger AS t
    JOIN relation AS r ON r.oid = t.tgrelid
    WHERE NOT t.tgisinternal
    UNION ALL
    SELECT 'function ' || r.nspname || '.' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')',
           coalesce(CASE WHEN p.prokind IN ('f', 'p') THEN pg_get_functiondef(p.oid) END, p.prokind::text)
           || coalesce(E'\n-- ' || obj_description(p.oid, 'pg_proc'), '')
    FROM pg_proc AS p
    JOIN room AS r ON r.oid = p.pronamespace
    WHERE NOT EXISTS (SELECT FROM extension_owned AS e WHERE e.classid = 'pg_proc'::regclass AND e.objid = p.oid)
    UNION ALL
    SELECT 'type ' || r.nspname || '.' || t.typname,
           concat_ws(' ', t.typtype, obj_description(t.oid, 'pg_type'),
                     (SELECT string_agg(l.enumlabel, ', ' ORDER BY l.enumsortorder) FROM pg_enum AS l WHERE l.enumtypid = t.oid),
                     CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod) || ' ' || t.typnotnull || ' '
                         || coalesce(t.typdefault, '')
                         || coalesce((SELECT string_agg(c.conname || ' ' || pg_get_constraintdef(c.oid), ', ' ORDER BY c.conname)
                                      FROM pg_constraint AS c WHERE c.contypid = t.oid), '') END)
    FROM pg_type AS t
    JOIN room AS r ON r.oid = t.typnamespace
    WHERE t.typtype IN ('e', 'd', 'r')
      AND NOT EXISTS (SELECT FROM extension_owned AS e WHERE e.classid = 'pg_type'::regclass AND e.objid = t.oid)
)
SELECT key, coalesce(text, '')
FROM line;
