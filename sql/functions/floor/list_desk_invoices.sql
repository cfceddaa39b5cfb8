CREATE OR REPLACE FUNCTION floor.list_desk_invoices(
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH page AS (
        SELECT v.id FROM billing.invoice AS v
        WHERE p_after IS NULL OR v.id < (SELECT a.id FROM billing.invoice AS a WHERE a.number = p_after)
        ORDER BY v.id DESC LIMIT p_limit
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
            'number', v.number, 'kind', v.kind, 'site', s.code, 'customer', c.code, 'customer_name', v.buyer ->> 'name',
            'shipment', h.number, 'customer_return', r.number, 'corrects_invoice', i.number, 'issued_on', v.issued_on, 'due_on', v.due_on,
            'net', trim_scale(v.net)::text, 'tax', trim_scale(v.tax)::text, 'gross', trim_scale(v.gross)::text, 'currency', v.currency,
            'is_rendered', EXISTS (SELECT FROM document.file AS f WHERE f.kind = v.kind::text::document.kind AND f.number = v.number)))
            ORDER BY v.id DESC), '[]'),
        'next', CASE WHEN count(*) = p_limit THEN (array_agg(v.number ORDER BY v.id))[1] END)
    FROM page AS p
    JOIN billing.invoice AS v ON v.id = p.id
    JOIN catalog.site AS s ON s.id = v.site_id
    JOIN catalog.partner AS c ON c.id = v.customer_id
    JOIN shipping.shipment AS h ON h.id = v.shipment_id
    LEFT JOIN shipping.customer_return AS r ON r.id = v.customer_return_id
    LEFT JOIN billing.invoice AS i ON i.id = v.corrects_invoice_id;
$function$;

COMMENT ON FUNCTION floor.list_desk_invoices(text, integer) IS
    'A page of invoices and credit notes for the desk, latest first, after the number p_after, and whether their document is drawn.';
