CREATE OR REPLACE FUNCTION floor.list_desk_customer_returns(
    p_state text,
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    -- Only the branch asked for runs. A return is credited as a whole, so one line tells whether it is.
    WITH place AS (
        SELECT coalesce((SELECT a.id FROM shipping.customer_return AS a WHERE a.number = p_after),
            CASE WHEN p_after IS NULL THEN 9223372036854775807 ELSE 0 END) AS id
    ), page AS (
        (SELECT r.id FROM shipping.customer_return AS r
        WHERE p_state = 'open' AND NOT r.is_reversed AND r.id < (SELECT c.id FROM place AS c)
          AND r.id IN (SELECT l.customer_return_id FROM shipping.customer_return_line AS l WHERE l.credited_quantity = 0)
        ORDER BY r.id DESC LIMIT p_limit)
        UNION ALL
        (SELECT r.id FROM shipping.customer_return AS r
        WHERE p_state = 'all' AND r.id < (SELECT c.id FROM place AS c)
        ORDER BY r.id DESC LIMIT p_limit)
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
            'number', r.number, 'shipment', h.number, 'delivery_note', d.number, 'site', s.code, 'customer', c.code, 'customer_name', c.name,
            'returned_at', r.returned_at, 'is_reversed', r.is_reversed,
            'is_inspected', (SELECT bool_and(l.accepted_quantity + l.rejected_quantity = l.quantity)
                FROM shipping.customer_return_line AS l WHERE l.customer_return_id = r.id),
            'invoice', v.number, 'credit_note', n.number)) ORDER BY r.id DESC), '[]'),
        'next', CASE WHEN count(*) = p_limit THEN (array_agg(r.number ORDER BY r.id))[1] END)
    FROM page AS p
    JOIN shipping.customer_return AS r ON r.id = p.id
    JOIN shipping.shipment AS h ON h.id = r.shipment_id
    JOIN shipping.delivery_note AS d ON d.shipment_id = h.id
    JOIN catalog.site AS s ON s.id = h.site_id
    JOIN catalog.partner AS c ON c.id = h.customer_id
    LEFT JOIN billing.invoice AS v ON v.shipment_id = h.id AND v.kind = 'invoice'
    LEFT JOIN billing.invoice AS n ON n.customer_return_id = r.id;
$function$;

COMMENT ON FUNCTION floor.list_desk_customer_returns(text, text, integer) IS
    'A page of customer returns for the desk, latest first, after the number p_after; p_state open: only those that are to be credited. With the invoice of what came back, without which nothing is credited.';
