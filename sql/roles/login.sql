-- Why this session's login is none that a server may have: a reason for each thing that is wrong, in the order of their weight.
-- $1 is the role that is meant for the server: millrace_api or millrace_worker.
WITH login AS (
    SELECT r.oid, r.rolname FROM pg_roles AS r WHERE r.rolname = session_user
), room AS (
    SELECT n.oid, n.nspname, n.nspowner FROM pg_namespace AS n WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
), reason (place, why) AS (
    -- Every role that it is, or may become by SET ROLE.
    SELECT 10, CASE WHEN r.oid = l.oid THEN 'is a superuser' ELSE 'may become ' || r.rolname || ', a superuser' END
    FROM login AS l JOIN pg_roles AS r ON pg_has_role(l.oid, r.oid, 'MEMBER')
    WHERE r.rolsuper
    UNION ALL
    SELECT 20, CASE WHEN r.oid = l.oid THEN 'has ' ELSE 'may become ' || r.rolname || ', which has ' END || a.attribute
    FROM login AS l
    JOIN pg_roles AS r ON pg_has_role(l.oid, r.oid, 'MEMBER')
    CROSS JOIN LATERAL (VALUES ('BYPASSRLS', r.rolbypassrls), ('CREATEROLE', r.rolcreaterole), ('REPLICATION', r.rolreplication)) AS a (attribute, is_given)
    WHERE a.is_given
    UNION ALL
    SELECT 30, CASE WHEN r.oid = l.oid THEN 'is that of another program' ELSE 'is a member of ' || r.rolname END
    FROM login AS l JOIN pg_roles AS r ON pg_has_role(l.oid, r.oid, 'MEMBER')
    WHERE r.rolname IN ('millrace_owner', 'millrace_definer', 'millrace_dba', 'millrace_api', 'millrace_worker', 'pg_read_all_data',
        'pg_write_all_data', 'pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program') AND r.rolname <> $1::text
    UNION ALL
    SELECT 40, 'owns the schema ' || n.nspname FROM login AS l JOIN room AS n ON pg_has_role(l.oid, n.nspowner, 'MEMBER')
    UNION ALL
    -- The worker vacuums the outbox, and works River's tables by statements of its own.
    SELECT 50, 'owns ' || c.oid::regclass
    FROM login AS l JOIN room AS n ON true JOIN pg_class AS c ON c.relnamespace = n.oid AND pg_has_role(l.oid, c.relowner, 'MEMBER')
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND NOT ($1 = 'millrace_worker' AND c.oid = to_regclass('event.inbox'))
    UNION ALL
    SELECT 60, 'may write ' || c.oid::regclass
    FROM login AS l JOIN room AS n ON true JOIN pg_class AS c ON c.relnamespace = n.oid
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT ($1 = 'millrace_worker' AND (n.nspname = 'river' OR c.oid = to_regclass('event.inbox')))
      AND (has_table_privilege(l.oid, c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE, TRIGGER')
        OR has_any_column_privilege(l.oid, c.oid, 'INSERT, UPDATE'))
    UNION ALL
    SELECT 70, 'may create things in the schema ' || n.nspname FROM login AS l JOIN room AS n ON has_schema_privilege(l.oid, n.oid, 'CREATE')
    UNION ALL
    SELECT 80, 'is neither ' || $1 || ' nor a member of it'
    FROM login AS l
    WHERE NOT EXISTS (SELECT FROM pg_roles AS r WHERE r.rolname = $1 AND pg_has_role(l.oid, r.oid, 'USAGE'))
    UNION ALL
    -- Settings of a role are not those of its members.
    SELECT 90, format('works for everybody until it is told for whom (ALTER ROLE %I SET %s = ''[]'')', l.rolname, s.name)
    FROM login AS l CROSS JOIN (VALUES ('millrace.sites'), ('millrace.scopes')) AS s (name)
    WHERE $1 = 'millrace_api' AND current_setting(s.name, true) IS DISTINCT FROM '[]'
    UNION ALL
    -- It would run as whoever migrated.
    SELECT 100, 'meets functions that were migrated since the rights were given, such as ' || p.oid::regproc
    FROM room AS n JOIN pg_proc AS p ON p.pronamespace = n.oid AND p.prosecdef
    JOIN pg_roles AS o ON o.oid = p.proowner AND o.rolname NOT IN ('millrace_definer', 'millrace_owner')
    WHERE n.nspname <> 'public'
)
SELECT session_user::text AS login, r.why FROM reason AS r ORDER BY r.place, r.why LIMIT 1;
