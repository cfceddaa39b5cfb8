CREATE OR REPLACE FUNCTION catalog.import_supplier_items(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('import-supplier-items', p_context, p_command);
    v_inserted integer;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    INSERT INTO catalog.supplier_item (partner_id, item_id, unit_id, price, currency, lead_time_days, minimum_quantity, maximum_quantity)
    SELECT p.id, i.id, u.id, r.price, r.currency, r.lead_time_days, r.minimum_quantity, r.maximum_quantity
    FROM jsonb_to_recordset(p_command -> 'rows') AS r (partner text, item text, unit text, price numeric, currency text,
        lead_time_days integer, minimum_quantity numeric, maximum_quantity numeric)
    LEFT JOIN catalog.partner AS p ON p.code = r.partner
    LEFT JOIN catalog.item AS i ON i.number = r.item
    LEFT JOIN catalog.unit AS u ON u.code = r.unit
    ORDER BY p.id, i.id
    ON CONFLICT (partner_id, item_id) DO NOTHING;
    GET DIAGNOSTICS v_inserted = ROW_COUNT;
    RETURN event.finish_request(p_context, 200, jsonb_build_object(
        'rows', jsonb_array_length(p_command -> 'rows'), 'inserted', v_inserted));
END;
$function$;

COMMENT ON FUNCTION catalog.import_supplier_items(jsonb, jsonb) IS
    'Command: takes the suppliers of items over from another system. Body: rows of partner, item, unit, price, currency, lead_time_days, minimum_quantity, maximum_quantity. What is there already stays as it is; a row that refers to something missing fails the whole call. Answers how many rows were given and inserted.';
