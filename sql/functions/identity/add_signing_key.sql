CREATE OR REPLACE FUNCTION identity.add_signing_key(
    p_kid text,
    p_private_key bytea,
    p_delay_seconds integer,
    p_older_than_seconds integer
) RETURNS boolean
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_active_from timestamptz;
BEGIN
    PERFORM c.version FROM identity.change AS c FOR UPDATE;
    IF EXISTS (SELECT FROM identity.signing_key AS k
        WHERE k.expires_at IS NULL AND k.created_at > clock_timestamp() - make_interval(secs => p_older_than_seconds)) THEN
        RETURN false;
    END IF;
    -- The first one signs at once; nobody has another.
    v_active_from := clock_timestamp() + CASE
        WHEN EXISTS (SELECT FROM identity.signing_key AS k WHERE k.expires_at IS NULL OR k.expires_at > clock_timestamp())
        THEN make_interval(secs => p_delay_seconds) ELSE interval '0' END;
    -- Those before it sign until then; their last tokens live for an hour more.
    UPDATE identity.signing_key AS k
    SET expires_at = v_active_from + interval '1 hour 5 minutes'
    WHERE k.expires_at IS NULL;
    INSERT INTO identity.signing_key (kid, private_key, active_from) VALUES (p_kid, p_private_key, v_active_from);
    PERFORM identity.note_change();
    RETURN true;
END;
$function$;

COMMENT ON FUNCTION identity.add_signing_key(text, bytea, integer, integer) IS 'Adds a key that signs after the delay, and lets those before it end an hour after that; does nothing when there is one that is younger than the given age. Says whether it did.';
