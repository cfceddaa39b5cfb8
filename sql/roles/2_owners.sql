-- Whose everything is. Run after each migration: what is new belongs to whoever migrated. Nothing is touched that is right already, so
-- that no lock is taken for it.
SET LOCAL lock_timeout = '5s';
DO $owners$
DECLARE
    v_statement text;
BEGIN
    -- Whose everything was until now is what servers of an earlier release log in as. They go on as they are until they are
    -- replaced: what was theirs goes to the owner, and they become members of it. 6_others.sql reminds of that each time.
    FOR v_statement IN
        SELECT DISTINCT format('GRANT millrace_owner, millrace_definer TO %I', r.rolname)
        FROM pg_namespace AS n
        JOIN pg_roles AS r ON r.oid = n.nspowner AND r.rolcanlogin AND NOT r.rolsuper AND r.rolname !~ '^millrace_'
        WHERE n.nspname IN ('event', 'inventory', 'catalog') AND NOT pg_has_role(r.oid, 'millrace_owner', 'MEMBER')
    LOOP
        EXECUTE v_statement;
    END LOOP;
    IF NOT (SELECT r.rolsuper FROM pg_roles AS r WHERE r.rolname = current_user) THEN
        -- Only then does Postgres ask whether the new owner may make things where its things are.
        FOR v_statement IN
            SELECT format('GRANT CREATE ON SCHEMA %I TO millrace_definer, millrace_worker', n.nspname)
            FROM pg_namespace AS n
            WHERE n.nspname IN (SELECT s.nspname FROM pg_namespace AS s WHERE s.nspname !~ '^pg_' AND s.nspname NOT IN ('information_schema', 'public'))
        LOOP
            EXECUTE v_statement;
        END LOOP;
    END IF;
    FOR v_statement IN
        WITH room AS (
            SELECT n.oid, n.nspname, n.nspowner FROM pg_namespace AS n
            WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'public')
        ), wanted AS (
            SELECT 1 AS place, format('SCHEMA %I', r.nspname) AS what, r.nspowner AS owner, 'millrace_owner' AS wanted FROM room AS r
            UNION ALL
            -- Sequences of columns go with their tables. A view shows what its owner may see: never more than the functions do.
            SELECT 2, format('%s %I.%I', CASE c.relkind WHEN 'S' THEN 'SEQUENCE' WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'TABLE' END,
                r.nspname, c.relname), c.relowner,
                CASE WHEN c.relkind = 'v' THEN 'millrace_definer'
                    WHEN (r.nspname, c.relname) = ('event', 'inbox') THEN 'millrace_worker'    -- see 5_worker.sql
                    ELSE 'millrace_owner' END
            FROM pg_class AS c JOIN room AS r ON r.oid = c.relnamespace
            WHERE c.relkind IN ('r', 'p', 'v', 'm')
               OR c.relkind = 'S' AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.objid = c.oid AND d.deptype IN ('a', 'i') AND d.refclassid = 'pg_class'::regclass)
            UNION ALL
            SELECT 3, format('TYPE %I.%I', r.nspname, t.typname), t.typowner, 'millrace_owner'
            FROM pg_type AS t JOIN room AS r ON r.oid = t.typnamespace
            LEFT JOIN pg_class AS c ON c.oid = t.typrelid
            WHERE t.typtype IN ('e', 'd', 'r') OR t.typtype = 'c' AND c.relkind = 'c'
            UNION ALL
            -- What makes and drops partitions, changes what a column is by itself, or has to see all sites, runs as the owner of the tables.
            SELECT 4, format('ROUTINE %s', p.oid::regprocedure), p.proowner,
                CASE WHEN r.nspname || '.' || p.proname IN ('event.ensure_partitions', 'event.ensure_log_partitions', 'event.drop_log_partition',
                    'inventory.detach_partitions', 'inventory.detach_old_partitions', 'catalog.first_site', 'inventory.lock_lot', 'inventory.lies_elsewhere', 'audit.begin_incarnation', 'audit.check_incarnation') THEN 'millrace_owner' ELSE 'millrace_definer' END
            FROM pg_proc AS p JOIN room AS r ON r.oid = p.pronamespace
            WHERE NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
        )
        SELECT format('ALTER %s OWNER TO %I', w.what, w.wanted)
        FROM wanted AS w
        WHERE w.owner <> (SELECT o.oid FROM pg_roles AS o WHERE o.rolname = w.wanted)
        ORDER BY w.place, w.what
    LOOP
        EXECUTE v_statement;
    END LOOP;
END;
$owners$;
