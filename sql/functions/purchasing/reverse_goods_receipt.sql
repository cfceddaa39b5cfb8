CREATE OR REPLACE FUNCTION purchasing.reverse_goods_receipt(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('reverse-goods-receipt', p_context, p_command);
    v_receipt purchasing.goods_receipt;
    v_reason catalog.reason;
    v_line integer := (p_command ->> 'line')::integer;
    v_bad record;
    v_ids bigint[];
    v_movement_ids bigint[];
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_reason := catalog.find_reason(p_command ->> 'reason', '{reversal}');
    SELECT r.* INTO v_receipt FROM purchasing.goods_receipt AS r WHERE r.number = p_command ->> 'goods_receipt';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no goods receipt %', p_command ->> 'goods_receipt'
            USING ERRCODE = 'MR406',
                  DETAIL = jsonb_build_object('goods_receipt', p_command ->> 'goods_receipt')::text,
                  HINT = 'Check the number.';
    END IF;
    IF v_line IS NOT NULL AND NOT EXISTS (
        SELECT FROM purchasing.goods_receipt_line AS l WHERE l.goods_receipt_id = v_receipt.id AND l.line_number = v_line) THEN
        RAISE EXCEPTION 'goods receipt % has no line %', v_receipt.number, v_line
            USING ERRCODE = 'MR407',
                  DETAIL = jsonb_build_object('goods_receipt', v_receipt.number, 'line', v_line)::text,
                  HINT = 'Look at the receipt: its lines are numbered from 1.';
    END IF;

    PERFORM
    FROM purchasing.purchase_order_line AS ol
    WHERE ol.id IN (
        SELECT l.purchase_order_line_id
        FROM purchasing.goods_receipt_line AS l
        WHERE l.goods_receipt_id = v_receipt.id AND l.line_number = coalesce(v_line, l.line_number))
    ORDER BY ol.id
    FOR NO KEY UPDATE;
    PERFORM
    FROM purchasing.goods_receipt_line AS l
    WHERE l.goods_receipt_id = v_receipt.id AND l.line_number = coalesce(v_line, l.line_number)
    ORDER BY l.id
    FOR NO KEY UPDATE;

    SELECT l.line_number, l.state INTO v_bad
    FROM purchasing.goods_receipt_line AS l
    WHERE l.goods_receipt_id = v_receipt.id
      AND l.line_number = coalesce(v_line, l.line_number)
      AND NOT l.is_reversed
      AND EXISTS (SELECT FROM purchasing.inspection AS n WHERE n.goods_receipt_line_id = l.id AND NOT n.is_reversed)
    ORDER BY l.line_number
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'line % of goods receipt % was inspected', v_bad.line_number, v_receipt.number
            USING ERRCODE = 'MR411',
                  DETAIL = jsonb_build_object('goods_receipt', v_receipt.number, 'line', v_bad.line_number, 'state', v_bad.state)::text,
                  HINT = 'Take back the inspection first.';
    END IF;

    SELECT l.line_number INTO v_bad
    FROM purchasing.goods_receipt_line AS l
    WHERE l.goods_receipt_id = v_receipt.id
      AND l.line_number = coalesce(v_line, l.line_number)
      AND NOT l.is_reversed
      AND (l.invoiced_quantity > 0 OR EXISTS (
          SELECT
          FROM purchasing.landed_cost_line AS c
          JOIN purchasing.landed_cost AS d ON d.id = c.landed_cost_id
          WHERE c.goods_receipt_line_id = l.id AND NOT d.is_reversed))
    ORDER BY l.line_number
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'line % of goods receipt % was charged', v_bad.line_number, v_receipt.number
            USING ERRCODE = 'MR429',
                  DETAIL = jsonb_build_object('goods_receipt', v_receipt.number, 'line', v_bad.line_number)::text,
                  HINT = 'Take back its supplier invoice or landed cost first.';
    END IF;

    SELECT array_agg(l.id ORDER BY l.id), array_agg(l.movement_id ORDER BY l.id)
    INTO v_ids, v_movement_ids
    FROM purchasing.goods_receipt_line AS l
    WHERE l.goods_receipt_id = v_receipt.id
      AND l.line_number = coalesce(v_line, l.line_number)
      AND NOT l.is_reversed;
    IF v_ids IS NULL THEN
        RAISE EXCEPTION 'goods receipt % was taken back already', v_receipt.number
            USING ERRCODE = 'MR413',
                  DETAIL = jsonb_build_object('goods_receipt', v_receipt.number, 'line', v_line)::text,
                  HINT = 'Nothing more is to be done.';
    END IF;

    UPDATE purchasing.goods_receipt_line AS l SET is_reversed = true WHERE l.id = ANY (v_ids);
    UPDATE purchasing.purchase_order_line AS ol
    SET received_quantity = ol.received_quantity - s.quantity
    FROM (
        SELECT l.purchase_order_line_id, sum(l.quantity) AS quantity
        FROM purchasing.goods_receipt_line AS l
        WHERE l.id = ANY (v_ids)
        GROUP BY l.purchase_order_line_id
    ) AS s
    WHERE ol.id = s.purchase_order_line_id;
    PERFORM inventory.reverse_movements(v_movement_ids, 'goods_receipt', v_receipt.id, v_reason.id, event.occurred_at(p_command));

    PERFORM event.publish('goods_receipt.reversed', v_receipt.id,
        jsonb_build_object('number', v_receipt.number, 'line', v_line, 'reason', v_reason.code));
    RETURN event.finish_request(p_context, 201, purchasing.get_goods_receipt(v_receipt.number));
END;
$function$;

COMMENT ON FUNCTION purchasing.reverse_goods_receipt(jsonb, jsonb) IS
    'Command: takes back a goods receipt, or one line of it, while the goods are where they were put. Body: goods_receipt, line?, reason, occurred_at?. Raises MR406 or MR407 when there is no such receipt or line, MR411 when a line was inspected, MR429 when it was charged, MR413 when it was taken back already, MR201 when goods went on.';
