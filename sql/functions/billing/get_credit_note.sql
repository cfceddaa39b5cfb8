CREATE OR REPLACE FUNCTION billing.get_credit_note(
    p_number text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT billing.get_invoice(v.number)
    FROM billing.invoice AS v
    WHERE v.number = p_number
      AND v.kind = 'credit_note';
$function$;

COMMENT ON FUNCTION billing.get_credit_note(text) IS 'A credit note, in the form of an invoice; null when there is none of that number.';
