CREATE OR REPLACE FUNCTION costing.read_movements(
    p_after bigint,
    p_to bigint
) RETURNS costing.movement_line[]
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
DECLARE
    v_lines costing.movement_line[];
BEGIN
    WITH told AS MATERIALIZED (
        SELECT l.position, e.ordinal, (e.movement ->> 'id')::bigint AS movement_id, (l.payload ->> 'posted_at')::timestamptz AS posted_at
        FROM event.log AS l
        CROSS JOIN LATERAL jsonb_array_elements(l.payload -> 'movements') WITH ORDINALITY AS e (movement, ordinal)
        WHERE l.position > p_after AND l.position <= p_to AND l.topic = 'movement.posted'
    ), line AS MATERIALIZED (
        SELECT t.position, t.ordinal, m.id, m.movement_type, m.item_id, m.quantity, m.document_line_id,
            -- What is relabelled comes back in the same posting as another lot of the item: stock and value stay as they are.
            CASE WHEN m.movement_type = 'relabel' OR m.quantity = 0 THEN 0 WHEN g.is_physical AND NOT f.is_physical THEN 1 WHEN f.is_physical AND NOT g.is_physical THEN -1 ELSE 0 END AS direction,
            f.kind AS from_kind, s.currency, i.standard_cost, m.reverses_movement_id, o.movement_type AS original_type,
            coalesce(o.document_type, m.document_type) AS document_type, coalesce(o.document_id, m.document_id) AS document_id
        FROM told AS t
        JOIN inventory.movement AS m ON m.id = t.movement_id AND m.posted_at = t.posted_at
        JOIN catalog.location AS f ON f.id = m.from_location_id
        JOIN catalog.location AS g ON g.id = m.to_location_id
        JOIN catalog.site AS s ON s.id = g.site_id
        JOIN catalog.item AS i ON i.id = m.item_id
        LEFT JOIN LATERAL (
            SELECT r.movement_type, r.document_type, r.document_id
            FROM inventory.movement AS r
            WHERE m.reverses_movement_id IS NOT NULL AND r.id = m.reverses_movement_id
        ) AS o ON true
    ), work AS MATERIALIZED (
        SELECT l.position, l.ordinal, l.id, l.movement_type, l.item_id, l.quantity, l.direction, l.currency, l.standard_cost,
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
            p.value AS purchase_value
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
        CASE WHEN r.work_order_id IS NOT NULL THEN r.work_order_rank END, r.planned_quantity, r.open_quantity,
        CASE
            WHEN r.original_type IS NOT NULL THEN -coalesce(r.good_quantity, r.scrap_quantity, 0)
            -- The first good line of a report brings its scrap along: good parts carry the cost of the bad ones.
            WHEN r.good_quantity IS NOT NULL AND r.open_quantity = r.total_good_quantity
                THEN r.good_quantity + coalesce(r.total_scrap_quantity, 0)
            WHEN r.total_good_quantity IS NOT NULL THEN coalesce(r.good_quantity, 0)
            ELSE coalesce(r.scrap_quantity, 0)
        END)::costing.movement_line ORDER BY r.position, r.ordinal)
    INTO v_lines
    FROM ranked AS r;
    RETURN v_lines;
END;
$function$;

COMMENT ON FUNCTION costing.read_movements(bigint, bigint) IS
    'The movements that the feed tells of after position p_after up to p_to, in its order, with everything that their cost may depend on.';
