CREATE OR REPLACE FUNCTION identity.common_sites(
    p_one text[],
    p_other text[]
) RETURNS text[]
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT CASE
        WHEN '*' = ANY (p_one) THEN p_other
        WHEN '*' = ANY (p_other) THEN p_one
        ELSE ARRAY(SELECT s FROM unnest(p_one) AS s WHERE s = ANY (p_other) ORDER BY s)
    END;
$function$;

COMMENT ON FUNCTION identity.common_sites(text[], text[]) IS 'Sites that both lists hold; * holds all of them.';
