-- Run on a reporting replica that follows its primary, as its superuser, after each migration: analysts read what is published, and nothing else.
DO $roles$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles AS r WHERE r.rolname = 'millrace_analyst') THEN
        CREATE ROLE millrace_analyst LOGIN;
    END IF;
END;
$roles$;

ALTER ROLE millrace_analyst NOSUPERUSER NOBYPASSRLS NOREPLICATION NOCREATEDB NOCREATEROLE;
ALTER ROLE millrace_analyst SET default_transaction_read_only = 'on';
ALTER ROLE millrace_analyst SET statement_timeout = '5min';
ALTER ROLE millrace_analyst SET idle_in_transaction_session_timeout = '10min';
ALTER ROLE millrace_analyst SET lock_timeout = '5s';
COMMENT ON ROLE millrace_analyst IS 'Millrace: reads the reporting replica. Analysts of their own names are made members of it.';

DO $rights$
DECLARE
    v_room text;
    v_relation text;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid WHERE d.datname = current_database()) THEN
        RAISE EXCEPTION 'this database follows no primary, so there is nothing for analysts to read'
            USING ERRCODE = '55000', HINT = 'Subscribe first: docs/runbook/replica.md.';
    END IF;
    EXECUTE format('REVOKE TEMPORARY, CREATE ON DATABASE %I FROM PUBLIC, millrace_analyst', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO millrace_analyst', current_database());
    REVOKE CREATE ON SCHEMA public FROM PUBLIC;
    FOR v_room IN
        SELECT n.nspname FROM pg_namespace AS n
        WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'public')
    LOOP
        EXECUTE format('REVOKE ALL ON SCHEMA %I FROM PUBLIC, millrace_analyst', v_room);
        EXECUTE format('REVOKE ALL ON ALL ROUTINES IN SCHEMA %I FROM PUBLIC, millrace_analyst', v_room);
        EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA %I FROM PUBLIC, millrace_analyst', v_room);
        EXECUTE format('REVOKE ALL ON ALL SEQUENCES IN SCHEMA %I FROM PUBLIC, millrace_analyst', v_room);
    END LOOP;
    -- What the replica gets, and no more: everything else is empty here anyway. Of the platform only the feed: stored answers and
    -- readers are not about the business. Views are made for reading.
    FOR v_relation IN
        SELECT format('%I.%I', n.nspname, c.relname)
        FROM pg_class AS c
        JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE NOT c.relispartition
          AND (n.nspname NOT IN ('event', 'identity', 'public') OR n.nspname = 'event' AND c.relname IN ('log', 'log_head'))
          AND (c.relkind IN ('r', 'p') AND EXISTS (SELECT FROM pg_subscription_rel AS s WHERE s.srrelid = c.oid)
            OR c.relkind IN ('v', 'm') AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'river', 'export', 'notify', 'event', 'floor'))
    LOOP
        EXECUTE format('GRANT SELECT ON %s TO millrace_analyst', v_relation);
    END LOOP;
    -- Who is meant by an actor; not what they may do.
    IF to_regclass('identity.operator') IS NOT NULL THEN
        GRANT SELECT (id, number, name) ON identity.operator TO millrace_analyst;
    END IF;
    FOR v_room IN
        SELECT DISTINCT n.nspname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'public')
          AND (has_table_privilege('millrace_analyst', c.oid, 'SELECT') OR has_any_column_privilege('millrace_analyst', c.oid, 'SELECT'))
          AND c.relkind IN ('r', 'p', 'v', 'm')
    LOOP
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO millrace_analyst', v_room);
    END LOOP;
    IF to_regclass('public.schema_migrations') IS NOT NULL THEN
        GRANT SELECT ON public.schema_migrations TO millrace_analyst;
    END IF;
END;
$rights$;

-- What the next migration makes is nobody's until this file is run again.
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON ROUTINES FROM PUBLIC;
