CREATE OR REPLACE FUNCTION costing.read_movements(
    p_after bigint,
    p_to bigint,
    OUT p_lines costing.movement_line[],
    OUT p_movements integer
) RETURNS record
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET jit = off
SET enable_seqscan = off
SET enable_bitmapscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $function$
BEGIN
    WITH told AS MATERIALIZED (
        SELECT l.position, e.ordinal, (e.movement ->> 'id')::bigint AS movement_id, (l.payload ->> 'posted_at')::timestamptz AS posted_at
        FROM event.log AS l
        CROSS JOIN LATERAL jsonb_array_elements(l.payload -> 'movements') WITH ORDINALITY AS e (movement, ordinal)
        WHERE l.position > p_after AND l.position <= p_to AND l.topic = 'movement.posted'
    ), other AS MATERIALIZED (
        SELECT l.position, l.topic, l.subject_id, l.payload, l.recorded_at
        FROM event.log AS l
        WHERE l.position > p_after AND l.position <= p_to
          AND l.topic IN ('production_report.posted', 'production_report.reversed', 'work_order.completed', 'work_order.reopened',
              'supplier_invoice.posted', 'supplier_invoice.reversed', 'landed_cost.posted', 'landed_cost.reversed', 'item.saved')
    ), found AS MATERIALIZED (
        SELECT t.position, t.ordinal, m.id, m.posted_at, m.occurred_at, m.movement_type, m.item_id, m.quantity, m.document_line_id,
            -- What is relabelled comes back in the same posting as another lot of the item: stock and value stay as they are.
            CASE WHEN m.movement_type = 'relabel' OR m.quantity = 0 THEN 0 WHEN g.is_physical AND NOT f.is_physical THEN 1 WHEN f.is_physical AND NOT g.is_physical THEN -1 ELSE 0 END AS direction,
            CASE WHEN f.is_physical THEN g.kind ELSE f.kind END AS other_kind,
            g.site_id, m.reverses_movement_id, m.document_type, m.document_id
        FROM told AS t
        JOIN inventory.movement AS m ON m.id = t.movement_id AND m.posted_at = t.posted_at
        JOIN catalog.location AS f ON f.id = m.from_location_id
        JOIN catalog.location AS g ON g.id = m.to_location_id
    ), line AS MATERIALIZED (
        SELECT m.position, m.ordinal, m.id, m.posted_at, m.occurred_at, m.movement_type, m.item_id, m.quantity, m.document_line_id,
            m.direction, m.other_kind, m.site_id, s.currency, i.standard_cost, m.reverses_movement_id, o.movement_type AS original_type,
            coalesce(o.document_type, m.document_type) AS document_type, coalesce(o.document_id, m.document_id) AS document_id
        FROM found AS m
        JOIN catalog.site AS s ON s.id = m.site_id
        JOIN catalog.item AS i ON i.id = m.item_id
        LEFT JOIN LATERAL (
            SELECT r.movement_type, r.document_type, r.document_id
            FROM inventory.movement AS r
            WHERE m.reverses_movement_id IS NOT NULL AND r.id = m.reverses_movement_id
        ) AS o ON true
        -- Of what changes no stock only the scrap of a report says something: how far the order is.
        WHERE m.direction <> 0 OR m.document_type = 'production_report'
    ), work AS MATERIALIZED (
        SELECT l.position, l.ordinal, 'movement'::costing.entry_kind AS kind, l.id, l.posted_at, l.occurred_at, l.movement_type, l.item_id,
            l.quantity, l.direction, l.site_id, l.currency, l.standard_cost, l.document_type, l.document_id,
            CASE l.other_kind
                WHEN 'supplier' THEN 'goods_received'
                WHEN 'production' THEN 'work_in_process'
                WHEN 'customer' THEN 'cost_of_sales'
                WHEN 'scrap' THEN 'scrap'
                WHEN 'count_difference' THEN 'count_difference'
                WHEN 'opening' THEN 'opening_stock'
                ELSE 'transit'
            END::costing.account AS counter_account,
            l.original_type, pr.id AS report_id, w.id AS work_order_id, w.quantity AS planned_quantity,
            CASE WHEN l.item_id = w.item_id AND (l.movement_type = 'production' OR l.original_type = 'production') THEN l.quantity END AS good_quantity,
            CASE
                WHEN l.item_id = w.item_id AND l.direction = 0 AND (l.movement_type = 'scrap' OR l.original_type = 'scrap') THEN l.quantity
            END AS scrap_quantity,
            CASE
                WHEN l.reverses_movement_id IS NOT NULL THEN ARRAY[l.reverses_movement_id]
                WHEN rl.id IS NOT NULL THEN ARRAY[sl.movement_id]
                WHEN sr.id IS NOT NULL THEN ARRAY[sr.movement_id]
            END AS original_ids,
            p.value AS purchase_value, t.labour_value, t.machine_value, NULL::bigint AS receipt_line_id, NULL::numeric AS later_value
        FROM line AS l
        LEFT JOIN production.material_issue AS mi ON l.document_type = 'material_issue' AND mi.id = l.document_id
        LEFT JOIN production.production_report AS pr ON l.document_type = 'production_report' AND pr.id = l.document_id
        LEFT JOIN production.work_order AS w ON w.id = coalesce(mi.work_order_id, pr.work_order_id)
        LEFT JOIN shipping.customer_return_line AS rl
            ON l.movement_type = 'customer_return' AND l.document_type = 'customer_return' AND rl.id = l.document_line_id
        LEFT JOIN shipping.shipment_line AS sl ON sl.id = rl.shipment_line_id
        LEFT JOIN purchasing.goods_receipt_line AS sr
            ON l.movement_type = 'supplier_return' AND l.document_type = 'supplier_return' AND sr.id = l.document_line_id
        LEFT JOIN LATERAL (
            -- The price is for an ordered unit; quantity over base_quantity is how many of them a base unit is.
            SELECT round(l.quantity * ol.price * ol.quantity / ol.base_quantity, 4) AS value
            FROM purchasing.goods_receipt_line AS gl
            JOIN purchasing.purchase_order_line AS ol ON ol.id = gl.purchase_order_line_id
            JOIN purchasing.purchase_order AS po ON po.id = ol.purchase_order_id
            WHERE l.movement_type = 'receipt' AND l.document_type = 'goods_receipt' AND gl.id = l.document_line_id
              AND po.currency = l.currency
        ) AS p ON true
        LEFT JOIN LATERAL (
            -- Time of the report comes with its first line, and is taken back with the first line of its reversal.
            SELECT round(pr.duration_minutes * c.hourly_rate / 60, 4) AS labour_value,
                round(pr.duration_minutes * c.machine_hourly_rate / 60, 4) AS machine_value
            FROM catalog.work_center AS c
            WHERE l.ordinal = 1 AND l.original_type IS NULL AND pr.duration_minutes > 0
              AND c.id = coalesce(pr.work_center_id,
                    (SELECT q.work_center_id FROM production.work_order_operation AS q WHERE q.id = pr.work_order_operation_id), w.work_center_id)
            UNION ALL
            SELECT -x.value, -x.machine_value
            FROM costing.labour_cost AS x
            WHERE l.ordinal = 1 AND l.original_type IS NOT NULL AND x.production_report_id = pr.id AND NOT x.is_reversal
              AND NOT EXISTS (SELECT FROM costing.labour_cost AS y WHERE y.production_report_id = pr.id AND y.is_reversal)
        ) AS t ON true
        UNION ALL
        -- Time of reports that moved nothing: setup, breakdowns, operations before the last.
        SELECT l.position, 1, 'labour', NULL, l.recorded_at, r.occurred_at, NULL, w.item_id, 0, 0, w.site_id, s.currency, NULL, NULL, r.id,
            NULL, NULL, r.id, w.id, NULL, NULL, NULL, NULL, NULL, t.labour_value, t.machine_value, NULL, NULL
        FROM other AS l
        JOIN production.production_report AS r ON r.id = l.subject_id
        JOIN production.work_order AS w ON w.id = r.work_order_id
        JOIN catalog.site AS s ON s.id = w.site_id
        CROSS JOIN LATERAL (
            SELECT round(r.duration_minutes * c.hourly_rate / 60, 4) AS labour_value,
                round(r.duration_minutes * c.machine_hourly_rate / 60, 4) AS machine_value
            FROM catalog.work_center AS c
            WHERE l.topic = 'production_report.posted' AND r.duration_minutes > 0
              AND c.id = coalesce(r.work_center_id,
                    (SELECT q.work_center_id FROM production.work_order_operation AS q WHERE q.id = r.work_order_operation_id), w.work_center_id)
            UNION ALL
            SELECT -x.value, -x.machine_value
            FROM costing.labour_cost AS x
            WHERE l.topic = 'production_report.reversed' AND x.production_report_id = r.id AND NOT x.is_reversal
        ) AS t
        WHERE l.topic IN ('production_report.posted', 'production_report.reversed') AND NOT r.moves_stock
        UNION ALL
        SELECT l.position, 1, CASE l.topic WHEN 'work_order.completed' THEN 'completion' ELSE 'reopening' END::costing.entry_kind, NULL,
            l.recorded_at, l.recorded_at, NULL, w.item_id, 0, 0, w.site_id, s.currency, NULL, NULL, w.id,
            NULL, NULL, NULL, w.id, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
        FROM other AS l
        JOIN production.work_order AS w ON w.id = l.subject_id
        JOIN catalog.site AS s ON s.id = w.site_id
        WHERE l.topic IN ('work_order.completed', 'work_order.reopened')
        UNION ALL
        SELECT l.position, e.ordinal, split_part(l.topic, '.', 1)::costing.entry_kind, NULL, l.recorded_at,
            coalesce((l.payload ->> 'occurred_at')::timestamptz, l.recorded_at), NULL, gl.item_id,
            coalesce((e.line ->> 'quantity')::numeric, 0), 0, s.id, s.currency, NULL, NULL, l.subject_id,
            CASE split_part(l.topic, '.', 1) WHEN 'supplier_invoice' THEN 'payables' ELSE 'landed_cost' END::costing.account,
            NULL, NULL, NULL, NULL, NULL, NULL, ARRAY[gl.movement_id], NULL, NULL, NULL, gl.id, (e.line ->> 'value')::numeric
        FROM other AS l
        CROSS JOIN LATERAL jsonb_array_elements(l.payload -> 'lines') WITH ORDINALITY AS e (line, ordinal)
        JOIN purchasing.goods_receipt_line AS gl ON gl.id = (e.line ->> 'receipt_line_id')::bigint
        JOIN catalog.location AS c ON c.id = gl.location_id
        JOIN catalog.site AS s ON s.id = c.site_id
        WHERE l.topic IN ('supplier_invoice.posted', 'supplier_invoice.reversed', 'landed_cost.posted', 'landed_cost.reversed')
        UNION ALL
        SELECT l.position, 1, 'standard_cost', NULL, l.recorded_at, l.recorded_at, NULL, i.id, 0, 0, s.id, s.currency,
            coalesce((l.payload ->> 'standard_cost')::numeric, i.standard_cost), NULL, i.id,
            'revaluation', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
        FROM other AS l
        JOIN catalog.item AS i ON i.id = l.subject_id
        LEFT JOIN costing.item_stock AS k ON k.item_id = i.id
        LEFT JOIN catalog.location AS c ON c.id = i.default_location_id
        JOIN catalog.site AS s ON s.id = coalesce(c.site_id, (SELECT min(t.id) FROM catalog.site AS t))
        WHERE l.topic = 'item.saved'
          AND coalesce(k.method, i.costing_method) = 'standard' AND coalesce((l.payload ->> 'standard_cost')::numeric, i.standard_cost) IS NOT NULL
    ), ranked AS (
        SELECT w.*,
            dense_rank() OVER (ORDER BY w.item_id)::integer AS item_rank,
            dense_rank() OVER (ORDER BY w.work_order_id NULLS LAST)::integer AS work_order_rank,
            sum(w.good_quantity) OVER (PARTITION BY w.position ORDER BY w.ordinal DESC) AS open_quantity,
            sum(w.good_quantity) OVER (PARTITION BY w.position) AS total_good_quantity,
            sum(w.scrap_quantity) OVER (PARTITION BY w.position) AS total_scrap_quantity
        FROM work AS w
    )
    SELECT array_agg(ROW(r.id, r.position, r.movement_type, r.item_id, r.item_rank, r.direction, r.quantity, r.currency, r.standard_cost,
        r.purchase_value, r.original_type, r.original_ids, r.report_id, r.work_order_id,
        CASE WHEN r.work_order_id IS NOT NULL THEN r.work_order_rank END, r.planned_quantity,
        CASE WHEN r.good_quantity IS NOT NULL THEN r.open_quantity END,
        CASE
            WHEN r.original_type IS NOT NULL THEN -coalesce(r.good_quantity, r.scrap_quantity, 0)
            -- The first good line of a report brings its scrap along: good parts carry the cost of the bad ones.
            WHEN r.good_quantity IS NOT NULL AND r.open_quantity = r.total_good_quantity
                THEN r.good_quantity + coalesce(r.total_scrap_quantity, 0)
            WHEN r.total_good_quantity IS NOT NULL THEN coalesce(r.good_quantity, 0)
            ELSE coalesce(r.scrap_quantity, 0)
        END,
        r.kind, r.counter_account, r.site_id, r.document_type, r.document_id, r.posted_at, r.occurred_at,
        r.labour_value, r.machine_value, CASE WHEN r.labour_value <> 0 OR r.machine_value <> 0 THEN r.report_id END,
        CASE WHEN r.original_type IS NOT NULL THEN -r.scrap_quantity ELSE r.scrap_quantity END, r.receipt_line_id, r.later_value
        )::costing.movement_line ORDER BY r.position, r.ordinal), (SELECT count(*) FROM found)
    INTO p_lines, p_movements
    FROM ranked AS r;
END;
$function$;

COMMENT ON FUNCTION costing.read_movements(bigint, bigint) IS
    'What the feed tells of after position p_after up to p_to that moves value, in its order, with everything that its cost may depend on; and how many of its movements the ledger holds.';
