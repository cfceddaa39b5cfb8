CREATE OR REPLACE FUNCTION floor.resolve_scan(
    p_scan jsonb
) RETURNS jsonb
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_text text := p_scan ->> 'text';
    v_elements jsonb := coalesce(p_scan -> 'elements', '{}');
    v_gtin text := p_scan ->> 'gtin';
    v_number text := coalesce(v_elements ->> '10', v_elements ->> '21');
    v_sscc text := v_elements ->> '00';
    v_item catalog.item;
    v_unit text;
    v_lot inventory.lot;
    v_found jsonb;
    v_matches integer;
BEGIN
    IF v_sscc IS NOT NULL THEN
        SELECT jsonb_build_object('sscc', u.sscc, 'state', u.state, 'handling_unit_kind', u.kind)
        INTO v_found FROM shipping.handling_unit AS u WHERE u.sscc = v_sscc;
        -- A supplier's pallet is not ours: its label says what lies on it, or nothing that we know.
        IF v_found IS NOT NULL OR v_gtin IS NULL THEN
            RETURN jsonb_build_object('kind', 'handling_unit', 'sscc', v_sscc, 'is_known', v_found IS NOT NULL) || coalesce(v_found, '{}');
        END IF;
    END IF;

    IF v_gtin IS NOT NULL THEN
        SELECT i.id, u.code INTO v_item.id, v_unit
        FROM catalog.item AS i
        LEFT JOIN catalog.item_unit AS iu ON iu.item_id = i.id AND iu.gtin = v_gtin
        JOIN catalog.unit AS u ON u.id = coalesce(iu.unit_id, i.base_unit_id)
        WHERE i.gtin = v_gtin OR iu.gtin = v_gtin;
        IF v_item.id IS NOT NULL THEN
            SELECT i.* INTO v_item FROM catalog.item AS i WHERE i.id = v_item.id;
        END IF;
    END IF;
    IF v_item.id IS NULL AND v_elements = '{}' THEN
        SELECT i.* INTO v_item FROM catalog.item AS i WHERE i.number = v_text;
    END IF;

    IF v_item.id IS NULL AND v_elements = '{}' THEN
        SELECT jsonb_build_object('kind', 'location', 'location', c.code, 'name', c.name, 'location_kind', c.kind, 'site', s.code)
        INTO v_found
        FROM catalog.location AS c
        JOIN catalog.site AS s ON s.id = c.site_id
        WHERE c.code = v_text AND c.is_physical;
        IF v_found IS NULL THEN
            SELECT d.document INTO v_found FROM (
                SELECT jsonb_build_object('kind', 'work_order', 'number', o.number, 'state', o.state) AS document
                FROM production.work_order AS o WHERE o.number = v_text OR o.external_number = v_text
                UNION ALL
                SELECT jsonb_build_object('kind', 'purchase_order', 'number', o.number, 'state', o.state)
                FROM purchasing.purchase_order AS o WHERE o.number = v_text OR o.external_number = v_text
                UNION ALL
                SELECT jsonb_build_object('kind', 'goods_receipt', 'number', r.number) FROM purchasing.goods_receipt AS r WHERE r.number = v_text
                UNION ALL
                SELECT jsonb_build_object('kind', 'sales_order', 'number', o.number, 'state', o.state)
                FROM sales.sales_order AS o WHERE o.number = v_text OR o.external_number = v_text
                UNION ALL
                SELECT jsonb_build_object('kind', 'pick', 'number', k.number) FROM shipping.pick AS k WHERE k.number = v_text
                UNION ALL
                SELECT jsonb_build_object('kind', 'shipment', 'number', m.number) FROM shipping.shipment AS m WHERE m.number = v_text
                UNION ALL
                SELECT jsonb_build_object('kind', 'shipment', 'number', m.number)
                FROM shipping.delivery_note AS n JOIN shipping.shipment AS m ON m.id = n.shipment_id WHERE n.number = v_text
                UNION ALL
                SELECT jsonb_build_object('kind', 'customer_return', 'number', r.number) FROM shipping.customer_return AS r WHERE r.number = v_text
                LIMIT 1
            ) AS d;
        END IF;
        IF v_found IS NOT NULL THEN
            RETURN v_found;
        END IF;
    END IF;

    IF v_item.id IS NULL AND (v_elements = '{}' OR (v_gtin IS NULL AND v_number IS NOT NULL)) THEN
        SELECT min(l.id), count(*) INTO v_lot.id, v_matches
        FROM inventory.lot AS l WHERE l.number = coalesce(v_number, v_text) AND l.id <> 0;
        IF v_matches > 1 THEN
            RAISE EXCEPTION '% items have a lot %', v_matches, left(coalesce(v_number, v_text), 60)
                USING ERRCODE = 'MR217',
                      DETAIL = jsonb_build_object('barcode', left(v_text, 60))::text,
                      HINT = 'Scan the item as well.';
        END IF;
        IF v_matches = 1 THEN
            SELECT l.* INTO v_lot FROM inventory.lot AS l WHERE l.id = v_lot.id;
            SELECT i.* INTO v_item FROM catalog.item AS i WHERE i.id = v_lot.item_id;
        END IF;
    ELSIF v_item.id IS NOT NULL AND v_number IS NOT NULL THEN
        SELECT l.* INTO v_lot FROM inventory.lot AS l WHERE l.item_id = v_item.id AND l.number = v_number;
    END IF;

    IF v_item.id IS NULL AND v_elements = '{}' THEN
        SELECT jsonb_build_object('kind', 'badge', 'operator', o.number, 'name', o.name)
        INTO v_found
        FROM identity.badge AS b
        JOIN identity.operator AS o ON o.id = b.operator_id
        WHERE b.code = v_text AND b.is_enabled
          AND (floor.caller_sites() IS NULL OR '*' = ANY (o.sites) OR o.sites && floor.caller_sites());
        IF v_found IS NOT NULL THEN
            RETURN v_found;
        END IF;
    END IF;
    IF v_item.id IS NULL THEN
        RAISE EXCEPTION 'nobody knows the code %', left(v_text, 60)
            USING ERRCODE = 'MR206',
                  DETAIL = jsonb_build_object('barcode', left(v_text, 60))::text,
                  HINT = 'Scan it again, or key in the number.';
    END IF;
    RETURN jsonb_strip_nulls(jsonb_build_object(
        'kind', CASE WHEN v_lot.id IS NULL AND v_number IS NULL THEN 'item' ELSE 'lot' END,
        'item', v_item.number,
        'name', v_item.name,
        'tracking', v_item.tracking,
        'lot', coalesce(v_lot.number, v_number),
        'is_known', v_lot.id IS NOT NULL OR v_number IS NULL,
        'lot_status', v_lot.status,
        'serial', CASE WHEN v_item.tracking = 'serial' THEN coalesce(v_elements ->> '21', v_lot.number) END,
        'expires_on', coalesce(v_lot.expires_on::text, p_scan ->> 'expires_on'),
        'quantity', CASE
            WHEN v_item.tracking = 'serial' THEN '1'
            WHEN v_elements ? '37' OR v_elements ? '30' THEN trim_scale((coalesce(v_elements ->> '37', v_elements ->> '30'))::numeric)::text
            ELSE p_scan ->> 'weight' END,
        'unit', CASE
            WHEN v_elements ?| ARRAY['37', '30'] OR p_scan ->> 'weight' IS NULL
                THEN coalesce(v_unit, (SELECT u.code FROM catalog.unit AS u WHERE u.id = v_item.base_unit_id))
            ELSE 'KGM' END,
        'sscc', v_sscc));
END;
$function$;

COMMENT ON FUNCTION floor.resolve_scan(jsonb) IS
    'What a scan means that was taken apart ({text, elements: {AI: data}, gtin, weight, expires_on}): {kind: item | lot | location | handling_unit | work_order | purchase_order | goods_receipt | sales_order | pick | shipment | customer_return | badge, and what belongs to it}. is_known is false for a lot that is none yet, or a pallet of others. Raises MR206 when nobody knows it, MR217 when a bare lot number fits several items.';
