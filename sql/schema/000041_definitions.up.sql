SET LOCAL lock_timeout = '5s';

-- Definitions as of this version. Written by `make migration`; edit the files named below instead.
SET LOCAL check_function_bodies = off;

-- >>> functions/event/record_intervention.sql sha256:6f102f613cd22e80
CREATE OR REPLACE FUNCTION event.record_intervention(
    p_context jsonb,
    p_action text,
    p_asked jsonb
) RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    -- The audit takes from here who acts.
    PERFORM set_config('millrace.actor', p_context ->> 'actor', true),
        set_config('millrace.device', coalesce(p_context ->> 'device', ''), true),
        set_config('millrace.request_id', p_context ->> 'request_id', true);
    INSERT INTO event.intervention (actor, device, request_id, action, asked)
    VALUES (p_context ->> 'actor', p_context ->> 'device', p_context ->> 'request_id', left(p_action, 500), p_asked);
END;
$function$;

COMMENT ON FUNCTION event.record_intervention(jsonb, text, jsonb) IS
    'Notes who is about to do what on River''s pages: {actor, device, request_id}, the action, and what was asked for.';
-- <<< functions/event/record_intervention.sql

-- >>> functions/floor/find_desk_items.sql sha256:39d233526501bf03
CREATE OR REPLACE FUNCTION floor.find_desk_items(
    p_find text,
    p_use text,
    p_supplier text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH found AS (
        SELECT i.*, row_number() OVER (ORDER BY lower(i.number) <> lower(p_find), s.price IS NULL,
            NOT CASE p_use WHEN 'purchased' THEN i.is_purchased WHEN 'manufactured' THEN i.is_manufactured WHEN 'sold' THEN i.is_sold ELSE true END,
            NOT starts_with(lower(i.number), lower(p_find)), i.number) AS rank,
            s.price, s.currency, s.unit_id AS price_unit_id
        FROM catalog.item AS i
        LEFT JOIN catalog.supplier_item AS s ON s.item_id = i.id
            AND s.partner_id = (SELECT p.id FROM catalog.partner AS p WHERE p.code = p_supplier)
        WHERE strpos(lower(i.number), lower(p_find)) > 0 OR strpos(lower(i.name), lower(p_find)) > 0
        ORDER BY rank LIMIT p_limit
    )
    SELECT jsonb_build_object('items', coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
        'number', f.number, 'name', f.name, 'unit', u.code,
        'units', (
            SELECT jsonb_agg(jsonb_build_object('unit', n.code, 'name', n.name, 'scale', n.scale) ORDER BY n.id <> f.base_unit_id, n.code)
            FROM catalog.unit AS n
            WHERE n.id = f.base_unit_id OR n.id IN (SELECT x.unit_id FROM catalog.item_unit AS x WHERE x.item_id = f.id)),
        'price', trim_scale(f.price)::text, 'price_unit', w.code, 'price_currency', f.currency)) ORDER BY f.rank), '[]'))
    FROM found AS f
    JOIN catalog.unit AS u ON u.id = f.base_unit_id
    LEFT JOIN catalog.unit AS w ON w.id = f.price_unit_id;
$function$;

COMMENT ON FUNCTION floor.find_desk_items(text, text, text, integer) IS
    'Items whose number or name holds p_find, for whoever fills in an order: the number itself first, then those that p_supplier has a price for, then those that are for p_use (purchased, manufactured, sold). With the units they are ordered in, the base unit first, and the price of the supplier.';
-- <<< functions/floor/find_desk_items.sql

