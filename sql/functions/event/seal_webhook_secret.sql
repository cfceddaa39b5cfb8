CREATE OR REPLACE FUNCTION event.seal_webhook_secret(
    p_id bigint,
    p_sealed bytea
) RETURNS void
LANGUAGE sql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    UPDATE event.webhook_secret AS s
    SET sealed = p_sealed,
        secret = NULL
    WHERE s.id = p_id;
$function$;

COMMENT ON FUNCTION event.seal_webhook_secret(bigint, bytea) IS 'Keeps a secret sealed, and no longer in the clear or under the key before.';
