CREATE OR REPLACE FUNCTION purchasing.receive_goods(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('receive-goods', p_context, p_command);
    v_occurred_at timestamptz := event.occurred_at(p_command);
    v_order purchasing.purchase_order;
    v_order_line purchasing.purchase_order_line;
    v_receipt purchasing.goods_receipt;
    v_supplier_location_id bigint;
    v_line record;
    v_item catalog.item;
    v_lot inventory.lot;
    v_location catalog.location;
    v_quantity numeric;
    v_kind catalog.location_kind;
    v_lines purchasing.goods_receipt_line[] := '{}';
    v_second_quantities numeric[] := '{}';
    v_id bigint;
    v_ids bigint[];
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    SELECT o.* INTO v_order FROM purchasing.purchase_order AS o WHERE o.number = p_command ->> 'purchase_order' FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no purchase order %', p_command ->> 'purchase_order'
            USING ERRCODE = 'MR401',
                  DETAIL = jsonb_build_object('purchase_order', p_command ->> 'purchase_order')::text,
                  HINT = 'Check the number.';
    END IF;
    IF v_order.state <> 'released' THEN
        RAISE EXCEPTION 'purchase order % is %', v_order.number, v_order.state
            USING ERRCODE = 'MR403',
                  DETAIL = jsonb_build_object('purchase_order', v_order.number, 'state', v_order.state)::text,
                  HINT = 'Ask purchasing for an order that these goods belong to.';
    END IF;
    v_supplier_location_id := catalog.virtual_location(v_order.site_id, 'supplier');

    -- All lines of the order that the receipt names, locked in id order before the first one changes.
    PERFORM
    FROM purchasing.purchase_order_line AS l
    WHERE l.purchase_order_id = v_order.id
      AND l.line_number IN (SELECT (e.value ->> 'line')::integer FROM jsonb_array_elements(p_command -> 'lines') AS e)
    ORDER BY l.id
    FOR NO KEY UPDATE;

    INSERT INTO purchasing.goods_receipt (purchase_order_id, delivery_note, occurred_at)
    VALUES (v_order.id, p_command ->> 'delivery_note', v_occurred_at)
    RETURNING goods_receipt.* INTO v_receipt;

    FOR v_line IN
        SELECT e.value AS line, e.ordinality::integer AS line_number
        FROM jsonb_array_elements(p_command -> 'lines') WITH ORDINALITY AS e
    LOOP
        SELECT l.* INTO v_order_line
        FROM purchasing.purchase_order_line AS l
        WHERE l.purchase_order_id = v_order.id AND l.line_number = (v_line.line ->> 'line')::integer;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'purchase order % has no line %', v_order.number, v_line.line ->> 'line'
                USING ERRCODE = 'MR405',
                      DETAIL = jsonb_build_object('purchase_order', v_order.number, 'line', v_line.line -> 'line')::text,
                      HINT = 'Look at the order: its lines are numbered from 1.';
        END IF;
        SELECT i.* INTO STRICT v_item FROM catalog.item AS i WHERE i.id = v_order_line.item_id;
        v_quantity := catalog.to_base_quantity(v_item, v_line.line ->> 'quantity', v_line.line ->> 'unit');
        IF v_item.tracking = 'serial' AND v_quantity <> 1 THEN
            RAISE EXCEPTION 'a serial number of item % stands for one piece', v_item.number
                USING ERRCODE = 'MR419',
                      DETAIL = jsonb_build_object('item', v_item.number, 'quantity', trim_scale(v_quantity)::text)::text,
                      HINT = 'Give every piece a line of its own.';
        END IF;

        v_second_quantities := v_second_quantities || inventory.to_second_quantity(v_item.id, v_line.line ->> 'second_quantity');

        v_kind := CASE WHEN v_item.is_inspected THEN 'quarantine' ELSE 'storage' END::catalog.location_kind;
        IF v_line.line ->> 'location' IS NULL THEN
            SELECT c.* INTO STRICT v_location
            FROM catalog.location AS c
            WHERE c.id = CASE WHEN v_item.is_inspected THEN catalog.physical_location(v_order.site_id, 'quarantine')
                ELSE catalog.item_location(v_item, v_order.site_id) END;
        ELSE
            v_location := catalog.find_location(v_line.line ->> 'location');
            IF v_location.site_id <> v_order.site_id OR v_location.kind <> v_kind THEN
                RAISE EXCEPTION 'item % is received into % of the site of the order, and % is none', v_item.number, v_kind, v_location.code
                    USING ERRCODE = 'MR410',
                          DETAIL = jsonb_build_object('item', v_item.number, 'location', v_location.code,
                              'kind', v_location.kind, 'needs_kind', v_kind)::text,
                          HINT = 'Leave the location out, or scan one that fits.';
            END IF;
        END IF;

        IF (v_order_line.received_quantity + v_quantity - v_order_line.returned_quantity) * 100
            > v_order_line.base_quantity * (100 + v_order_line.over_receipt_percent) THEN
            RAISE EXCEPTION '% of item % is more than line % of order % takes: ordered %, received %',
                trim_scale(v_quantity), v_item.number, v_order_line.line_number, v_order.number,
                trim_scale(v_order_line.base_quantity), trim_scale(v_order_line.received_quantity - v_order_line.returned_quantity)
                USING ERRCODE = 'MR402',
                      CONSTRAINT = 'purchase_order_line_received_quantity_check',
                      DETAIL = jsonb_build_object('purchase_order', v_order.number, 'line', v_order_line.line_number, 'item', v_item.number,
                          'ordered', trim_scale(v_order_line.base_quantity)::text,
                          'received', trim_scale(v_order_line.received_quantity - v_order_line.returned_quantity)::text,
                          'requested', trim_scale(v_quantity)::text,
                          'over_receipt_percent', trim_scale(v_order_line.over_receipt_percent)::text)::text,
                      HINT = 'Count again, or ask purchasing to order more.';
        END IF;
        UPDATE purchasing.purchase_order_line AS l
        SET received_quantity = l.received_quantity + v_quantity
        WHERE l.id = v_order_line.id;

        -- A lot number is taken again only for goods that need no inspection, or when its receipt was a mistake and is gone.
        v_lot := inventory.ensure_lot(v_item, v_line.line ->> 'lot', CASE WHEN v_item.is_inspected THEN 'quarantine' ELSE 'released' END::inventory.lot_status,
            v_order.supplier_id, v_line.line ->> 'supplier_lot', (v_line.line ->> 'manufactured_on')::date,
            (v_line.line ->> 'expires_on')::date,
            NOT v_item.is_inspected OR (
                SELECT coalesce(bool_and(g.is_reversed), false)
                FROM inventory.lot AS o
                JOIN purchasing.goods_receipt_line AS g ON g.lot_id = o.id
                WHERE o.item_id = v_item.id AND o.number = v_line.line ->> 'lot'));

        v_id := nextval('purchasing.goods_receipt_line_id_seq');
        v_lines := v_lines || ROW(v_id, v_receipt.id, v_line.line_number, v_order_line.id, v_item.id, v_lot.id, v_location.id, v_quantity,
            CASE WHEN v_item.is_inspected THEN 'waiting' ELSE 'accepted' END,
            CASE WHEN v_item.is_inspected THEN 0 ELSE v_quantity END, 0, 0, NULL, false,
            v_second_quantities[v_line.line_number], 0)::purchasing.goods_receipt_line;
    END LOOP;

    v_ids := inventory.post_movements('receipt',
        (SELECT array_agg(ROW(l.item_id, l.lot_id, v_supplier_location_id, l.location_id, l.quantity, false, l.id, NULL, NULL)::inventory.posting_line
            ORDER BY l.line_number)
         FROM unnest(v_lines) AS l),
        'goods_receipt', v_receipt.id, v_occurred_at, v_second_quantities);

    INSERT INTO purchasing.goods_receipt_line (id, goods_receipt_id, line_number, purchase_order_line_id, item_id, lot_id, location_id,
        quantity, state, accepted_quantity, movement_id, second_quantity)
    SELECT l.id, l.goods_receipt_id, l.line_number, l.purchase_order_line_id, l.item_id, l.lot_id, l.location_id,
        l.quantity, l.state, l.accepted_quantity, v_ids[l.line_number], l.second_quantity
    FROM unnest(v_lines) AS l;

    -- Each lot gets its label where it stands.
    PERFORM event.insert_job('document_render', jsonb_build_object(
        'kind', 'lot_label', 'number', n.item || ':' || n.lot, 'location', n.location, 'actor', event.current_actor()), 'document')
    FROM (
        SELECT DISTINCT i.number AS item, t.number AS lot, c.code AS location
        FROM unnest(v_lines) AS l
        JOIN catalog.item AS i ON i.id = l.item_id
        JOIN inventory.lot AS t ON t.id = l.lot_id
        JOIN catalog.location AS c ON c.id = l.location_id
        WHERE l.lot_id <> 0
    ) AS n;
    PERFORM event.publish('goods_receipt.posted', v_receipt.id,
        jsonb_build_object('number', v_receipt.number, 'purchase_order', v_order.number, 'delivery_note', v_receipt.delivery_note));
    RETURN event.finish_request(p_context, 201, purchasing.get_goods_receipt(v_receipt.number));
END;
$function$;

COMMENT ON FUNCTION purchasing.receive_goods(jsonb, jsonb) IS
    'Command: goods arrive against an order: inspected items into quarantine with their lot in quarantine, others into storage. Body: purchase_order, delivery_note?, occurred_at?, lines [line, quantity, unit?, second_quantity (catch weight), lot? (default: the next number), supplier_lot?, manufactured_on?, expires_on?, location?]. Raises MR401 when there is no such order, MR402 beyond the tolerance of the line, MR403 when the order is not released, MR405 when it has no such line, MR410 when the location does not fit, MR419 when a serial number is not one piece.';
