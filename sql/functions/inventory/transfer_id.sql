CREATE OR REPLACE FUNCTION inventory.transfer_id(
    p_number text
) RETURNS bigint
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN CASE WHEN p_number ~ '^TR-[0-9]{6,18}$' THEN substr(p_number, 4)::bigint END;
END;
$function$;

COMMENT ON FUNCTION inventory.transfer_id(text) IS
    'The movement that a transfer number stands for: TR- and the id, at least six digits. Null for any other text.';
