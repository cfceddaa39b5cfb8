-- Run on a reporting replica, as its superuser, after each migration: analysts read what is published, and nothing else.
DO $roles$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles AS r WHERE r.rolname = 'millrace_analyst') THEN
        CREATE ROLE millrace_analyst LOGIN;
    END IF;
END;
$roles$;

ALTER ROLE millrace_analyst NOCREATEDB NOCREATEROLE;
ALTER ROLE millrace_analyst SET default_transaction_read_only = 'on';
ALTER ROLE millrace_analyst SET statement_timeout = '5min';
ALTER ROLE millrace_analyst SET idle_in_transaction_session_timeout = '10min';
ALTER ROLE millrace_analyst SET lock_timeout = '5s';
COMMENT ON ROLE millrace_analyst IS 'Millrace: reads the reporting replica. Analysts of their own names are made members of it.';

DO $rights$
DECLARE
    v_room text;
    v_table text;
BEGIN
    EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO millrace_analyst', current_database());
    FOR v_room IN
        SELECT n.nspname FROM pg_namespace AS n
        WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'public')
    LOOP
        EXECUTE format('REVOKE ALL ON SCHEMA %I FROM PUBLIC, millrace_analyst', v_room);
        EXECUTE format('REVOKE ALL ON ALL ROUTINES IN SCHEMA %I FROM PUBLIC, millrace_analyst', v_room);
        EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA %I FROM PUBLIC, millrace_analyst', v_room);
        EXECUTE format('REVOKE ALL ON ALL SEQUENCES IN SCHEMA %I FROM PUBLIC, millrace_analyst', v_room);
        CONTINUE WHEN v_room IN ('river', 'identity', 'export', 'notify');
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO millrace_analyst', v_room);
        FOR v_table IN
            SELECT format('%I.%I', n.nspname, c.relname)
            FROM pg_class AS c
            JOIN pg_namespace AS n ON n.oid = c.relnamespace
            WHERE n.nspname = v_room AND c.relkind IN ('r', 'p', 'v', 'm') AND NOT c.relispartition
              -- Of the platform only the feed: stored answers, readers and webhooks are not about the business.
              AND (v_room <> 'event' OR c.relname IN ('log', 'log_head'))
        LOOP
            EXECUTE 'GRANT SELECT ON ' || v_table || ' TO millrace_analyst';
        END LOOP;
    END LOOP;
    IF to_regclass('public.schema_migrations') IS NOT NULL THEN
        GRANT SELECT ON public.schema_migrations TO millrace_analyst;
    END IF;
END;
$rights$;

-- What the next migration makes is nobody's until this file is run again.
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON ROUTINES FROM PUBLIC;
