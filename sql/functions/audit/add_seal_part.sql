CREATE OR REPLACE FUNCTION audit.add_seal_part(
    p_seal_number bigint,
    p_ledger text,
    p_columns text[],
    p_row_count bigint,
    p_root bytea,
    p_prints_digest bytea
) RETURNS void
LANGUAGE sql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    INSERT INTO audit.seal_part (seal_number, ledger, columns, row_count, root, prints_digest)
    VALUES (p_seal_number, p_ledger, p_columns, p_row_count, p_root, p_prints_digest);
$function$;

COMMENT ON FUNCTION audit.add_seal_part(bigint, text, text[], bigint, bytea, bytea) IS
    'Adds a table to the seal that is being made.';
