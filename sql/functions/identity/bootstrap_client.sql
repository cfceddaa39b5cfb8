CREATE OR REPLACE FUNCTION identity.bootstrap_client(
    p_code text,
    p_roles text[],
    p_sites text[],
    p_secret_hash bytea
) RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_client_id bigint;
BEGIN
    PERFORM identity.check_rights(p_roles, p_sites);
    INSERT INTO identity.client AS c (code, kind, name, roles, sites)
    VALUES (p_code, 'service', p_code, p_roles, p_sites)
    ON CONFLICT (code) DO UPDATE
    SET roles = EXCLUDED.roles,
        sites = EXCLUDED.sites,
        is_enabled = true
    WHERE c.kind = 'service'
    RETURNING c.id INTO v_client_id;
    IF v_client_id IS NULL THEN
        RAISE EXCEPTION 'the code % belongs to a device', p_code
            USING ERRCODE = 'MR706',
                  DETAIL = jsonb_build_object('code', p_code)::text,
                  HINT = 'Choose another code: devices and other clients share one list.';
    END IF;
    DELETE FROM identity.client_secret AS s WHERE s.client_id = v_client_id;
    INSERT INTO identity.client_secret (client_id, hash) VALUES (v_client_id, p_secret_hash);
    PERFORM identity.revoke_sessions(identity.live_sessions(NULL, v_client_id, NULL), 'secret replaced at once');
END;
$function$;

COMMENT ON FUNCTION identity.bootstrap_client(text, text[], text[], bytea) IS 'For those who own the database: makes a client, or lets the one of that code in again, with a secret that takes the place of all that it had.';
