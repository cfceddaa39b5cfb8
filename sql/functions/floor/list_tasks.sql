CREATE OR REPLACE FUNCTION floor.list_tasks(
    p_kind text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    -- Only the branch of the kind asked for runs.
    WITH task AS (
        SELECT o.number AS number, l.line_number AS line, l.item_id, NULL::bigint AS lot_id,
            l.base_quantity - l.received_quantity + l.returned_quantity AS quantity, NULL::bigint AS from_id, i.default_location_id AS to_id,
            o.supplier_id AS partner_id, NULL::text AS reference, l.due_on AS due_on, o.id AS rank, NULL::text AS state, u.code AS order_unit
        FROM purchasing.purchase_order AS o
        JOIN purchasing.purchase_order_line AS l ON l.purchase_order_id = o.id
        JOIN catalog.item AS i ON i.id = l.item_id
        JOIN catalog.unit AS u ON u.id = l.unit_id
        WHERE p_kind = 'receive' AND o.state = 'released' AND l.base_quantity > l.received_quantity - l.returned_quantity
        UNION ALL
        SELECT r.number, l.line_number, l.item_id, l.lot_id, l.quantity, l.location_id, i.default_location_id,
            o.supplier_id, o.number, NULL, r.id, l.state::text, NULL
        FROM purchasing.goods_receipt_line AS l
        JOIN purchasing.goods_receipt AS r ON r.id = l.goods_receipt_id
        JOIN purchasing.purchase_order AS o ON o.id = r.purchase_order_id
        JOIN catalog.item AS i ON i.id = l.item_id
        WHERE p_kind = 'inspect' AND l.state = 'waiting' AND NOT l.is_reversed
        UNION ALL
        SELECT r.number, l.line_number, s.item_id, s.lot_id, l.quantity - l.accepted_quantity - l.rejected_quantity, r.location_id, NULL,
            m.customer_id, m.number, NULL, r.id, 'returned', NULL
        FROM shipping.customer_return_line AS l
        JOIN shipping.customer_return AS r ON r.id = l.customer_return_id
        JOIN shipping.shipment_line AS s ON s.id = l.shipment_line_id
        JOIN shipping.shipment AS m ON m.id = r.shipment_id
        JOIN catalog.location AS c ON c.id = r.location_id
        WHERE p_kind = 'inspect' AND c.kind = 'quarantine' AND NOT r.is_reversed AND l.quantity > l.accepted_quantity + l.rejected_quantity
        UNION ALL
        SELECT NULL, NULL, b.item_id, b.lot_id, b.on_hand - b.reserved, b.location_id, i.default_location_id,
            t.supplier_id, NULL, t.expires_on, t.id, t.status::text, NULL
        FROM catalog.location AS c
        JOIN inventory.balance AS b ON b.location_id = c.id
        JOIN inventory.lot AS t ON t.id = b.lot_id
        JOIN catalog.item AS i ON i.id = b.item_id
        WHERE p_kind = 'put_away' AND c.kind = 'quarantine' AND b.on_hand > b.reserved AND t.status = 'released' AND t.id <> 0
        UNION ALL
        SELECT o.number, m.line_number, m.item_id, NULL, m.required_quantity - m.issued_quantity, m.supply_location_id, NULL,
            NULL, g.number, o.due_on, o.id, o.state::text, NULL
        FROM production.work_order AS o
        JOIN production.work_order_material AS m ON m.work_order_id = o.id
        JOIN catalog.item AS g ON g.id = o.item_id
        WHERE p_kind = 'issue' AND o.state IN ('released', 'in_process') AND m.required_quantity > m.issued_quantity
        UNION ALL
        SELECT o.number, NULL, o.item_id, NULL, greatest(o.quantity - o.good_quantity, 0), NULL, o.output_location_id,
            NULL, w.code, o.due_on, o.id, o.state::text, NULL
        FROM production.work_order AS o
        LEFT JOIN catalog.work_center AS w ON w.id = o.work_center_id
        WHERE p_kind = 'report' AND o.state IN ('released', 'in_process')
        UNION ALL
        SELECT o.number, l.line_number, l.item_id, r.lot_id, coalesce(r.quantity, l.base_quantity - l.picked_quantity), r.location_id, NULL,
            o.customer_id, o.customer_reference, o.requested_on, o.id, CASE WHEN r.lot_id IS NULL THEN 'unreserved' ELSE 'reserved' END, u.code
        FROM sales.sales_order AS o
        JOIN sales.sales_order_line AS l ON l.sales_order_id = o.id
        JOIN catalog.unit AS u ON u.id = l.unit_id
        LEFT JOIN LATERAL (
            SELECT v.lot_id, v.location_id, sum(v.open_quantity) AS quantity
            FROM inventory.reservation AS v
            WHERE v.demand_type = 'sales_order_line' AND v.demand_id = l.id AND v.open_quantity > 0
            GROUP BY v.lot_id, v.location_id
        ) AS r ON true
        WHERE p_kind = 'pick' AND o.state = 'released' AND l.base_quantity > l.picked_quantity
        UNION ALL
        SELECT k.number, l.line_number, l.item_id, l.lot_id, l.quantity - l.packed_quantity, k.staging_location_id, NULL,
            o.customer_id, o.number, NULL, k.id, NULL, NULL
        FROM shipping.pick AS k
        JOIN shipping.pick_line AS l ON l.pick_id = k.id
        JOIN sales.sales_order AS o ON o.id = k.sales_order_id
        WHERE p_kind = 'pack' AND NOT k.is_reversed AND l.quantity > l.packed_quantity
        UNION ALL
        SELECT u.sscc, NULL, NULL, NULL, NULL, NULL, NULL, u.customer_id, u.kind::text, NULL, u.id, u.state::text, NULL
        FROM shipping.handling_unit AS u
        WHERE p_kind = 'ship' AND u.state = 'packed' AND u.parent_id IS NULL
        UNION ALL
        -- What was shipped last comes first.
        SELECT m.number, l.line_number, l.item_id, l.lot_id, l.quantity - l.returned_quantity, NULL, NULL,
            m.customer_id, n.number, NULL, -m.id, NULL, NULL
        FROM (SELECT s.* FROM shipping.shipment AS s WHERE NOT s.is_reversed ORDER BY s.id DESC LIMIT p_limit) AS m
        JOIN shipping.shipment_line AS l ON l.shipment_id = m.id
        LEFT JOIN shipping.delivery_note AS n ON n.shipment_id = m.id
        WHERE p_kind = 'return' AND l.quantity > l.returned_quantity
        UNION ALL
        SELECT r.number, l.line_number, l.item_id, l.lot_id, l.rejected_quantity - l.returned_quantity, NULL, NULL,
            o.supplier_id, o.number, NULL, r.id, NULL, NULL
        FROM purchasing.goods_receipt_line AS l
        JOIN purchasing.goods_receipt AS r ON r.id = l.goods_receipt_id
        JOIN purchasing.purchase_order AS o ON o.id = r.purchase_order_id
        WHERE p_kind = 'send_back' AND l.rejected_quantity > l.returned_quantity AND NOT l.is_reversed
    ), page AS (
        SELECT t.* FROM task AS t ORDER BY t.due_on NULLS LAST, t.rank, t.line, t.lot_id LIMIT p_limit
    )
    SELECT jsonb_build_object('items', coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
        'number', p.number, 'line', p.line, 'item', i.number, 'name', i.name, 'tracking', i.tracking,
        'lot', nullif(t.number, ''), 'expires_on', t.expires_on, 'quantity', trim_scale(p.quantity)::text, 'unit', u.code, 'order_unit', p.order_unit,
        'from', f.code, 'to', d.code, 'partner', a.code, 'partner_name', a.name, 'reference', p.reference, 'due_on', p.due_on, 'state', p.state))
        ORDER BY p.due_on NULLS LAST, p.rank, p.line, p.lot_id), '[]'))
    FROM page AS p
    LEFT JOIN catalog.item AS i ON i.id = p.item_id
    LEFT JOIN catalog.unit AS u ON u.id = i.base_unit_id
    LEFT JOIN inventory.lot AS t ON t.id = p.lot_id
    LEFT JOIN catalog.location AS f ON f.id = p.from_id
    LEFT JOIN catalog.location AS d ON d.id = p.to_id
    LEFT JOIN catalog.partner AS a ON a.id = p.partner_id;
$function$;

COMMENT ON FUNCTION floor.list_tasks(text, integer) IS
    'What is to be done, soonest due first: kind receive (open order lines), inspect (waiting receipt lines, customer returns in quarantine), put_away (released lots in quarantine), issue (open materials), report (open work orders), pick (order lines with their reserved lots), pack (picked, not packed), ship (packed, not shipped), return (shipped and not come back, latest first) or send_back (rejected and still here). Quantities in base units.';
