CREATE OR REPLACE FUNCTION identity.begin_badge_login(
    p_device_id bigint,
    p_badge text
) RETURNS jsonb
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_badge_subject text := 'badge:' || encode(sha256(convert_to(p_badge, 'UTF8')), 'hex');
    v_locked integer;
    v_found jsonb;
BEGIN
    -- The device first, always: two log-ins never wait for each other.
    v_locked := identity.lock_guard('device:' || p_device_id, 20, interval '15 minutes');
    IF v_locked = 0 THEN
        v_locked := identity.lock_guard(v_badge_subject, 5, interval '100 years');
        IF v_locked > 0 THEN
            -- No PIN was tried.
            UPDATE identity.login_guard AS g
            SET failures = g.failures - 1,
                locked_until = NULL
            WHERE g.subject = 'device:' || p_device_id;
        END IF;
    END IF;
    IF v_locked > 0 THEN
        RETURN jsonb_build_object('locked_seconds', v_locked);
    END IF;
    SELECT jsonb_build_object('operator_id', o.id::text, 'badge_id', b.id::text, 'hash', p.hash, 'locked_seconds', 0)
    INTO v_found
    FROM identity.badge AS b
    JOIN identity.operator AS o ON o.id = b.operator_id
    JOIN identity.pin AS p ON p.operator_id = o.id
    WHERE b.code = p_badge
      AND b.is_enabled
      AND o.is_enabled;
    RETURN coalesce(v_found, '{"locked_seconds": 0}'::jsonb);
END;
$function$;

COMMENT ON FUNCTION identity.begin_badge_login(bigint, text) IS 'First step of an operators log-in: counts the try for the device and for the badge, and gives the hash that the PIN is to be held against, if there is such a badge. A badge has 5 tries in a row, a device 20 in a quarter of an hour.';
