CREATE OR REPLACE FUNCTION audit.add_seal_chunk(
    p_seal_number bigint,
    p_ledger text,
    p_ordinal integer,
    p_row_count integer,
    p_root bytea,
    p_prints bytea
) RETURNS void
LANGUAGE sql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    INSERT INTO audit.seal_chunk (seal_number, ledger, ordinal, row_count, root, prints)
    VALUES (p_seal_number, p_ledger, p_ordinal, p_row_count, p_root, p_prints);
$function$;

COMMENT ON FUNCTION audit.add_seal_chunk(bigint, text, integer, integer, bytea, bytea) IS
    'Adds rows of a table to the seal that is being made.';
