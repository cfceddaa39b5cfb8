CREATE OR REPLACE FUNCTION purchasing.get_landed_cost(
    p_number text
) RETURNS jsonb
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN (
        SELECT jsonb_build_object(
            'number', d.number, 'kind', d.kind, 'spread_by', d.spread_by, 'site', t.code, 'supplier', p.code,
            'external_number', d.external_number, 'currency', d.currency, 'exchange_rate', trim_scale(d.exchange_rate)::text,
            'amount', trim_scale(d.amount)::text, 'is_reversed', d.is_reversed, 'created_at', d.created_at,
            'lines', (
                SELECT jsonb_agg(jsonb_build_object(
                    'line', l.line_number, 'goods_receipt', r.number, 'receipt_line', g.line_number, 'item', i.number,
                    'value', trim_scale(l.value)::text) ORDER BY l.line_number)
                FROM purchasing.landed_cost_line AS l
                JOIN purchasing.goods_receipt_line AS g ON g.id = l.goods_receipt_line_id
                JOIN purchasing.goods_receipt AS r ON r.id = g.goods_receipt_id
                JOIN catalog.item AS i ON i.id = g.item_id
                WHERE l.landed_cost_id = d.id))
        FROM purchasing.landed_cost AS d
        JOIN catalog.site AS t ON t.id = d.site_id
        LEFT JOIN catalog.partner AS p ON p.id = d.supplier_id
        WHERE d.number = p_number);
END;
$function$;

COMMENT ON FUNCTION purchasing.get_landed_cost(text) IS
    'A landed cost as a document; shares in the currency of the books. Null when there is none of that number.';
