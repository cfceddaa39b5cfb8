CREATE OR REPLACE FUNCTION audit.prepare_seal(
    OUT number bigint,
    OUT incarnation integer,
    OUT from_transaction_id text,
    OUT to_transaction_id text,
    OUT previous bytea,
    OUT sealed_at timestamptz,
    OUT last_sealed_at timestamptz
)
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_variable
DECLARE
    -- The end of an incarnation that is over: whatever it wrote is final.
    c_end CONSTANT xid8 := '9223372036854775807'::xid8;
    v_last audit.seal;
BEGIN
    -- One at a time; a second one has nothing to do.
    IF NOT pg_try_advisory_xact_lock(931, 0) THEN
        RETURN;
    END IF;
    SELECT s.* INTO v_last FROM audit.seal AS s ORDER BY s.number DESC LIMIT 1;
    number := coalesce(v_last.number, 0) + 1;
    previous := coalesce(v_last.hash, decode(repeat('00', 32), 'hex'));
    last_sealed_at := v_last.sealed_at;
    IF v_last.number IS NULL THEN
        incarnation := 1;
        from_transaction_id := '0';
    ELSIF v_last.to_transaction_id = c_end THEN
        incarnation := v_last.incarnation + 1;
        from_transaction_id := '0';
    ELSE
        incarnation := v_last.incarnation;
        from_transaction_id := v_last.to_transaction_id::text;
    END IF;
    IF EXISTS (SELECT FROM audit.incarnation AS i WHERE i.number > incarnation) THEN
        to_transaction_id := c_end::text;
    ELSE
        -- Every transaction below has ended, prepared ones as well: what they wrote can be seen, and nothing will come to it.
        to_transaction_id := greatest(pg_snapshot_xmin(pg_current_snapshot()), from_transaction_id::xid8)::text;
    END IF;
    sealed_at := clock_timestamp();
END;
$function$;

COMMENT ON FUNCTION audit.prepare_seal() IS
    'What the next seal has to seal: from where the last one ended to the oldest transaction that is still running. Locks sealing until the end of the transaction; nulls when another one seals.';
