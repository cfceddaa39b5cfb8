CREATE OR REPLACE FUNCTION document.label_number(
    p_item text,
    p_lot text
) RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT p_item || ':' || p_lot;
$function$;

COMMENT ON FUNCTION document.label_number(text, text) IS 'The number under which the label of a lot is stored: item and lot with a colon between them, which neither may hold.';
