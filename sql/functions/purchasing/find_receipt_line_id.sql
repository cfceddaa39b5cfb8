CREATE OR REPLACE FUNCTION purchasing.find_receipt_line_id(
    p_receipt text,
    p_line integer
) RETURNS bigint
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_receipt_id bigint;
    v_line_id bigint;
BEGIN
    SELECT r.id INTO v_receipt_id FROM purchasing.goods_receipt AS r WHERE r.number = p_receipt;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no goods receipt %', p_receipt
            USING ERRCODE = 'MR406',
                  DETAIL = jsonb_build_object('goods_receipt', p_receipt)::text,
                  HINT = 'Check the number.';
    END IF;
    SELECT l.id INTO v_line_id FROM purchasing.goods_receipt_line AS l WHERE l.goods_receipt_id = v_receipt_id AND l.line_number = p_line;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'goods receipt % has no line %', p_receipt, p_line
            USING ERRCODE = 'MR407',
                  DETAIL = jsonb_build_object('goods_receipt', p_receipt, 'line', p_line)::text,
                  HINT = 'Look at the receipt: its lines are numbered from 1.';
    END IF;
    RETURN v_line_id;
END;
$function$;

COMMENT ON FUNCTION purchasing.find_receipt_line_id(text, integer) IS
    'The id of a line of a goods receipt. Raises MR406 or MR407 when there is none.';
