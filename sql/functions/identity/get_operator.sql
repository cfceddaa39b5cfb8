CREATE OR REPLACE FUNCTION identity.get_operator(
    p_number text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'number', o.number, 'name', o.name, 'roles', to_jsonb(o.roles), 'sites', to_jsonb(o.sites), 'is_enabled', o.is_enabled,
        'has_pin', EXISTS (SELECT FROM identity.pin AS p WHERE p.operator_id = o.id),
        'badges', (SELECT coalesce(jsonb_agg(b.code ORDER BY b.code), '[]'::jsonb) FROM identity.badge AS b WHERE b.operator_id = o.id AND b.is_enabled))
    FROM identity.operator AS o
    WHERE o.number = p_number;
$function$;

COMMENT ON FUNCTION identity.get_operator(text) IS 'The operator of that number as the API shows it; null when there is none.';
