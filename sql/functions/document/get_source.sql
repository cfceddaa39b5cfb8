CREATE OR REPLACE FUNCTION document.get_source(
    p_kind document.kind,
    p_number text
) RETURNS jsonb
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_source jsonb;
BEGIN
    CASE p_kind
        WHEN 'delivery_note' THEN
            v_source := shipping.get_shipment(p_number);
            -- What is carried over from page to page, and what it comes to, for each unit of measure.
            v_source := v_source || jsonb_build_object(
                'language', v_source -> 'customer' ->> 'language',
                'lines', (
                    SELECT jsonb_agg(l.line || jsonb_build_object('running', (
                        SELECT jsonb_agg(jsonb_build_object('unit', s.unit, 'quantity', s.quantity) ORDER BY s.first)
                        FROM (
                            SELECT e.line ->> 'unit' AS unit, min(e.place) AS first, trim_scale(sum((e.line ->> 'quantity')::numeric))::text AS quantity
                            FROM jsonb_array_elements(v_source -> 'lines') WITH ORDINALITY AS e (line, place)
                            WHERE e.place <= l.place
                            GROUP BY 1
                        ) AS s)) ORDER BY l.place)
                    FROM jsonb_array_elements(v_source -> 'lines') WITH ORDINALITY AS l (line, place)));
        WHEN 'invoice', 'credit_note' THEN
            v_source := billing.get_invoice(p_number);
            IF v_source ->> 'kind' <> p_kind::text THEN
                RETURN NULL;
            END IF;
            v_source := v_source || jsonb_build_object(
                'language', coalesce(v_source -> 'buyer' ->> 'language', 'en'),
                'lines', (
                    SELECT jsonb_agg(l.line || jsonb_build_object('running_net', l.running_net::text) ORDER BY l.place)
                    FROM (
                        SELECT e.line, e.place, sum((e.line ->> 'net')::numeric) OVER (ORDER BY e.place) AS running_net
                        FROM jsonb_array_elements(v_source -> 'lines') WITH ORDINALITY AS e (line, place)
                    ) AS l),
                'corrects_issued_on', (SELECT i.issued_on FROM billing.invoice AS i WHERE i.number = v_source ->> 'corrects_invoice'),
                'sales_orders', (
                    SELECT jsonb_agg(jsonb_build_object('number', o.number, 'customer_reference', o.customer_reference) ORDER BY o.number)
                    FROM (
                        SELECT DISTINCT l.line ->> 'sales_order' AS number, l.line ->> 'customer_reference' AS customer_reference
                        FROM jsonb_array_elements(v_source -> 'lines') AS l (line)
                    ) AS o));
        WHEN 'handling_unit_label' THEN
            v_source := shipping.get_handling_unit(p_number);
            IF jsonb_typeof(v_source -> 'customer') IS DISTINCT FROM 'object' THEN
                v_source := v_source || '{"customer": null}'::jsonb;
            END IF;
            -- A label names each lot once, in however many boxes it lies, and the day of the site.
            v_source := v_source || jsonb_build_object(
                'language', coalesce(v_source -> 'customer' ->> 'language', 'en'),
                'packed_on', (
                    SELECT (u.packed_at AT TIME ZONE s.time_zone)::date
                    FROM shipping.handling_unit AS u
                    JOIN catalog.site AS s ON s.id = u.site_id
                    WHERE u.sscc = p_number),
                'contents', (
                    SELECT coalesce(jsonb_agg(jsonb_build_object(
                        'item', c.item, 'item_name', c.item_name, 'gtin', c.gtin, 'lot', c.lot, 'expires_on', c.expires_on,
                        'quantity', trim_scale(c.quantity)::text, 'unit', c.unit, 'packages', c.packages,
                        'is_serial', (SELECT i.tracking = 'serial' FROM catalog.item AS i WHERE i.number = c.item)) ORDER BY c.item, c.lot), '[]'::jsonb)
                    FROM (
                        SELECT l.line ->> 'item' AS item, l.line ->> 'item_name' AS item_name, l.line ->> 'gtin' AS gtin,
                            l.line ->> 'lot' AS lot, l.line ->> 'expires_on' AS expires_on, l.line ->> 'unit' AS unit,
                            sum((l.line ->> 'quantity')::numeric) AS quantity, count(DISTINCT l.line ->> 'handling_unit') AS packages
                        FROM jsonb_array_elements(v_source -> 'contents') AS l (line)
                        GROUP BY 1, 2, 3, 4, 5, 6
                    ) AS c));
        WHEN 'lot_label' THEN
            -- In the language of the country where it lies.
            SELECT jsonb_build_object(
                'item', i.number,
                'item_name', i.name,
                'gtin', i.gtin,
                'lot', l.number,
                'is_serial', i.tracking = 'serial',
                'supplier', p.name,
                'supplier_lot', l.supplier_lot,
                'manufactured_on', l.manufactured_on,
                'expires_on', l.expires_on,
                'made_on', (l.created_at AT TIME ZONE 'UTC')::date,
                'language', coalesce((
                    SELECT CASE s.country WHEN 'TR' THEN 'tr' WHEN 'DE' THEN 'de' WHEN 'AT' THEN 'de' ELSE 'en' END
                    FROM inventory.balance AS b
                    JOIN catalog.location AS c ON c.id = b.location_id
                    JOIN catalog.site AS s ON s.id = c.site_id
                    WHERE b.item_id = i.id AND b.lot_id = l.id
                    ORDER BY s.id
                    LIMIT 1), 'en'))
            INTO v_source
            FROM catalog.item AS i
            JOIN inventory.lot AS l ON l.item_id = i.id
            LEFT JOIN catalog.partner AS p ON p.id = l.supplier_id
            WHERE i.number = split_part(p_number, ':', 1)
              AND l.number = split_part(p_number, ':', 2);
    END CASE;
    RETURN v_source;
END;
$function$;

COMMENT ON FUNCTION document.get_source(document.kind, text) IS
    'Everything that is printed on a document, and the language to print it in, as one JSON document of the room that it comes from; null when there is no such document.';
