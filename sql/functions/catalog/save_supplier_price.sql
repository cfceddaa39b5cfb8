CREATE OR REPLACE FUNCTION catalog.save_supplier_price(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer;
    v_partner catalog.partner;
    v_item catalog.item;
    v_supplier_item_id bigint;
BEGIN
    v_answer := event.begin_request('save-supplier-price', p_context, p_command);
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;

    v_partner := catalog.find_partner(p_command ->> 'supplier');
    v_item := catalog.find_item(p_command ->> 'item');
    IF NOT v_partner.is_supplier THEN
        RAISE EXCEPTION 'partner % is no supplier', v_partner.code
            USING ERRCODE = 'MR116',
                  DETAIL = jsonb_build_object('partner', v_partner.code)::text,
                  HINT = 'Make the partner a supplier first.';
    END IF;
    -- Also proves that the item is handled in this unit.
    PERFORM catalog.to_base_quantity(v_item, '1', p_command ->> 'unit');

    INSERT INTO catalog.supplier_item AS si (partner_id, item_id, unit_id, price, currency, lead_time_days, minimum_quantity, maximum_quantity)
    VALUES (v_partner.id, v_item.id,
        CASE WHEN p_command ->> 'unit' IS NULL THEN v_item.base_unit_id ELSE (catalog.find_unit(p_command ->> 'unit')).id END,
        (p_command ->> 'price')::numeric, coalesce(p_command ->> 'currency', v_partner.currency),
        coalesce((p_command ->> 'lead_time_days')::integer, 0), coalesce((p_command ->> 'minimum_quantity')::numeric, 0),
        (p_command ->> 'maximum_quantity')::numeric)
    ON CONFLICT (partner_id, item_id) DO UPDATE
    SET unit_id = EXCLUDED.unit_id,
        price = EXCLUDED.price,
        currency = EXCLUDED.currency,
        lead_time_days = EXCLUDED.lead_time_days,
        minimum_quantity = EXCLUDED.minimum_quantity,
        maximum_quantity = EXCLUDED.maximum_quantity
    RETURNING si.id INTO v_supplier_item_id;

    PERFORM event.publish('supplier_price.saved', v_supplier_item_id, jsonb_build_object('supplier', v_partner.code, 'item', v_item.number));
    RETURN event.finish_request(p_context, 200, catalog.get_supplier_price(v_supplier_item_id::text));
END;
$function$;

COMMENT ON FUNCTION catalog.save_supplier_price(jsonb, jsonb) IS
    'Says at which price a supplier delivers an item, or replaces what was said. Raises MR103, MR101 and MR104 for unknown codes, MR116 when the partner is no supplier, MR112 when the item is not handled in the unit.';
