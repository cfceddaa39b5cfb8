CREATE OR REPLACE FUNCTION billing.list_credit_notes(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT t.id, t.number AS number
        FROM billing.invoice AS t
        WHERE (p_after IS NULL OR t.id < (SELECT a.id FROM billing.invoice AS a WHERE a.number = p_after))
          AND t.kind = 'credit_note'
        ORDER BY t.id DESC
        LIMIT p_limit
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(billing.get_credit_note(p.number) ORDER BY p.id DESC), '[]'),
        'next', CASE WHEN count(*) = p_limit THEN (array_agg(p.number ORDER BY p.id))[1] END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION billing.list_credit_notes(text, integer) IS 'A page of credit notes, latest first.';
