CREATE OR REPLACE FUNCTION billing.refuse_late_line() RETURNS trigger
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    -- The lines of an invoice are written before it: where it stands, it is issued.
    IF EXISTS (SELECT FROM billing.invoice AS i WHERE i.id = NEW.invoice_id) THEN
        RAISE EXCEPTION 'the invoice is issued'
            USING ERRCODE = 'MR904',
                  DETAIL = jsonb_build_object('table', TG_TABLE_SCHEMA || '.' || TG_TABLE_NAME, 'operation', lower(TG_OP))::text,
                  HINT = 'Correct an invoice by a credit note.';
    END IF;
    RETURN NEW;
END;
$function$;

COMMENT ON FUNCTION billing.refuse_late_line() IS
    'Trigger function of lines and taxes of invoices: raises MR904 for a row that comes after its invoice.';
