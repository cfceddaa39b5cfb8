CREATE OR REPLACE FUNCTION sales.reservation_expiry(
    p_command jsonb
) RETURNS timestamptz
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_expires_at timestamptz := (p_command ->> 'expires_at')::timestamptz;
BEGIN
    IF v_expires_at <= clock_timestamp() THEN
        RAISE EXCEPTION 'expires_at is over already'
            USING ERRCODE = 'MR508',
                  DETAIL = jsonb_build_object('expires_at', v_expires_at, 'now', clock_timestamp())::text,
                  HINT = 'Name a later time, or leave it out to reserve until the goods are picked.';
    END IF;
    RETURN v_expires_at;
END;
$function$;

COMMENT ON FUNCTION sales.reservation_expiry(jsonb) IS
    'Until when a command wants stock reserved (member expires_at); null: until it is picked or released. Raises MR508 when that is over.';
