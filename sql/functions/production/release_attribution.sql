CREATE OR REPLACE FUNCTION production.release_attribution(
    p_material_id bigint,
    p_lot_id bigint
) RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_excess numeric;
    v_row record;
    v_take numeric;
BEGIN
    -- What reports count as used may not be more than what is still issued by scan.
    SELECT coalesce((
            SELECT sum(r.quantity)
            FROM production.production_report_material AS r
            JOIN production.production_report AS p ON p.id = r.production_report_id
            WHERE r.work_order_material_id = p_material_id AND r.lot_id = p_lot_id AND r.movement_id IS NULL AND NOT p.is_reversed), 0)
        - coalesce((
            SELECT sum(CASE t.kind WHEN 'issue' THEN l.quantity ELSE -l.quantity END)
            FROM production.material_issue_line AS l
            JOIN production.material_issue AS t ON t.id = l.material_issue_id
            WHERE l.work_order_material_id = p_material_id AND l.lot_id = p_lot_id AND NOT t.is_reversed), 0)
    INTO v_excess;

    FOR v_row IN
        SELECT r.id, r.quantity, p.id AS report_id, p.lot_id AS child_lot_id
        FROM production.production_report_material AS r
        JOIN production.production_report AS p ON p.id = r.production_report_id
        WHERE r.work_order_material_id = p_material_id
          AND r.lot_id = p_lot_id
          AND r.movement_id IS NULL
          AND r.quantity > 0
          AND NOT p.is_reversed
        ORDER BY r.id DESC
    LOOP
        EXIT WHEN v_excess <= 0;
        v_take := least(v_excess, v_row.quantity);
        UPDATE production.production_report_material AS r SET quantity = r.quantity - v_take WHERE r.id = v_row.id;
        PERFORM inventory.add_genealogy(p_lot_id, c.lot_id, -v_take, 'production_report', v_row.report_id)
        FROM (
            SELECT v_row.child_lot_id
            UNION
            SELECT b.lot_id FROM production.production_report_by_product AS b WHERE b.production_report_id = v_row.report_id
        ) AS c (lot_id)
        WHERE c.lot_id <> 0;
        v_excess := v_excess - v_take;
    END LOOP;
END;
$function$;

COMMENT ON FUNCTION production.release_attribution(bigint, bigint) IS
    'After scanned material of a lot came back: lowers what reports count as used of it, the latest report first, and the genealogy with it, until it is no more than what is issued.';
