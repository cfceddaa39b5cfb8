CREATE OR REPLACE FUNCTION production.attribute_material(
    p_order production.work_order,
    p_report_id bigint,
    p_child_lot_id bigint,
    p_produced numeric
) RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_row record;
    v_child_lot_id bigint;
    v_child_lots bigint[];
BEGIN
    -- Nothing was issued by scan: nothing to do. The usual case of an order that is backflushed.
    IF NOT EXISTS (SELECT FROM production.material_issue AS t WHERE t.work_order_id = p_order.id AND t.kind = 'issue' AND NOT t.is_reversed) THEN
        RETURN;
    END IF;
    v_child_lots := ARRAY(
        SELECT p_child_lot_id WHERE p_child_lot_id <> 0
        UNION
        SELECT b.lot_id FROM production.production_report_by_product AS b WHERE b.production_report_id = p_report_id AND b.lot_id <> 0
        ORDER BY 1);
    FOR v_row IN
        WITH issued AS (
            SELECT l.work_order_material_id, l.item_id, l.lot_id, min(l.id) AS first_id,
                sum(CASE t.kind WHEN 'issue' THEN l.quantity ELSE -l.quantity END) AS quantity
            FROM production.material_issue AS t
            JOIN production.material_issue_line AS l ON l.material_issue_id = t.id
            WHERE t.work_order_id = p_order.id AND NOT t.is_reversed AND l.lot_id <> 0
            GROUP BY l.work_order_material_id, l.item_id, l.lot_id
        ), used AS (
            SELECT r.work_order_material_id, r.lot_id, sum(r.quantity) AS quantity
            FROM production.production_report AS p
            JOIN production.production_report_material AS r ON r.production_report_id = p.id
            WHERE p.work_order_id = p_order.id AND NOT p.is_reversed AND r.movement_id IS NULL
            GROUP BY r.work_order_material_id, r.lot_id
        ), rest AS (
            SELECT i.work_order_material_id, i.item_id, i.lot_id, i.quantity - coalesce(u.quantity, 0) AS quantity,
                sum(i.quantity - coalesce(u.quantity, 0)) OVER (PARTITION BY i.work_order_material_id ORDER BY i.first_id) AS running,
                sum(coalesce(u.quantity, 0)) OVER (PARTITION BY i.work_order_material_id) AS used_quantity
            FROM issued AS i
            LEFT JOIN used AS u ON u.work_order_material_id = i.work_order_material_id AND u.lot_id = i.lot_id
        ), wanted AS (
            SELECT m.id, CASE WHEN p_produced IS NULL THEN m.issued_quantity
                ELSE round(m.required_quantity * p_produced / p_order.quantity, u.scale) - m.backflushed_quantity END AS quantity
            FROM production.work_order_material AS m
            JOIN catalog.item AS i ON i.id = m.item_id
            JOIN catalog.unit AS u ON u.id = i.base_unit_id
            WHERE m.work_order_id = p_order.id
        )
        SELECT r.work_order_material_id, r.item_id, r.lot_id,
            least(r.quantity, w.quantity - r.used_quantity - (r.running - r.quantity)) AS quantity
        FROM rest AS r
        JOIN wanted AS w ON w.id = r.work_order_material_id
        WHERE r.quantity > 0
          AND w.quantity - r.used_quantity - (r.running - r.quantity) > 0
        ORDER BY r.lot_id
    LOOP
        INSERT INTO production.production_report_material (production_report_id, work_order_material_id, item_id, lot_id, quantity)
        VALUES (p_report_id, v_row.work_order_material_id, v_row.item_id, v_row.lot_id, v_row.quantity);
        FOREACH v_child_lot_id IN ARRAY v_child_lots LOOP
            PERFORM inventory.add_genealogy(v_row.lot_id, v_child_lot_id, v_row.quantity, 'production_report', p_report_id);
        END LOOP;
    END LOOP;
END;
$function$;

COMMENT ON FUNCTION production.attribute_material(production.work_order, bigint, bigint, numeric) IS
    'Counts lots issued by scan to a report, first issued first, in proportion to what the order has produced so far (p_produced, good and scrap), or everything that is left (null: at completion), and writes the genealogy to the finished lot and to those of the by-products. Lots that backflush took have theirs already.';
