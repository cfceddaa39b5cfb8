-- Who there is. Rights of the cluster only; what each may do in the database stands in the files behind this one.
-- Nobody gets a password here: \password millrace_api, or a certificate (docs/runbook/roles.md).
DO $roles$
DECLARE
    v_role text;
BEGIN
    IF NOT (SELECT r.rolsuper OR r.rolcreaterole AND pg_has_role(d.datdba, 'USAGE')
            FROM pg_roles AS r CROSS JOIN pg_database AS d
            WHERE r.rolname = current_user AND d.datname = current_database()) THEN
        RAISE EXCEPTION '% can give the roles no rights: that takes a superuser, or a login with CREATEROLE that owns the database', current_user
            USING ERRCODE = '42501';
    END IF;
    FOREACH v_role IN ARRAY ARRAY['millrace_owner', 'millrace_definer', 'millrace_dba', 'millrace_api', 'millrace_worker'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles AS r WHERE r.rolname = v_role) THEN
            EXECUTE format('CREATE ROLE %I', v_role);
        END IF;
    END LOOP;
    -- Attributes that only a superuser may name are left alone unless somebody has given them.
    FOR v_role IN
        SELECT r.rolname FROM pg_roles AS r
        WHERE r.rolname IN ('millrace_owner', 'millrace_definer', 'millrace_dba', 'millrace_api', 'millrace_worker')
          AND (r.rolsuper OR r.rolbypassrls OR r.rolreplication OR r.rolcreaterole OR r.rolcreatedb)
    LOOP
        EXECUTE format('ALTER ROLE %I NOSUPERUSER NOBYPASSRLS NOREPLICATION NOCREATEROLE NOCREATEDB', v_role);
    END LOOP;
    -- Nobody signs in as these two: the tables and the partitions belong to the first, and the functions run as the second.
    FOR v_role IN
        SELECT r.rolname FROM pg_roles AS r WHERE r.rolname IN ('millrace_owner', 'millrace_definer') AND r.rolcanlogin
    LOOP
        EXECUTE format('ALTER ROLE %I NOLOGIN', v_role);
    END LOOP;
    FOR v_role IN
        SELECT r.rolname FROM pg_roles AS r WHERE r.rolname IN ('millrace_dba', 'millrace_api', 'millrace_worker') AND NOT r.rolcanlogin
    LOOP
        EXECUTE format('ALTER ROLE %I LOGIN', v_role);
    END LOOP;
    -- The servers are members of nothing.
    FOR v_role IN
        SELECT format('REVOKE %I FROM %I', g.rolname, m.rolname)
        FROM pg_auth_members AS a
        JOIN pg_roles AS g ON g.oid = a.roleid
        JOIN pg_roles AS m ON m.oid = a.member
        WHERE m.rolname IN ('millrace_api', 'millrace_worker', 'millrace_definer') AND (m.rolname, g.rolname) <> ('millrace_definer', 'pg_read_all_stats')
    LOOP
        EXECUTE v_role;
    END LOOP;
    FOR v_role IN
        SELECT format('GRANT %I TO %I', w.granted, w.member)
        FROM (VALUES ('millrace_definer', 'millrace_owner'), ('millrace_owner', 'millrace_dba'), ('millrace_definer', 'millrace_dba'),
            ('pg_monitor', 'millrace_dba'), ('pg_read_all_stats', 'millrace_definer')) AS w (granted, member)
        WHERE NOT EXISTS (
            SELECT FROM pg_auth_members AS a
            JOIN pg_roles AS g ON g.oid = a.roleid
            JOIN pg_roles AS m ON m.oid = a.member
            WHERE g.rolname = w.granted AND m.rolname = w.member)
    LOOP
        BEGIN
            EXECUTE v_role;
        EXCEPTION WHEN insufficient_privilege THEN
            -- From Postgres 16 on, who was given pg_monitor may pass it on if he was told so.
            IF v_role NOT LIKE 'GRANT pg\_%' THEN
                RAISE;
            END IF;
            RAISE WARNING 'only a superuser, or who may pass it on, can do this: %; without it dba doctor sees less of other sessions', v_role
                USING HINT = 'Nothing else depends on it. Where nobody is superuser, ask who runs the server.';
        END;
    END LOOP;
    -- Who is no superuser has to be what he makes things belong to: of the owner for good, since he migrates, and of the worker until the end
    -- of these files (6_others.sql).
    IF NOT (SELECT r.rolsuper FROM pg_roles AS r WHERE r.rolname = current_user) THEN
        EXECUTE format('GRANT millrace_dba, millrace_worker TO %I', current_user);
    END IF;
END;
$roles$;

-- Whoever connects as the API may see nothing and do nothing until a transaction says for whom it works (event.enter,
-- event.begin_request). Other sessions, such as the worker's and a DBA's, have no such setting and work for all sites.
-- Postgres takes such a setting from a superuser, or from whom one allowed to set it.
DO $settings$
BEGIN
    ALTER ROLE millrace_api SET millrace.sites = '[]';
    ALTER ROLE millrace_api SET millrace.scopes = '[]';
EXCEPTION WHEN insufficient_privilege THEN
    IF NOT EXISTS (
        SELECT FROM pg_db_role_setting AS s
        WHERE s.setrole = 'millrace_api'::regrole AND s.setconfig @> ARRAY['millrace.sites=[]', 'millrace.scopes=[]']) THEN
        RAISE WARNING 'only a superuser can have every session of millrace_api begin without any site: cmd/api sees to that itself now, but behind a pooler it cannot, and does not start'
            USING HINT = format('A superuser does it by: GRANT SET ON PARAMETER "millrace.sites", "millrace.scopes" TO %I; and then dba roles again.', current_user);
    END IF;
END;
$settings$;
-- Short statements only: compiling one would take longer than all of them.
ALTER ROLE millrace_api SET jit = 'off';
ALTER ROLE millrace_api SET idle_in_transaction_session_timeout = '60s';
ALTER ROLE millrace_worker SET idle_in_transaction_session_timeout = '30min';

COMMENT ON ROLE millrace_owner IS 'Millrace: owns schemas, tables and partitions. Nobody signs in as it.';
COMMENT ON ROLE millrace_definer IS 'Millrace: the functions that the servers may call run as this role. It writes rows and changes no table. Nobody signs in as it.';
COMMENT ON ROLE millrace_dba IS 'Millrace: migrates, and looks after partitions and jobs.';
COMMENT ON ROLE millrace_api IS 'Millrace: cmd/api. Calls the functions named in sql/roles/4_api.sql, and writes no table itself.';
COMMENT ON ROLE millrace_worker IS 'Millrace: cmd/worker. Calls the functions named in sql/roles/5_worker.sql, and writes River''s tables only.';
