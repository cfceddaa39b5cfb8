CREATE OR REPLACE FUNCTION audit.add_seal(
    p_number bigint,
    p_incarnation integer,
    p_from_transaction_id text,
    p_to_transaction_id text,
    p_row_count bigint,
    p_previous bytea,
    p_hash bytea,
    p_key_id text,
    p_signature bytea,
    p_sealed_at timestamptz
) RETURNS void
LANGUAGE sql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    INSERT INTO audit.seal (number, incarnation, from_transaction_id, to_transaction_id, row_count, previous, hash, key_id, signature, sealed_at)
    VALUES (p_number, p_incarnation, p_from_transaction_id::xid8, p_to_transaction_id::xid8, p_row_count, p_previous, p_hash,
        p_key_id, p_signature, p_sealed_at);
$function$;

COMMENT ON FUNCTION audit.add_seal(bigint, integer, text, text, bigint, bytea, bytea, text, bytea, timestamptz) IS
    'Ends a seal, after its parts, in the transaction of audit.prepare_seal.';
