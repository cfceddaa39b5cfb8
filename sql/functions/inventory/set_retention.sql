CREATE OR REPLACE FUNCTION inventory.set_retention(
    p_months integer
) RETURNS void
LANGUAGE sql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
    UPDATE inventory.retention AS r SET months_attached = p_months;
$function$;

COMMENT ON FUNCTION inventory.set_retention(integer) IS 'Sets how many months before the running one stay in the ledger; null: all.';
