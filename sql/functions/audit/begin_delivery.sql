CREATE OR REPLACE FUNCTION audit.begin_delivery(
    p_destinations text[]
) RETURNS TABLE (
    destination text,
    sent_to bigint
)
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    UPDATE audit.witness AS w
    SET is_active = false
    WHERE w.is_active AND w.destination <> ALL (p_destinations);
    RETURN QUERY
    SELECT d.name, coalesce(w.sent_to, 0)
    FROM unnest(p_destinations) AS d (name)
    LEFT JOIN audit.witness AS w ON w.destination = d.name;
END;
$function$;

COMMENT ON FUNCTION audit.begin_delivery(text[]) IS
    'Takes the destinations that the worker is configured for, and tells up to which seal each of them has the heads.';
