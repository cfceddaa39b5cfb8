CREATE OR REPLACE FUNCTION inventory.post_transfer(
    p_type inventory.movement_type,
    p_item catalog.item,
    p_lot_id bigint,
    p_from_location_id bigint,
    p_to_location_id bigint,
    p_quantity numeric,
    p_occurred_at timestamptz,
    p_reason_id bigint DEFAULT NULL
) RETURNS inventory.transfer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_id bigint := nextval(pg_get_serial_sequence('inventory.transfer', 'id'));
    v_ids bigint[];
    v_transfer inventory.transfer;
BEGIN
    v_ids := inventory.post_movements(p_type,
        ARRAY[ROW(p_item.id, p_lot_id, p_from_location_id, p_to_location_id, p_quantity, false, v_id, NULL, p_reason_id)::inventory.posting_line],
        (CASE p_type WHEN 'scrap' THEN 'scrapping' WHEN 'opening' THEN 'opening' ELSE 'transfer' END)::inventory.document_type,
        v_id, p_occurred_at);

    INSERT INTO inventory.transfer (id, movement_type, item_id, lot_id, from_location_id, to_location_id, quantity, movement_id)
    VALUES (v_id, p_type, p_item.id, p_lot_id, p_from_location_id, p_to_location_id, p_quantity, v_ids[1])
    RETURNING inventory.transfer.* INTO v_transfer;
    RETURN v_transfer;
END;
$function$;

COMMENT ON FUNCTION inventory.post_transfer(inventory.movement_type, catalog.item, bigint, bigint, bigint, numeric, timestamptz, bigint) IS
    'Writes a transfer document and posts its movement: the common part of put-away, move, scrapping and opening stock.';
