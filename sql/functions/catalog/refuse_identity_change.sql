CREATE OR REPLACE FUNCTION catalog.refuse_identity_change() RETURNS trigger
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RAISE EXCEPTION '%', TG_ARGV[0]
        USING ERRCODE = 'MR114',
              DETAIL = jsonb_build_object('table', TG_TABLE_SCHEMA || '.' || TG_TABLE_NAME, 'id', NEW.id::text)::text,
              HINT = 'Make a new one under another code.';
END;
$function$;

COMMENT ON FUNCTION catalog.refuse_identity_change() IS
    'Trigger function: what quantities, values or movements were recorded under may not change afterwards. Raises MR114 with the sentence of the trigger.';
