CREATE OR REPLACE FUNCTION identity.drop_signing_keys(
    p_except text
) RETURNS integer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_count integer;
BEGIN
    DELETE FROM identity.signing_key AS k WHERE k.kid <> p_except;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    PERFORM identity.note_change();
    RETURN v_count;
END;
$function$;

COMMENT ON FUNCTION identity.drop_signing_keys(text) IS 'After a key has leaked: takes all others away at once, and with them every token that they signed.';
