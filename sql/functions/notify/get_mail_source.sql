CREATE OR REPLACE FUNCTION notify.get_mail_source(
    p_kind document.kind,
    p_number text
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH addressed AS (
        SELECT p.id, p.delivery_note_email AS recipient
        FROM shipping.delivery_note AS d
        JOIN shipping.shipment AS h ON h.id = d.shipment_id
        JOIN catalog.partner AS p ON p.id = h.customer_id
        WHERE p_kind = 'delivery_note' AND d.number = p_number AND NOT h.is_reversed
        UNION ALL
        SELECT p.id, p.invoice_email
        FROM billing.invoice AS i
        JOIN catalog.partner AS p ON p.id = i.customer_id
        WHERE p_kind IN ('invoice', 'credit_note') AND i.number = p_number AND i.kind::text = p_kind::text
    )
    SELECT jsonb_build_object(
        'partner_id', a.id::text,
        'recipient', a.recipient,
        'file_id', f.id::text,
        'language', f.language,
        'kind', p_kind,
        'number', p_number,
        'seller', coalesce(s.source -> 'seller' ->> 'name', s.source -> 'site' ->> 'name'),
        'buyer', coalesce(s.source -> 'buyer' ->> 'name', s.source -> 'customer' ->> 'name'),
        'issued_on', s.source -> 'issued_on',
        'due_on', s.source -> 'due_on',
        'gross', s.source -> 'gross',
        'currency', s.source -> 'currency',
        'tracking_reference', s.source -> 'tracking_reference',
        'sales_orders', coalesce(s.source -> 'sales_orders', '[]'::jsonb))
    FROM addressed AS a
    JOIN document.file AS f ON f.kind = p_kind AND f.number = p_number AND f.revision = 1
    CROSS JOIN LATERAL document.get_source(p_kind, p_number) AS s (source)
    WHERE a.recipient IS NOT NULL
    ORDER BY f.id DESC
    LIMIT 1;
$function$;

COMMENT ON FUNCTION notify.get_mail_source(document.kind, text) IS
    'What the mail that brings a document to its partner is made of; null when the partner has no address for documents of this kind, the document is not rendered, or its goods never left.';
