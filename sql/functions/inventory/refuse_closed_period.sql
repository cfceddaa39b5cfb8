CREATE OR REPLACE FUNCTION inventory.refuse_closed_period(
    p_occurred_at timestamptz
) RETURNS void
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_code text;
    v_ends_at timestamptz;
BEGIN
    SELECT p.code, p.ends_at INTO v_code, v_ends_at FROM inventory.period AS p ORDER BY p.ends_at DESC LIMIT 1;
    RAISE EXCEPTION 'the stock books are closed up to and including %', v_code
        USING ERRCODE = 'MR218',
              DETAIL = jsonb_build_object('occurred_at', p_occurred_at, 'closed_until', v_ends_at, 'period', v_code)::text,
              HINT = 'Post it with a time in the open period, and tell the accountants why.';
END;
$function$;

COMMENT ON FUNCTION inventory.refuse_closed_period(timestamptz) IS
    'Raises MR218: what is to be posted happened at p_occurred_at, in a period that is closed.';
