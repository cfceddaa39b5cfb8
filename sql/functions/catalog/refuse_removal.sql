CREATE OR REPLACE FUNCTION catalog.refuse_removal() RETURNS trigger
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RAISE EXCEPTION 'rows of %.% are never deleted', TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'MR114',
              DETAIL = jsonb_build_object('table', TG_TABLE_SCHEMA || '.' || TG_TABLE_NAME, 'operation', lower(TG_OP))::text,
              HINT = 'The stock ledger names them, also in months that were detached.';
END;
$function$;

COMMENT ON FUNCTION catalog.refuse_removal() IS
    'Trigger function of tables that the stock ledger names: raises MR114 on delete and truncate, whether a movement names the row or not. What inventory.movement relies on instead of foreign keys.';
