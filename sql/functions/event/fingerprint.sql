CREATE OR REPLACE FUNCTION event.fingerprint(
    p_operation text,
    p_command jsonb
) RETURNS bytea
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN sha256(convert_to(p_operation || ' ' || coalesce(p_command::text, ''), 'UTF8'));
END;
$function$;

COMMENT ON FUNCTION event.fingerprint(text, jsonb) IS
    'SHA-256 over the operation and the command; jsonb text is canonical, so spacing and member order do not matter.';
