CREATE OR REPLACE FUNCTION catalog.get_supplier_price(
    p_id text
) RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'supplier', p.code,
        'item', i.number,
        'unit', u.code,
        'price', trim_scale(si.price)::text,
        'currency', si.currency,
        'lead_time_days', si.lead_time_days,
        'minimum_quantity', trim_scale(si.minimum_quantity)::text,
        'maximum_quantity', trim_scale(si.maximum_quantity)::text)
    FROM catalog.supplier_item AS si
    JOIN catalog.partner AS p ON p.id = si.partner_id
    JOIN catalog.item AS i ON i.id = si.item_id
    JOIN catalog.unit AS u ON u.id = si.unit_id
    WHERE si.id = p_id::bigint;
$function$;

COMMENT ON FUNCTION catalog.get_supplier_price(text) IS 'A supplier''s price as the API shows it, by the id that only the database and its pages know.';
