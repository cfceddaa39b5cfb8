-- Functions of our schemas; trigger functions are told by their triggers' tables.
SELECT n.nspname, p.proname, pg_get_function_identity_arguments(p.oid), pg_get_function_result(p.oid),
       coalesce(obj_description(p.oid, 'pg_proc'), '')
FROM pg_proc AS p
JOIN pg_namespace AS n ON n.oid = p.pronamespace
WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'public', 'river') AND p.prokind = 'f'
ORDER BY n.nspname COLLATE "C", p.proname COLLATE "C";
