CREATE OR REPLACE FUNCTION event.matches_topic(
    p_topic text,
    p_topics text[]
) RETURNS boolean
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT cardinality(p_topics) = 0 OR p_topic = ANY (p_topics) OR split_part(p_topic, '.', 1) || '.*' = ANY (p_topics);
$function$;

COMMENT ON FUNCTION event.matches_topic(text, text[]) IS
    'Whether a topic is one of those asked for: named exactly, or by its subject, as in invoice.*. None asked for: all of them.';
