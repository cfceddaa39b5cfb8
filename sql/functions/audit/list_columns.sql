CREATE OR REPLACE FUNCTION audit.list_columns(
    p_table text
) RETURNS SETOF text
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT a.attname::text
    FROM pg_attribute AS a
    WHERE a.attrelid = p_table::regclass
      AND a.attnum > 0
      AND NOT a.attisdropped
    ORDER BY a.attnum;
$function$;

COMMENT ON FUNCTION audit.list_columns(text) IS 'Columns of a table, in their order: what a seal of it covers.';
