CREATE OR REPLACE FUNCTION event.lock_consumer(
    p_name text
) RETURNS bigint
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_position bigint;
BEGIN
    SELECT c.position INTO v_position FROM event.consumer AS c WHERE c.name = p_name FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the feed has no reader %', p_name
            USING ERRCODE = 'MR907',
                  DETAIL = jsonb_build_object('consumer', p_name)::text,
                  HINT = 'Register it with event.ensure_consumer.';
    END IF;
    RETURN v_position;
END;
$function$;

COMMENT ON FUNCTION event.lock_consumer(text) IS
    'Begins a step of a reader of the feed: gives its position and keeps every other run of the same reader waiting until the transaction ends. The effect of the events behind it and event.move_consumer follow in the same transaction. Raises MR907 for a reader that is not registered.';
