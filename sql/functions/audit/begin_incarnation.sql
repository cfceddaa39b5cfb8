CREATE OR REPLACE FUNCTION audit.begin_incarnation(
    p_reason text
) RETURNS integer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_last audit.incarnation;
    v_system bigint := (SELECT c.system_identifier FROM pg_control_system() AS c);
    v_reason text := p_reason;
    v_ledger text;
BEGIN
    SELECT i.* INTO v_last FROM audit.incarnation AS i ORDER BY i.number DESC LIMIT 1;
    IF NOT FOUND THEN
        -- The first one is what the columns say by themselves.
        INSERT INTO audit.incarnation (number, system_identifier, reason, actor)
        VALUES (1, v_system, coalesce(p_reason, 'the beginning'), event.current_actor())
        ON CONFLICT DO NOTHING;
        RETURN 1;
    END IF;
    IF v_reason IS NULL AND v_system <> v_last.system_identifier THEN
        v_reason := 'the server is another one';
    END IF;
    IF v_reason IS NULL AND EXISTS (
        SELECT FROM audit.seal AS s
        WHERE s.incarnation = v_last.number AND s.to_transaction_id > pg_snapshot_xmax(pg_current_snapshot())) THEN
        v_reason := 'transactions are counted from below what is sealed';
    END IF;
    IF v_reason IS NULL THEN
        RETURN v_last.number;
    END IF;

    -- Two servers that start at once: the second one finds it begun.
    PERFORM pg_advisory_xact_lock(931, 1);
    IF EXISTS (SELECT FROM audit.incarnation AS i WHERE i.number > v_last.number) THEN
        RETURN (SELECT max(i.number) FROM audit.incarnation AS i);
    END IF;
    INSERT INTO audit.incarnation (number, system_identifier, reason, actor)
    VALUES (v_last.number + 1, v_system, v_reason, event.current_actor());
    FOR v_ledger IN
        SELECT c.oid::regclass::text
        FROM pg_class AS c
        WHERE c.relkind IN ('r', 'p')
          AND (SELECT count(*) FROM pg_attribute AS a
               WHERE a.attrelid = c.oid AND a.attname IN ('transaction_id', 'incarnation') AND NOT a.attisdropped) = 2
        ORDER BY c.relispartition, c.oid
    LOOP
        EXECUTE format('ALTER TABLE %s ALTER COLUMN incarnation SET DEFAULT %s', v_ledger, v_last.number + 1);
    END LOOP;
    RETURN v_last.number + 1;
END;
$function$;

COMMENT ON FUNCTION audit.begin_incarnation(text) IS
    'Begins a new life of the database when its server is another one or counts transactions from below what is sealed, or for the reason given: what is written from now on is told apart from what older transactions of the same number wrote. Gives the number of the present one.';
