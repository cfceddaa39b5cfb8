CREATE OR REPLACE FUNCTION floor.list_event_sites(
    p_topics text[],
    p_subject_ids bigint[],
    p_locations text[]
) RETURNS TABLE (
    ordinal integer,
    site text
)
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH event AS MATERIALIZED (
        SELECT e.ordinal::integer AS ordinal, split_part(e.topic, '.', 1) AS noun, e.subject_id AS id, nullif(e.location, '') AS location
        FROM unnest(p_topics, p_subject_ids, p_locations) WITH ORDINALITY AS e (topic, subject_id, location, ordinal)
    ), found AS (
        -- Only the branch of the noun is looked up. What names a location is where that is.
        SELECT e.ordinal, CASE
            WHEN e.location IS NOT NULL THEN (SELECT c.site_id FROM catalog.location AS c WHERE c.code = e.location)
            ELSE CASE e.noun
                WHEN 'site' THEN e.id
                WHEN 'location' THEN (SELECT c.site_id FROM catalog.location AS c WHERE c.id = e.id)
                WHEN 'work_center' THEN (SELECT w.site_id FROM catalog.work_center AS w WHERE w.id = e.id)
                WHEN 'count' THEN (SELECT c.site_id FROM inventory.count AS n JOIN catalog.location AS c ON c.id = n.location_id WHERE n.id = e.id)
                WHEN 'reservation' THEN (
                    SELECT c.site_id FROM inventory.reservation AS r JOIN catalog.location AS c ON c.id = r.location_id WHERE r.id = e.id)
                WHEN 'purchase_order' THEN (SELECT o.site_id FROM purchasing.purchase_order AS o WHERE o.id = e.id)
                WHEN 'goods_receipt' THEN (
                    SELECT o.site_id FROM purchasing.goods_receipt AS r
                    JOIN purchasing.purchase_order AS o ON o.id = r.purchase_order_id WHERE r.id = e.id)
                WHEN 'inspection' THEN (
                    SELECT c.site_id FROM purchasing.inspection AS n
                    JOIN purchasing.goods_receipt_line AS l ON l.id = n.goods_receipt_line_id
                    JOIN catalog.location AS c ON c.id = l.location_id WHERE n.id = e.id)
                WHEN 'supplier_return' THEN (
                    SELECT c.site_id FROM purchasing.supplier_return AS r JOIN catalog.location AS c ON c.id = r.from_location_id WHERE r.id = e.id)
                WHEN 'supplier_invoice' THEN (SELECT i.site_id FROM purchasing.supplier_invoice AS i WHERE i.id = e.id)
                WHEN 'landed_cost' THEN (SELECT l.site_id FROM purchasing.landed_cost AS l WHERE l.id = e.id)
                WHEN 'work_order' THEN (SELECT o.site_id FROM production.work_order AS o WHERE o.id = e.id)
                WHEN 'material_issue' THEN (
                    SELECT o.site_id FROM production.material_issue AS m JOIN production.work_order AS o ON o.id = m.work_order_id WHERE m.id = e.id)
                WHEN 'material_return' THEN (
                    SELECT o.site_id FROM production.material_issue AS m JOIN production.work_order AS o ON o.id = m.work_order_id WHERE m.id = e.id)
                WHEN 'production_report' THEN (
                    SELECT o.site_id FROM production.production_report AS r JOIN production.work_order AS o ON o.id = r.work_order_id WHERE r.id = e.id)
                WHEN 'sales_order' THEN (SELECT o.site_id FROM sales.sales_order AS o WHERE o.id = e.id)
                WHEN 'pick' THEN (
                    SELECT c.site_id FROM shipping.pick AS k JOIN catalog.location AS c ON c.id = k.staging_location_id WHERE k.id = e.id)
                WHEN 'handling_unit' THEN (SELECT u.site_id FROM shipping.handling_unit AS u WHERE u.id = e.id)
                WHEN 'shipment' THEN (SELECT m.site_id FROM shipping.shipment AS m WHERE m.id = e.id)
                WHEN 'customer_return' THEN (
                    SELECT c.site_id FROM shipping.customer_return AS r JOIN catalog.location AS c ON c.id = r.location_id WHERE r.id = e.id)
                WHEN 'return_inspection' THEN (
                    SELECT c.site_id FROM shipping.return_inspection AS n
                    JOIN shipping.customer_return AS r ON r.id = n.customer_return_id
                    JOIN catalog.location AS c ON c.id = r.location_id WHERE n.id = e.id)
                WHEN 'invoice' THEN (SELECT i.site_id FROM billing.invoice AS i WHERE i.id = e.id)
                WHEN 'credit_note' THEN (SELECT i.site_id FROM billing.invoice AS i WHERE i.id = e.id)
                WHEN 'printer' THEN (SELECT p.site_id FROM document.printer AS p WHERE p.id = e.id)
                WHEN 'print_job' THEN (
                    SELECT p.site_id FROM document.print_job AS j JOIN document.printer AS p ON p.id = j.printer_id WHERE j.id = e.id)
                WHEN 'document' THEN (
                    SELECT CASE
                        WHEN f.kind IN ('invoice', 'credit_note') THEN (SELECT i.site_id FROM billing.invoice AS i WHERE i.number = f.number)
                        WHEN f.kind = 'delivery_note' THEN (
                            SELECT m.site_id FROM shipping.delivery_note AS n JOIN shipping.shipment AS m ON m.id = n.shipment_id
                            WHERE n.number = f.number)
                        WHEN f.kind = 'handling_unit_label' THEN (SELECT u.site_id FROM shipping.handling_unit AS u WHERE u.sscc = f.number)
                        END
                    FROM document.file AS f WHERE f.id = e.id)
                END
            END AS site_id
        FROM event AS e
    )
    SELECT f.ordinal, s.code
    FROM found AS f
    JOIN catalog.site AS s ON s.id = f.site_id
    UNION ALL
    -- A lot is of all sites where it has been.
    SELECT e.ordinal, s.code
    FROM event AS e
    JOIN inventory.lot_site AS x ON x.lot_id = e.id
    JOIN catalog.site AS s ON s.id = x.site_id
    WHERE e.noun = 'lot' AND e.location IS NULL
    UNION ALL
    -- What all plants share.
    SELECT e.ordinal, '*'
    FROM event AS e
    WHERE e.noun IN ('item', 'unit', 'partner', 'reason', 'bill_of_material', 'routing', 'supplier_price', 'period');
$function$;

COMMENT ON FUNCTION floor.list_event_sites(text[], bigint[], text[]) IS
    'At which sites is what events are about: their topics, subjects and first locations, in the same order. A row per site; * for what all share. Without a row an event is told to those alone who may work for all sites.';
