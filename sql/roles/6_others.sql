-- Who else may do something here: told, not changed. Servers of an earlier release may run as one of them.
DO $others$
DECLARE
    v_login text;
BEGIN
    FOR v_login IN
        SELECT DISTINCT m.rolname
        FROM pg_auth_members AS a
        JOIN pg_roles AS g ON g.oid = a.roleid AND g.rolname IN ('millrace_owner', 'millrace_definer')
        JOIN pg_roles AS m ON m.oid = a.member
        WHERE m.rolname NOT IN ('millrace_owner', 'millrace_dba') AND NOT m.rolsuper AND NOT pg_has_role(m.oid, 'millrace_dba', 'MEMBER')
        ORDER BY m.rolname
    LOOP
        RAISE WARNING '% may do whatever the owner of the tables may, past every right', v_login
            USING HINT = format('When no server of an earlier release runs as it any more: REVOKE millrace_owner, millrace_definer FROM %I;', v_login);
    END LOOP;
    FOR v_login IN
        SELECT DISTINCT r.rolname
        FROM pg_class AS c
        JOIN pg_namespace AS n ON n.oid = c.relnamespace
        CROSS JOIN LATERAL aclexplode(c.relacl) AS a
        JOIN pg_roles AS r ON r.oid = a.grantee
        WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'public') AND r.rolname !~ '^millrace_' AND NOT r.rolsuper
          AND a.grantee <> c.relowner
        ORDER BY r.rolname
    LOOP
        RAISE WARNING '% has rights on tables that were given by hand, and may call no function any more', v_login
            USING HINT = format('If a server of an earlier release runs as it, let it go on with: GRANT millrace_owner, millrace_definer TO %1$I; else: REVOKE ALL ON ALL TABLES IN SCHEMA … FROM %1$I;', v_login);
    END LOOP;
    -- The owner was of the worker's role only to make the outbox belong to it.
    IF NOT (SELECT r.rolsuper FROM pg_roles AS r WHERE r.rolname = current_user) THEN
        EXECUTE format('REVOKE millrace_worker FROM %I', current_user);
    END IF;
END;
$others$;
