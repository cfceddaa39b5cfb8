CREATE OR REPLACE FUNCTION inventory.get_period(
    p_code text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'period', p.code, 'starts_at', nullif(p.starts_at, '-infinity'), 'ends_at', p.ends_at, 'closed_at', p.closed_at,
        'closed_by', p.closed_by, 'snapshot_at', p.snapshot_at, 'detached_at', p.detached_at)
    FROM inventory.period AS p
    WHERE p.code = p_code;
$function$;

COMMENT ON FUNCTION inventory.get_period(text) IS 'A closed period as a document; null when there is none of that month.';
