CREATE OR REPLACE FUNCTION event.refuse_change() RETURNS trigger
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RAISE EXCEPTION '%.% is append-only', TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'MR904',
              DETAIL = jsonb_build_object('table', TG_TABLE_SCHEMA || '.' || TG_TABLE_NAME, 'operation', lower(TG_OP))::text,
              HINT = 'Correct a mistake by adding a row that says so.';
END;
$function$;

COMMENT ON FUNCTION event.refuse_change() IS 'Trigger function of append-only tables: raises MR904 on update, delete and truncate.';
