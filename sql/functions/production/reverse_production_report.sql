CREATE OR REPLACE FUNCTION production.reverse_production_report(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('reverse-production-report', p_context, p_command);
    v_reason catalog.reason;
    v_order production.work_order;
    v_report production.production_report;
    v_number text;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_reason := catalog.find_reason(p_command ->> 'reason', '{reversal}');
    SELECT o.number INTO v_number
    FROM production.production_report AS r
    JOIN production.work_order AS o ON o.id = r.work_order_id
    WHERE r.number = p_command ->> 'production_report';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no production report %', p_command ->> 'production_report'
            USING ERRCODE = 'MR318',
                  DETAIL = jsonb_build_object('production_report', p_command ->> 'production_report')::text,
                  HINT = 'Check the number.';
    END IF;
    v_order := production.lock_work_order(v_number, '{in_process}');
    SELECT r.* INTO STRICT v_report FROM production.production_report AS r WHERE r.number = p_command ->> 'production_report' FOR NO KEY UPDATE;
    IF v_report.is_reversed THEN
        RAISE EXCEPTION '% was taken back already', v_report.number
            USING ERRCODE = 'MR310',
                  DETAIL = jsonb_build_object('production_report', v_report.number)::text,
                  HINT = 'Nothing more is to be done.';
    END IF;

    IF v_report.moves_stock THEN
        PERFORM inventory.reverse_movements(
            array_remove(ARRAY(
                SELECT m.movement_id FROM production.production_report_material AS m WHERE m.production_report_id = v_report.id
            ) || ARRAY(
                SELECT b.movement_id FROM production.production_report_by_product AS b WHERE b.production_report_id = v_report.id ORDER BY b.id
            ) || v_report.good_movement_id || v_report.scrap_movement_id, NULL),
            'production_report', v_report.id, v_reason.id, event.occurred_at(p_command));
        UPDATE production.work_order_material AS m
        SET issued_quantity = m.issued_quantity - s.quantity,
            backflushed_quantity = m.backflushed_quantity - s.quantity
        FROM (
            SELECT r.work_order_material_id, sum(r.quantity) AS quantity
            FROM production.production_report_material AS r
            WHERE r.production_report_id = v_report.id AND r.movement_id IS NOT NULL
            GROUP BY r.work_order_material_id
        ) AS s
        WHERE m.id = s.work_order_material_id;
        PERFORM inventory.add_genealogy(s.lot_id, s.child_lot_id, -s.quantity, 'production_report', v_report.id)
        FROM (
            SELECT r.lot_id, c.child_lot_id, sum(r.quantity) AS quantity
            FROM production.production_report_material AS r
            CROSS JOIN (
                SELECT v_report.lot_id
                UNION
                SELECT b.lot_id FROM production.production_report_by_product AS b WHERE b.production_report_id = v_report.id
            ) AS c (child_lot_id)
            WHERE r.production_report_id = v_report.id AND r.lot_id <> 0 AND r.quantity > 0 AND c.child_lot_id <> 0
            GROUP BY r.lot_id, c.child_lot_id
            ORDER BY r.lot_id, c.child_lot_id
        ) AS s;
    END IF;

    UPDATE production.production_report AS r SET is_reversed = true WHERE r.id = v_report.id;
    UPDATE production.work_order AS o
    SET good_quantity = o.good_quantity - CASE WHEN v_report.moves_stock THEN v_report.good_quantity ELSE 0 END,
        scrap_quantity = o.scrap_quantity - CASE WHEN v_report.moves_stock THEN v_report.scrap_quantity ELSE 0 END,
        rework_quantity = o.rework_quantity - v_report.rework_quantity
    WHERE o.id = v_order.id;
    UPDATE production.work_order_operation AS p
    SET good_quantity = p.good_quantity - v_report.good_quantity,
        scrap_quantity = p.scrap_quantity - v_report.scrap_quantity,
        rework_quantity = p.rework_quantity - v_report.rework_quantity
    WHERE p.id = v_report.work_order_operation_id;

    PERFORM event.publish('production_report.reversed', v_report.id,
        jsonb_build_object('number', v_report.number, 'work_order', v_order.number, 'reason', v_reason.code));
    RETURN event.finish_request(p_context, 201, production.get_production_report(v_report.number));
END;
$function$;

COMMENT ON FUNCTION production.reverse_production_report(jsonb, jsonb) IS
    'Command: takes back a report: its goods leave stock, its backflushed material comes back, its genealogy drops to 0. Body: production_report, reason, occurred_at?. Raises MR318 when there is none of that number, MR310 when it was taken back already, MR303 when the order is completed, MR201 when the goods went on.';
