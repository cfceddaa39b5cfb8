CREATE OR REPLACE FUNCTION event.move_consumer(
    p_name text,
    p_position bigint
) RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    UPDATE event.consumer AS c
    SET position = p_position,
        moved_at = clock_timestamp()
    WHERE c.name = p_name;
END;
$function$;

COMMENT ON FUNCTION event.move_consumer(text, bigint) IS
    'Ends a step of a reader of the feed: the effect of everything up to p_position is in this transaction. Call event.lock_consumer first.';
