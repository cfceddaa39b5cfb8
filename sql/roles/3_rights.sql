-- What the roles may do. All rights are taken away and given anew, in the one transaction of these files.
DO $rights$
DECLARE
    v_room text;
    v_table text;
BEGIN
    EXECUTE format('REVOKE TEMPORARY, CREATE ON DATABASE %I FROM PUBLIC, millrace_api, millrace_worker, millrace_definer', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO millrace_api, millrace_worker, millrace_dba', current_database());
    EXECUTE format('GRANT CREATE, TEMPORARY ON DATABASE %I TO millrace_dba', current_database());
    FOR v_room IN
        SELECT n.nspname FROM pg_namespace AS n
        WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'public')
    LOOP
        EXECUTE format('REVOKE ALL ON SCHEMA %I FROM PUBLIC, millrace_api, millrace_worker, millrace_definer', v_room);
        EXECUTE format('REVOKE ALL ON ALL ROUTINES IN SCHEMA %I FROM PUBLIC, millrace_api, millrace_worker', v_room);
        EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA %I FROM PUBLIC, millrace_api, millrace_worker, millrace_definer', v_room);
        EXECUTE format('REVOKE ALL ON ALL SEQUENCES IN SCHEMA %I FROM PUBLIC, millrace_api, millrace_worker, millrace_definer', v_room);
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO millrace_definer', v_room);
        IF v_room <> 'river' THEN
            -- Names of functions and types have to be found, which tells nothing of what is in the tables.
            EXECUTE format('GRANT USAGE ON SCHEMA %I TO millrace_api, millrace_worker', v_room);
        END IF;
        -- The functions' own role: rows, and no more. Never TRUNCATE, TRIGGER, REFERENCES.
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %I TO millrace_definer', v_room);
        EXECUTE format('GRANT USAGE ON ALL SEQUENCES IN SCHEMA %I TO millrace_definer', v_room);
    END LOOP;
    -- What is append-only is that by right as well, not only by its trigger.
    FOR v_table IN
        SELECT t.tgrelid::regclass::text FROM pg_trigger AS t WHERE t.tgname LIKE '%\_append\_only'
    LOOP
        EXECUTE 'REVOKE UPDATE, DELETE ON ' || v_table || ' FROM millrace_definer';
    END LOOP;
    IF to_regclass('public.schema_migrations') IS NOT NULL THEN
        GRANT SELECT ON public.schema_migrations TO millrace_api, millrace_worker;
        GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON public.schema_migrations TO millrace_dba;
    END IF;
    GRANT CREATE ON SCHEMA public TO millrace_dba;
    REVOKE CREATE ON SCHEMA public FROM PUBLIC;
END;
$rights$;

-- What will be made later is nobody's until these files are run again.
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON ROUTINES FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE millrace_dba REVOKE EXECUTE ON ROUTINES FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE millrace_owner REVOKE EXECUTE ON ROUTINES FROM PUBLIC;

-- The sequencer makes the partition that the feed is about to need.
GRANT EXECUTE ON ROUTINE event.ensure_log_partitions TO millrace_definer;
-- The first site is the same for all; a lot is locked, and found, wherever it lies.
GRANT EXECUTE ON ROUTINE catalog.first_site, inventory.lock_lot, inventory.lies_elsewhere TO millrace_definer;
