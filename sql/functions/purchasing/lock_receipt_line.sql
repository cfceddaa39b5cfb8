CREATE OR REPLACE FUNCTION purchasing.lock_receipt_line(
    p_receipt text,
    p_line integer
) RETURNS purchasing.goods_receipt_line
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_receipt_id bigint;
    v_line purchasing.goods_receipt_line;
BEGIN
    SELECT r.id INTO v_receipt_id FROM purchasing.goods_receipt AS r WHERE r.number = p_receipt;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no goods receipt %', p_receipt
            USING ERRCODE = 'MR406',
                  DETAIL = jsonb_build_object('goods_receipt', p_receipt)::text,
                  HINT = 'Check the number.';
    END IF;
    -- Order line before receipt line, as everywhere.
    PERFORM
    FROM purchasing.purchase_order_line AS ol
    WHERE ol.id IN (
        SELECT l.purchase_order_line_id
        FROM purchasing.goods_receipt_line AS l
        WHERE l.goods_receipt_id = v_receipt_id AND l.line_number = p_line)
    FOR NO KEY UPDATE;
    SELECT l.* INTO v_line
    FROM purchasing.goods_receipt_line AS l
    WHERE l.goods_receipt_id = v_receipt_id AND l.line_number = p_line
    FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'goods receipt % has no line %', p_receipt, p_line
            USING ERRCODE = 'MR407',
                  DETAIL = jsonb_build_object('goods_receipt', p_receipt, 'line', p_line)::text,
                  HINT = 'Look at the receipt: its lines are numbered from 1.';
    END IF;
    IF v_line.is_reversed THEN
        RAISE EXCEPTION 'line % of goods receipt % was taken back', p_line, p_receipt
            USING ERRCODE = 'MR413',
                  DETAIL = jsonb_build_object('goods_receipt', p_receipt, 'line', p_line)::text,
                  HINT = 'Nothing more is to be done.';
    END IF;
    RETURN v_line;
END;
$function$;

COMMENT ON FUNCTION purchasing.lock_receipt_line(text, integer) IS
    'A receipt line that stands, locked together with its order line. Raises MR406 or MR407 when there is no such receipt or line, MR413 when it was taken back.';
