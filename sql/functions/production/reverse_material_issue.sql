CREATE OR REPLACE FUNCTION production.reverse_material_issue(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('reverse-material-issue', p_context, p_command);
    v_reason catalog.reason;
    v_order production.work_order;
    v_issue production.material_issue;
    v_number text;
    v_bad record;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_reason := catalog.find_reason(p_command ->> 'reason', '{reversal}');
    SELECT o.number INTO v_number
    FROM production.material_issue AS t
    JOIN production.work_order AS o ON o.id = t.work_order_id
    WHERE t.number = p_command ->> 'material_issue';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no issue of material %', p_command ->> 'material_issue'
            USING ERRCODE = 'MR314',
                  DETAIL = jsonb_build_object('material_issue', p_command ->> 'material_issue')::text,
                  HINT = 'Check the number.';
    END IF;
    v_order := production.lock_work_order(v_number, '{released,in_process}');
    SELECT t.* INTO STRICT v_issue FROM production.material_issue AS t WHERE t.number = p_command ->> 'material_issue' FOR NO KEY UPDATE;
    IF v_issue.is_reversed THEN
        RAISE EXCEPTION '% was taken back already', v_issue.number
            USING ERRCODE = 'MR310',
                  DETAIL = jsonb_build_object('material_issue', v_issue.number)::text,
                  HINT = 'Nothing more is to be done.';
    END IF;

    UPDATE production.material_issue AS t SET is_reversed = true WHERE t.id = v_issue.id;
    -- A part may have come back by a return: what is out of a lot cannot be less than nothing.
    SELECT i.number AS item, lot.number AS lot INTO v_bad
    FROM production.material_issue AS t
    JOIN production.material_issue_line AS l ON l.material_issue_id = t.id
    JOIN catalog.item AS i ON i.id = l.item_id
    JOIN inventory.lot AS lot ON lot.id = l.lot_id
    WHERE t.work_order_id = v_order.id AND NOT t.is_reversed
    GROUP BY l.work_order_material_id, i.number, lot.number
    HAVING sum(CASE t.kind WHEN 'issue' THEN l.quantity ELSE -l.quantity END) < 0
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'a part of % came back already', v_issue.number
            USING ERRCODE = 'MR308',
                  DETAIL = jsonb_build_object('material_issue', v_issue.number, 'item', v_bad.item, 'lot', nullif(v_bad.lot, ''))::text,
                  HINT = 'Take back the return first, or return the rest.';
    END IF;
    SELECT i.number AS item, m.required_quantity, m.issued_quantity INTO v_bad
    FROM (
        SELECT l.work_order_material_id, sum(l.quantity) AS quantity
        FROM production.material_issue_line AS l
        WHERE l.material_issue_id = v_issue.id AND v_issue.kind = 'return'
        GROUP BY l.work_order_material_id
    ) AS s
    JOIN production.work_order_material AS m ON m.id = s.work_order_material_id
    JOIN catalog.item AS i ON i.id = m.item_id
    WHERE (m.issued_quantity - m.backflushed_quantity + s.quantity) * 100 > m.required_quantity * (100 + m.over_issue_percent)
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'without return % more of item % would be issued than order % needs', v_issue.number, v_bad.item, v_order.number
            USING ERRCODE = 'MR305',
                  CONSTRAINT = 'work_order_material_issued_quantity_check',
                  DETAIL = jsonb_build_object('work_order', v_order.number, 'item', v_bad.item,
                      'required', trim_scale(v_bad.required_quantity)::text, 'issued', trim_scale(v_bad.issued_quantity)::text)::text,
                  HINT = 'Return the later issues first.';
    END IF;

    UPDATE production.work_order_material AS m
    SET issued_quantity = m.issued_quantity + CASE v_issue.kind WHEN 'issue' THEN -s.quantity ELSE s.quantity END
    FROM (
        SELECT l.work_order_material_id, sum(l.quantity) AS quantity
        FROM production.material_issue_line AS l
        WHERE l.material_issue_id = v_issue.id
        GROUP BY l.work_order_material_id
    ) AS s
    WHERE m.id = s.work_order_material_id;
    PERFORM inventory.reverse_movements(
        ARRAY(SELECT l.movement_id FROM production.material_issue_line AS l WHERE l.material_issue_id = v_issue.id),
        'material_issue', v_issue.id, v_reason.id, event.occurred_at(p_command));
    PERFORM production.release_attribution(s.work_order_material_id, s.lot_id)
    FROM (
        SELECT DISTINCT l.work_order_material_id, l.lot_id
        FROM production.material_issue_line AS l
        WHERE l.material_issue_id = v_issue.id AND l.lot_id <> 0
    ) AS s;

    PERFORM event.publish('material_issue.reversed', v_issue.id,
        jsonb_build_object('number', v_issue.number, 'work_order', v_order.number, 'reason', v_reason.code));
    RETURN event.finish_request(p_context, 201, production.get_material_issue(v_issue.number));
END;
$function$;

COMMENT ON FUNCTION production.reverse_material_issue(jsonb, jsonb) IS
    'Command: takes back an issue or a return of material as a whole. Body: material_issue, reason, occurred_at?. Raises MR314 when there is none of that number, MR310 when it was taken back already, MR303 when the order is completed, MR308 when a part of an issue came back already, MR305 when a return stands between later issues and the limit, MR201 when returned material went on.';
