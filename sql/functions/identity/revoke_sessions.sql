CREATE OR REPLACE FUNCTION identity.revoke_sessions(
    p_ids bigint[],
    p_reason text
) RETURNS integer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_count integer;
BEGIN
    -- Sorted, so that two of them at once never wait for each other.
    PERFORM s.id
    FROM identity.session AS s
    WHERE s.id = ANY (p_ids)
    ORDER BY s.id
    FOR UPDATE;
    UPDATE identity.session AS s
    SET revoked_at = clock_timestamp(),
        revoked_reason = p_reason
    WHERE s.id = ANY (p_ids)
      AND s.revoked_at IS NULL
      AND s.expires_at > clock_timestamp();
    GET DIAGNOSTICS v_count = ROW_COUNT;
    IF v_count > 0 THEN
        PERFORM identity.note_change();
    END IF;
    RETURN v_count;
END;
$function$;

COMMENT ON FUNCTION identity.revoke_sessions(bigint[], text) IS 'Ends the sessions with all their tokens; gives how many were alive. Call it last.';
