CREATE OR REPLACE FUNCTION audit.record_detachment(
    p_ledger text,
    p_partition text
) RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_count bigint;
    v_first bigint;
    v_last bigint;
BEGIN
    EXECUTE format('SELECT count(*), min(p.id), max(p.id) FROM %s AS p', p_partition::regclass) INTO v_count, v_first, v_last;
    INSERT INTO audit.detachment (ledger, partition, row_count, first_key, last_key, actor)
    VALUES (p_ledger, p_partition, v_count, v_first, v_last, event.current_actor());
END;
$function$;

COMMENT ON FUNCTION audit.record_detachment(text, text) IS
    'Notes that a partition leaves its append-only table, in the transaction that detaches it, so that its rows are not taken for missing.';
