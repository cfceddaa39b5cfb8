CREATE OR REPLACE FUNCTION notify.list_mails(
    p_state text,
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT t.id, t.number
        FROM notify.mail AS t
        WHERE (p_after IS NULL OR t.id < (SELECT a.id FROM notify.mail AS a WHERE a.number = p_after))
          AND (p_state IS NULL OR t.state = p_state::notify.mail_state)
        ORDER BY t.id DESC
        LIMIT p_limit
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(notify.get_mail(p.number) ORDER BY p.id DESC), '[]'),
        'next', CASE WHEN count(*) = p_limit THEN (array_agg(p.number ORDER BY p.id))[1] END)
    FROM page AS p;
$function$;

COMMENT ON FUNCTION notify.list_mails(text, text, integer) IS 'A page of mails, all of them or those in one state, latest first.';
