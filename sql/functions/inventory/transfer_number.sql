CREATE OR REPLACE FUNCTION inventory.transfer_number(
    p_movement_id bigint
) RETURNS text
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN 'TR-' || CASE WHEN p_movement_id < 1000000 THEN lpad(p_movement_id::text, 6, '0') ELSE p_movement_id::text END;
END;
$function$;

COMMENT ON FUNCTION inventory.transfer_number(bigint) IS
    'The number of a transfer, scrapping or opening: TR- and the id of its movement, at least six digits.';
