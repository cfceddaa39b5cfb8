CREATE OR REPLACE FUNCTION inventory.lies_elsewhere(
    p_lot_id bigint
) RETURNS boolean
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    -- Asked first: the query below cannot even be planned without a list of sites.
    IF coalesce(nullif(current_setting('millrace.sites', true), ''), '*') = '*' THEN
        RETURN false;
    END IF;
    -- As the owner, so that it sees what the caller does not.
    RETURN EXISTS (
        SELECT FROM inventory.lot AS l
        JOIN inventory.balance AS b ON b.item_id = l.item_id AND b.lot_id = l.id
        JOIN catalog.location AS c ON c.id = b.location_id
        JOIN catalog.site AS s ON s.id = c.site_id
        WHERE l.id = p_lot_id AND b.on_hand > 0 AND NOT current_setting('millrace.sites', true)::jsonb ? s.code);
END;
$function$;

COMMENT ON FUNCTION inventory.lies_elsewhere(bigint) IS
    'Whether there is stock of the lot at a site that the running transaction does not work for. After inventory.lock_lot it stays so until the end of the transaction.';
