CREATE OR REPLACE FUNCTION purchasing.invoice_lines(
    p_supplier_invoice_id bigint,
    p_sign integer
) RETURNS jsonb
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN (
        SELECT jsonb_agg(jsonb_build_object('receipt_line_id', g.id::text, 'goods_receipt', r.number, 'line', g.line_number,
            'quantity', trim_scale(p_sign * l.quantity)::text, 'value', trim_scale(p_sign * l.value)::text) ORDER BY l.line_number)
        FROM purchasing.supplier_invoice_line AS l
        JOIN purchasing.goods_receipt_line AS g ON g.id = l.goods_receipt_line_id
        JOIN purchasing.goods_receipt AS r ON r.id = g.goods_receipt_id
        WHERE l.supplier_invoice_id = p_supplier_invoice_id);
END;
$function$;

COMMENT ON FUNCTION purchasing.invoice_lines(bigint, integer) IS
    'The lines of a supplier invoice as its event tells them: base units and value in the currency of the books, times p_sign (1 posted, -1 reversed).';
