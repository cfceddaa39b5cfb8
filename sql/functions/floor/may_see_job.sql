CREATE OR REPLACE FUNCTION floor.may_see_job(
    p_kind text,
    p_args jsonb
) RETURNS boolean
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    -- Who sees what a job is about, by the policies of that, sees the job.
    SELECT floor.caller_sites() IS NULL OR CASE
        WHEN p_kind = 'print_labels' THEN EXISTS (SELECT FROM document.printer AS p WHERE p.code = p_args ->> 'printer')
        WHEN p_kind NOT IN ('document_render', 'notify_compose') THEN false
        WHEN p_args ->> 'kind' IN ('invoice', 'credit_note') THEN EXISTS (SELECT FROM billing.invoice AS i WHERE i.number = p_args ->> 'number')
        WHEN p_args ->> 'kind' = 'delivery_note' THEN EXISTS (SELECT FROM shipping.delivery_note AS n WHERE n.number = p_args ->> 'number')
        WHEN p_args ->> 'kind' = 'handling_unit_label' THEN EXISTS (SELECT FROM shipping.handling_unit AS u WHERE u.sscc = p_args ->> 'number')
        -- ITEM:LOT, and no lot has a colon in its number.
        WHEN p_args ->> 'kind' = 'lot_label' THEN EXISTS (
            SELECT FROM catalog.item AS i
            JOIN inventory.lot AS l ON l.item_id = i.id
            WHERE i.number = regexp_replace(p_args ->> 'number', ':[^:]*$', '') AND l.number = regexp_replace(p_args ->> 'number', '^.*:', ''))
        ELSE false END;
$function$;

COMMENT ON FUNCTION floor.may_see_job(text, jsonb) IS
    'Whether a job of that kind and with those arguments is about something that whoever works here may see: documents and labels by what they are of, printing by the printer. All others are the company''s.';
