CREATE OR REPLACE FUNCTION inventory.retention_cut() RETURNS timestamptz
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT (date_trunc('month', clock_timestamp() AT TIME ZONE 'UTC') - make_interval(months => r.months_attached)) AT TIME ZONE 'UTC'
    FROM inventory.retention AS r;
$function$;

COMMENT ON FUNCTION inventory.retention_cut() IS 'What was posted before this instant is older than the setting keeps in the ledger; null: everything is kept.';