-- >>> functions/floor/find_desk_partners.sql sha256:50be871e7c0e73f6
CREATE OR REPLACE FUNCTION floor.find_desk_partners(
    p_find text,
    p_kind text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH found AS (
        SELECT p.*, row_number() OVER (ORDER BY lower(p.code) <> lower(p_find), NOT starts_with(lower(p.code), lower(p_find)), p.code) AS rank
        FROM catalog.partner AS p
        WHERE CASE p_kind WHEN 'supplier' THEN p.is_supplier ELSE p.is_customer END
          AND (strpos(lower(p.code), lower(p_find)) > 0 OR strpos(lower(p.name), lower(p_find)) > 0 OR strpos(lower(p.city), lower(p_find)) > 0)
        ORDER BY rank LIMIT p_limit
    )
    SELECT jsonb_build_object('items', coalesce(jsonb_agg(jsonb_build_object(
        'code', f.code, 'name', f.name, 'city', f.city, 'country', f.country, 'currency', f.currency) ORDER BY f.rank), '[]'))
    FROM found AS f;
$function$;

COMMENT ON FUNCTION floor.find_desk_partners(text, text, integer) IS
    'Suppliers or customers whose code, name or city holds p_find, for whoever fills in an order: the code itself first.';
-- <<< functions/floor/find_desk_partners.sql

-- >>> functions/floor/list_desk_customer_returns.sql sha256:3af0d0aaa1f02503
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
-- <<< functions/floor/list_desk_customer_returns.sql

-- >>> functions/floor/list_desk_invoices.sql sha256:08278332901375ba
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
-- <<< functions/floor/list_desk_invoices.sql

-- >>> functions/floor/list_desk_purchase_orders.sql sha256:0bf5cdaf90114f80
CREATE OR REPLACE FUNCTION floor.list_desk_purchase_orders(
    p_state text,
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    -- Only the branch asked for runs, each along an index of its own.
    WITH place AS (
        SELECT coalesce((SELECT a.id FROM purchasing.purchase_order AS a WHERE a.number = p_after),
            CASE WHEN p_after IS NULL THEN 9223372036854775807 ELSE 0 END) AS id
    ), page AS (
        (SELECT o.id FROM purchasing.purchase_order AS o
        WHERE p_state = 'open' AND o.state = 'released' AND o.id < (SELECT c.id FROM place AS c)
        ORDER BY o.id DESC LIMIT p_limit)
        UNION ALL
        (SELECT o.id FROM purchasing.purchase_order AS o
        WHERE p_state = 'all' AND o.id < (SELECT c.id FROM place AS c)
        ORDER BY o.id DESC LIMIT p_limit)
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
            'number', o.number, 'site', s.code, 'supplier', c.code, 'supplier_name', c.name, 'state', o.state,
            'ordered_on', o.ordered_on, 'due_on', l.due_on,
            'is_late', coalesce(o.state = 'released' AND l.open_due_on < catalog.local_date(o.site_id), false),
            'lines', l.lines, 'received_percent', l.received_percent, 'net', l.net, 'currency', o.currency)) ORDER BY o.id DESC), '[]'),
        'next', CASE WHEN count(*) = p_limit THEN (array_agg(o.number ORDER BY o.id))[1] END)
    FROM page AS p
    JOIN purchasing.purchase_order AS o ON o.id = p.id
    JOIN catalog.site AS s ON s.id = o.site_id
    JOIN catalog.partner AS c ON c.id = o.supplier_id
    CROSS JOIN LATERAL (
        SELECT count(*) AS lines, min(n.due_on) AS due_on,
            min(n.due_on) FILTER (WHERE n.received_quantity - n.returned_quantity < n.base_quantity) AS open_due_on,
            floor(100 * avg(least((n.received_quantity - n.returned_quantity) / n.base_quantity, 1)))::integer AS received_percent,
            trim_scale(sum(round(n.quantity * n.price, 2)))::text AS net
        FROM purchasing.purchase_order_line AS n
        WHERE n.purchase_order_id = o.id
    ) AS l;
$function$;

COMMENT ON FUNCTION floor.list_desk_purchase_orders(text, text, integer) IS
    'A page of purchase orders for the desk, latest first, after the number p_after; p_state open: only those on which goods are still expected. With what is received in per cent (mean over the lines), the first day due, and the value of the order in its currency.';
-- <<< functions/floor/list_desk_purchase_orders.sql

