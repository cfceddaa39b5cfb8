CREATE OR REPLACE FUNCTION document.label_fits(
    p_kind document.kind,
    p_width numeric,
    p_height numeric
) RETURNS boolean
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT CASE p_kind
        WHEN 'handling_unit_label' THEN p_width >= 98 AND p_height >= 140
        WHEN 'lot_label' THEN p_width >= 50 AND p_height >= 25
        ELSE false
    END;
$function$;

COMMENT ON FUNCTION document.label_fits(document.kind, numeric, numeric) IS
    'Whether a label of that kind fits on paper of that width and height in millimetres. A logistic label needs A6 or 4 by 6 inches: its bars have a least width and height.';
