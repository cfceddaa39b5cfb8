CREATE OR REPLACE FUNCTION shipping.ship_goods(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('ship-goods', p_context, p_command);
    v_occurred_at timestamptz := event.occurred_at(p_command);
    v_named_order_ids bigint[];
    v_named_unit_ids bigint[];
    v_root_ids bigint[];
    v_order_ids bigint[];
    v_carrier catalog.partner;
    v_bad record;
    v_head record;
    v_shipment_id bigint;
    v_number text;
    v_customer_location_id bigint;
    v_movement_ids bigint[];
    v_delivery_note text;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    IF p_command ? 'carrier' THEN
        v_carrier := catalog.find_partner(p_command ->> 'carrier');
        IF NOT v_carrier.is_carrier THEN
            RAISE EXCEPTION 'partner % is no carrier', v_carrier.code
                USING ERRCODE = 'MR531',
                      DETAIL = jsonb_build_object('carrier', v_carrier.code)::text,
                      HINT = 'Check the code, or make the partner a carrier.';
        END IF;
    END IF;

    -- What is named: units, or all that is packed for orders (whole pallets).
    SELECT coalesce(array_agg(DISTINCT (sales.find_sales_order(e)).id), '{}')
    INTO v_named_order_ids
    FROM jsonb_array_elements_text(p_command -> 'sales_orders') AS e;
    SELECT coalesce(array_agg(DISTINCT (shipping.find_handling_unit(e)).id), '{}')
    INTO v_named_unit_ids
    FROM jsonb_array_elements_text(p_command -> 'handling_units') AS e;
    SELECT k.unit_ids, k.order_ids INTO v_root_ids, v_order_ids
    FROM shipping.lock_units(v_named_unit_ids, v_named_order_ids, true) AS k;
    PERFORM sales.require_released(v_order_ids);

    SELECT u.sscc, u.state, p.sscc AS pallet
    INTO v_bad
    FROM shipping.handling_unit AS u
    LEFT JOIN shipping.handling_unit AS p ON p.id = u.parent_id
    WHERE u.id = ANY (v_root_ids)
      AND (u.state <> 'packed' OR u.parent_id <> ALL (v_root_ids))
    ORDER BY u.id
    LIMIT 1;
    IF FOUND AND v_bad.state <> 'packed' THEN
        RAISE EXCEPTION 'handling unit % is %', v_bad.sscc, v_bad.state
            USING ERRCODE = 'MR522',
                  DETAIL = jsonb_build_object('handling_unit', v_bad.sscc, 'state', v_bad.state)::text,
                  HINT = 'Scan the label again.';
    ELSIF FOUND THEN
        RAISE EXCEPTION 'box % stands on pallet %', v_bad.sscc, v_bad.pallet
            USING ERRCODE = 'MR525',
                  DETAIL = jsonb_build_object('handling_unit', v_bad.sscc, 'pallet', v_bad.pallet)::text,
                  HINT = 'Ship the pallet, or dissolve it first.';
    END IF;

    -- One customer, one site, one currency: one delivery note and one invoice.
    SELECT count(*) AS number_of_lines, count(DISTINCT (o.site_id, o.customer_id, o.currency)) AS number_of_heads,
        min(o.site_id) AS site_id, min(o.customer_id) AS customer_id, min(o.currency) AS currency
    INTO v_head
    FROM shipping.handling_unit_content AS c
    JOIN shipping.pick_line AS l ON l.id = c.pick_line_id
    JOIN shipping.pick AS p ON p.id = l.pick_id
    JOIN sales.sales_order AS o ON o.id = p.sales_order_id
    WHERE c.handling_unit_id = ANY (shipping.unit_tree(v_root_ids));
    IF v_head.number_of_lines = 0 THEN
        RAISE EXCEPTION 'nothing is packed to be shipped'
            USING ERRCODE = 'MR530',
                  DETAIL = jsonb_build_object('sales_orders', p_command -> 'sales_orders', 'handling_units', p_command -> 'handling_units')::text,
                  HINT = 'Pack the picked goods first; what was shipped is not shipped again.';
    ELSIF v_head.number_of_heads > 1 THEN
        RAISE EXCEPTION 'goods for several customers, sites or in several currencies cannot be shipped together'
            USING ERRCODE = 'MR523',
                  DETAIL = (SELECT jsonb_build_object('sales_orders', jsonb_agg(o.number ORDER BY o.id))
                            FROM sales.sales_order AS o WHERE o.id = ANY (v_order_ids))::text,
                  HINT = 'Ship them apart.';
    END IF;
    v_customer_location_id := catalog.virtual_location(v_head.site_id, 'customer');

    INSERT INTO shipping.shipment (site_id, customer_id, carrier_id, tracking_reference, currency, shipped_on, shipped_at)
    SELECT v_head.site_id, v_head.customer_id, v_carrier.id, nullif(p_command ->> 'tracking_reference', ''), v_head.currency,
        (v_occurred_at AT TIME ZONE s.time_zone)::date, v_occurred_at
    FROM catalog.site AS s
    WHERE s.id = v_head.site_id
    RETURNING shipment.id, shipment.number INTO v_shipment_id, v_number;
    INSERT INTO shipping.shipment_unit (shipment_id, handling_unit_id, parent_id)
    SELECT v_shipment_id, u.id, u.parent_id
    FROM shipping.handling_unit AS u
    WHERE u.id = ANY (shipping.unit_tree(v_root_ids))
    ORDER BY u.id;
    INSERT INTO shipping.shipment_line (shipment_id, line_number, sales_order_line_id, pick_line_id, handling_unit_id, item_id, lot_id,
        from_location_id, quantity, second_quantity)
    SELECT v_shipment_id, row_number() OVER (ORDER BY l.sales_order_line_id, c.handling_unit_id, c.id),
        l.sales_order_line_id, l.id, c.handling_unit_id, l.item_id, l.lot_id, p.staging_location_id, c.quantity, c.second_quantity
    FROM shipping.handling_unit_content AS c
    JOIN shipping.pick_line AS l ON l.id = c.pick_line_id
    JOIN shipping.pick AS p ON p.id = l.pick_id
    WHERE c.handling_unit_id = ANY (shipping.unit_tree(v_root_ids));
    UPDATE shipping.handling_unit AS u SET state = 'shipped' WHERE u.id = ANY (shipping.unit_tree(v_root_ids));
    PERFORM sales.add_line_quantities(l.sales_order_line_id, 0, sum(l.quantity), 0, 0, 0)
    FROM shipping.shipment_line AS l
    WHERE l.shipment_id = v_shipment_id
    GROUP BY l.sales_order_line_id;

    v_movement_ids := inventory.post_movements('shipment', ARRAY(
            SELECT ROW(l.item_id, l.lot_id, l.from_location_id, v_customer_location_id, l.quantity, false, l.id, NULL, NULL)::inventory.posting_line
            FROM shipping.shipment_line AS l
            WHERE l.shipment_id = v_shipment_id
            ORDER BY l.line_number),
        'shipment', v_shipment_id, v_occurred_at,
        ARRAY(SELECT l.second_quantity FROM shipping.shipment_line AS l WHERE l.shipment_id = v_shipment_id ORDER BY l.line_number));
    UPDATE shipping.shipment_line AS l SET movement_id = v_movement_ids[l.line_number] WHERE l.shipment_id = v_shipment_id;

    v_delivery_note := shipping.draw_delivery_note(v_shipment_id);
    PERFORM event.publish('shipment.posted', v_shipment_id,
        jsonb_build_object('shipment', v_number, 'delivery_note', v_delivery_note));
    PERFORM event.insert_job('document_render', jsonb_build_object('kind', 'delivery_note', 'number', v_delivery_note), 'document');
    RETURN event.finish_request(p_context, 201, shipping.get_shipment(v_number));
END;
$function$;

COMMENT ON FUNCTION shipping.ship_goods(jsonb, jsonb) IS
    'Command: boxes and pallets leave for the customer with a delivery note. Body: handling_units [SSCC] or sales_orders (all that is packed for them), carrier?, tracking_reference?, occurred_at?. Raises MR502 when an order is closed, MR522 when a unit is shipped or unpacked, MR523 for goods of several customers, MR525 when a box stands on a pallet that is not named, MR530 when nothing is packed, MR531 when the partner is no carrier, MR202 when a lot was blocked meanwhile.';