-- >>> functions/floor/list_desk_sales_orders.sql sha256:30727d03d3287207
CREATE OR REPLACE FUNCTION floor.list_desk_sales_orders(
    p_state text,
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    -- Only the branch asked for runs, each along an index of its own.
    WITH place AS (
        SELECT coalesce((SELECT a.id FROM sales.sales_order AS a WHERE a.number = p_after),
            CASE WHEN p_after IS NULL THEN 9223372036854775807 ELSE 0 END) AS id
    ), page AS (
        (SELECT o.id FROM sales.sales_order AS o
        WHERE p_state = 'open' AND o.state = 'released' AND o.id < (SELECT c.id FROM place AS c)
        ORDER BY o.id DESC LIMIT p_limit)
        UNION ALL
        (SELECT o.id FROM sales.sales_order AS o
        WHERE p_state = 'all' AND o.id < (SELECT c.id FROM place AS c)
        ORDER BY o.id DESC LIMIT p_limit)
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
            'number', o.number, 'site', s.code, 'customer', c.code, 'customer_name', c.name, 'customer_reference', o.customer_reference,
            'state', o.state, 'ordered_on', o.ordered_on, 'requested_on', o.requested_on,
            'is_late', coalesce(o.state = 'released' AND l.shipped_percent < 100 AND o.requested_on < catalog.local_date(o.site_id), false),
            'lines', l.lines, 'picked_percent', l.picked_percent, 'shipped_percent', l.shipped_percent,
            'invoiced_percent', l.invoiced_percent, 'net', l.net, 'currency', o.currency)) ORDER BY o.id DESC), '[]'),
        'next', CASE WHEN count(*) = p_limit THEN (array_agg(o.number ORDER BY o.id))[1] END)
    FROM page AS p
    JOIN sales.sales_order AS o ON o.id = p.id
    JOIN catalog.site AS s ON s.id = o.site_id
    JOIN catalog.partner AS c ON c.id = o.customer_id
    CROSS JOIN LATERAL (
        SELECT count(*) AS lines, floor(100 * avg(n.picked_quantity / n.base_quantity))::integer AS picked_percent,
            floor(100 * avg(n.shipped_quantity / n.base_quantity))::integer AS shipped_percent,
            floor(100 * avg(n.invoiced_quantity / n.base_quantity))::integer AS invoiced_percent,
            trim_scale(sum(round(n.quantity * n.unit_price, 2)))::text AS net
        FROM sales.sales_order_line AS n
        WHERE n.sales_order_id = o.id
    ) AS l;
$function$;

COMMENT ON FUNCTION floor.list_desk_sales_orders(text, text, integer) IS
    'A page of sales orders for the desk, latest first, after the number p_after; p_state open: only those that nobody closed or cancelled. With what is picked, shipped and invoiced in per cent (mean over the lines), and the net value of the order in its currency.';
-- <<< functions/floor/list_desk_sales_orders.sql

-- >>> functions/floor/list_desk_shipments.sql sha256:32f6d0a4e7eab76c
CREATE OR REPLACE FUNCTION floor.list_desk_shipments(
    p_state text,
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    -- Only the branch asked for runs. A shipment is invoiced as a whole, so one line tells whether it is.
    WITH place AS (
        SELECT coalesce((SELECT a.id FROM shipping.shipment AS a WHERE a.number = p_after),
            CASE WHEN p_after IS NULL THEN 9223372036854775807 ELSE 0 END) AS id
    ), page AS (
        (SELECT h.id FROM shipping.shipment AS h
        WHERE p_state = 'open' AND NOT h.is_reversed AND h.id < (SELECT c.id FROM place AS c)
          AND h.id IN (SELECT l.shipment_id FROM shipping.shipment_line AS l WHERE l.invoiced_quantity = 0)
        ORDER BY h.id DESC LIMIT p_limit)
        UNION ALL
        (SELECT h.id FROM shipping.shipment AS h
        WHERE p_state = 'all' AND h.id < (SELECT c.id FROM place AS c)
        ORDER BY h.id DESC LIMIT p_limit)
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
            'number', h.number, 'delivery_note', d.number, 'site', s.code, 'customer', c.code, 'customer_name', c.name,
            'shipped_on', h.shipped_on, 'is_reversed', h.is_reversed, 'invoice', v.number,
            'lines', l.lines, 'sales_orders', to_jsonb(l.orders), 'net', l.net, 'currency', h.currency)) ORDER BY h.id DESC), '[]'),
        'next', CASE WHEN count(*) = p_limit THEN (array_agg(h.number ORDER BY h.id))[1] END)
    FROM page AS p
    JOIN shipping.shipment AS h ON h.id = p.id
    JOIN shipping.delivery_note AS d ON d.shipment_id = h.id
    JOIN catalog.site AS s ON s.id = h.site_id
    JOIN catalog.partner AS c ON c.id = h.customer_id
    LEFT JOIN billing.invoice AS v ON v.shipment_id = h.id AND v.kind = 'invoice'
    CROSS JOIN LATERAL (
        SELECT count(*) AS lines, array_agg(DISTINCT o.number ORDER BY o.number) AS orders,
            trim_scale(sum(billing.net_amount(e.quantity, e.unit_price, e.price_quantity)))::text AS net
        FROM shipping.shipment_line AS n
        JOIN sales.sales_order_line AS m ON m.id = n.sales_order_line_id
        JOIN sales.sales_order AS o ON o.id = m.sales_order_id
        CROSS JOIN LATERAL billing.express_quantity(m, n.quantity) AS e
        WHERE n.shipment_id = h.id
    ) AS l;
$function$;

