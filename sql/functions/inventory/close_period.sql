CREATE OR REPLACE FUNCTION inventory.close_period(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
-- Postings queue behind a closer that waits: it gives up soon and is asked to come back.
SET lock_timeout = '2s'
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('close-period', p_context, p_command);
    v_code text := p_command ->> 'period';
    v_last inventory.period;
    v_next text;
    v_ends_at timestamptz;
    v_movement_id bigint;
    v_id bigint;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;

    -- From here on nobody posts: who began to post has committed and counts, who comes later reads the row made below.
    PERFORM pg_advisory_xact_lock(218, 0);

    SELECT p.* INTO v_last FROM inventory.period AS p ORDER BY p.ends_at DESC LIMIT 1;
    v_next := to_char(to_date(v_last.code, 'YYYY-MM') + interval '1 month', 'YYYY-MM');
    IF v_code < v_next THEN
        RAISE EXCEPTION 'period % is closed already', v_code
            USING ERRCODE = 'MR221',
                  DETAIL = jsonb_build_object('period', v_code, 'last_closed', v_last.code)::text,
                  HINT = 'Nothing is to be done.';
    ELSIF v_code > v_next THEN
        RAISE EXCEPTION 'period % is still open', v_next
            USING ERRCODE = 'MR220',
                  DETAIL = jsonb_build_object('period', v_code, 'last_closed', v_last.code, 'next', v_next)::text,
                  HINT = 'Close one month after the other.';
    END IF;
    v_ends_at := inventory.period_end(v_code);
    IF v_ends_at > clock_timestamp() THEN
        RAISE EXCEPTION 'period % is not over', v_code
            USING ERRCODE = 'MR219',
                  DETAIL = jsonb_build_object('period', v_code, 'ends_at', v_ends_at)::text,
                  HINT = 'Wait for the end of the month.';
    END IF;

    -- Costing reads the feed: of a movement of the period that it has not come to, nobody knows the value.
    SELECT m.id INTO v_movement_id
    FROM (
        SELECT i.payload FROM event.inbox AS i WHERE i.topic = 'movement.posted'
        UNION ALL
        SELECT l.payload
        FROM event.consumer AS c
        JOIN event.log AS l ON l.position > c.position AND l.topic = 'movement.posted'
        WHERE c.name = 'costing'
    ) AS e
    CROSS JOIN LATERAL jsonb_array_elements(e.payload -> 'movements') AS t (movement)
    JOIN inventory.movement AS m ON m.id = (t.movement ->> 'id')::bigint AND m.posted_at = (e.payload ->> 'posted_at')::timestamptz
    WHERE m.occurred_at < v_ends_at
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'costing has not come to the end of period %', v_code
            USING ERRCODE = 'MR222',
                  DETAIL = jsonb_build_object('period', v_code, 'movement', v_movement_id::text)::text,
                  HINT = 'Close it again in a minute; if that does not help, see whether the worker runs.';
    END IF;

    INSERT INTO inventory.period (code, starts_at, ends_at, closed_at, closed_by)
    VALUES (v_code, coalesce(v_last.ends_at, '-infinity'), v_ends_at, clock_timestamp(), event.current_actor())
    RETURNING period.id INTO v_id;

    PERFORM event.insert_job('inventory_snapshot', '{}');
    PERFORM event.publish('period.closed', v_id, jsonb_build_object('period', v_code, 'ends_at', v_ends_at));
    RETURN event.finish_request(p_context, 201, inventory.get_period(v_code));
END;
$function$;

COMMENT ON FUNCTION inventory.close_period(jsonb, jsonb) IS
    'Command: closes a month of the stock books: what happened in it cannot be posted any more. Body: period. The first one closed takes along everything before it. A job writes the balances at its end. Raises MR219 when it is not over, MR220 when an earlier one is open, MR221 when it is closed, MR222 when costing has not come so far; 55P03 when postings do not let it in for two seconds.';
