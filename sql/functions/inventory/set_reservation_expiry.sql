CREATE OR REPLACE FUNCTION inventory.set_reservation_expiry(
    p_demand_type inventory.demand_type,
    p_demand_id bigint,
    p_expires_at timestamptz
) RETURNS void
LANGUAGE sql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
    -- Who gives back expired ones holds the row: after it there is nothing open to be found here.
    UPDATE inventory.reservation AS r
    SET expires_at = p_expires_at
    WHERE r.demand_type = p_demand_type
      AND r.demand_id = p_demand_id
      AND r.open_quantity > 0
      AND r.expires_at IS DISTINCT FROM p_expires_at;
$function$;

COMMENT ON FUNCTION inventory.set_reservation_expiry(inventory.demand_type, bigint, timestamptz) IS
    'Sets when what is still reserved for a demand is given back; null: never by itself. The demand must be locked.';