COMMENT ON FUNCTION floor.list_desk_shipments(text, text, integer) IS
    'A page of shipments for the desk, latest first, after the number p_after; p_state open: only those that are to be invoiced. With the net amount that their invoice has or will have.';
-- <<< functions/floor/list_desk_shipments.sql

-- >>> functions/floor/list_desk_work_orders.sql sha256:dca63c13a16fd467
CREATE OR REPLACE FUNCTION floor.list_desk_work_orders(
    p_state text,
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    -- Only the branch asked for runs, each along an index of its own.
    WITH place AS (
        SELECT coalesce((SELECT a.id FROM production.work_order AS a WHERE a.number = p_after),
            CASE WHEN p_after IS NULL THEN 9223372036854775807 ELSE 0 END) AS id
    ), page AS (
        (SELECT o.id FROM production.work_order AS o
        WHERE p_state = 'open' AND o.state IN ('released', 'in_process') AND o.id < (SELECT c.id FROM place AS c)
        ORDER BY o.id DESC LIMIT p_limit)
        UNION ALL
        (SELECT o.id FROM production.work_order AS o
        WHERE p_state = 'all' AND o.id < (SELECT c.id FROM place AS c)
        ORDER BY o.id DESC LIMIT p_limit)
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
            'number', o.number, 'site', s.code, 'item', i.number, 'name', i.name, 'unit', u.code, 'work_center', w.code, 'state', o.state,
            'due_on', o.due_on, 'is_late', coalesce(o.state IN ('released', 'in_process') AND o.due_on < catalog.local_date(o.site_id), false),
            'quantity', trim_scale(o.quantity)::text, 'good_quantity', trim_scale(o.good_quantity)::text,
            'scrap_quantity', trim_scale(o.scrap_quantity)::text,
            'done_percent', least(floor(100 * o.good_quantity / o.quantity), 100)::integer)) ORDER BY o.id DESC), '[]'),
        'next', CASE WHEN count(*) = p_limit THEN (array_agg(o.number ORDER BY o.id))[1] END)
    FROM page AS p
    JOIN production.work_order AS o ON o.id = p.id
    JOIN catalog.site AS s ON s.id = o.site_id
    JOIN catalog.item AS i ON i.id = o.item_id
    JOIN catalog.unit AS u ON u.id = i.base_unit_id
    LEFT JOIN catalog.work_center AS w ON w.id = o.work_center_id;
$function$;

COMMENT ON FUNCTION floor.list_desk_work_orders(text, text, integer) IS
    'A page of work orders for the desk, latest first, after the number p_after; p_state open: only those on which more is made. Quantities in the base unit of the item.';
-- <<< functions/floor/list_desk_work_orders.sql

-- >>> functions/identity/has_signing_key.sql sha256:36e2f89f9e6433cd
CREATE OR REPLACE FUNCTION identity.has_signing_key(
    p_kid text
) RETURNS boolean
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT EXISTS (
        SELECT FROM identity.signing_key AS k
        WHERE k.kid = p_kid
          AND (k.expires_at IS NULL OR k.expires_at > clock_timestamp()));
$function$;

COMMENT ON FUNCTION identity.has_signing_key(text) IS
    'Whether what the key of that name signed is still good: for programs that verify tokens and hold no key.';
-- <<< functions/identity/has_signing_key.sql

-- >>> triggers/event/intervention_append_only.sql sha256:8d75f99fba67703e
CREATE OR REPLACE TRIGGER intervention_append_only
    BEFORE UPDATE OR DELETE ON event.intervention
    FOR EACH ROW EXECUTE FUNCTION event.refuse_change();

COMMENT ON TRIGGER intervention_append_only ON event.intervention IS 'Refuses update and delete.';
-- <<< triggers/event/intervention_append_only.sql

-- >>> triggers/event/intervention_audited.sql sha256:ca0f2dcb42574b34
CREATE OR REPLACE TRIGGER intervention_audited
    AFTER INSERT OR UPDATE OR DELETE ON event.intervention
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER intervention_audited ON event.intervention IS 'Records every change in audit.entry.';
-- <<< triggers/event/intervention_audited.sql

-- >>> triggers/event/intervention_not_truncated.sql sha256:01ab0c7f4c89b47e
CREATE OR REPLACE TRIGGER intervention_not_truncated
    BEFORE TRUNCATE ON event.intervention
    FOR EACH STATEMENT EXECUTE FUNCTION event.refuse_change();

COMMENT ON TRIGGER intervention_not_truncated ON event.intervention IS 'Refuses truncate, which row triggers do not see.';
-- <<< triggers/event/intervention_not_truncated.sql
