CREATE OR REPLACE FUNCTION inventory.describe_transfer(
    p_movement_id bigint,
    p_movement_type inventory.movement_type,
    p_item text,
    p_lot text,
    p_from text,
    p_to text,
    p_quantity numeric,
    p_unit text,
    p_posted_at timestamptz
) RETURNS jsonb
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN jsonb_build_object(
        'number', inventory.transfer_number(p_movement_id),
        'type', p_movement_type, 'item', p_item, 'lot', nullif(p_lot, ''), 'from', p_from, 'to', p_to,
        'quantity', trim_scale(p_quantity)::text, 'unit', p_unit, 'is_reversed', false, 'created_at', p_posted_at);
END;
$function$;

COMMENT ON FUNCTION inventory.describe_transfer(bigint, inventory.movement_type, text, text, text, text, numeric, text, timestamptz) IS
    'A transfer as a document, from the parts of its movement; quantity in base units.';
