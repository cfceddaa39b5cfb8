CREATE OR REPLACE FUNCTION identity.reseal_signing_key(
    p_kid text,
    p_private_key bytea
) RETURNS void
LANGUAGE sql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    UPDATE identity.signing_key AS k SET private_key = p_private_key WHERE k.kid = p_kid;
$function$;

COMMENT ON FUNCTION identity.reseal_signing_key(text, bytea) IS 'Puts the same key, encrypted anew, in the place of what was encrypted with an older encryption key.';
