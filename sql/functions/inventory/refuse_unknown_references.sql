CREATE OR REPLACE FUNCTION inventory.refuse_unknown_references() RETURNS trigger
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_seqscan = off
AS $function$
DECLARE
    v_bad record;
BEGIN
    -- Joins and not NOT EXISTS: places and reasons are few, and what was found for one row is remembered for the next (Memoize).
    IF NOT EXISTS (
        SELECT FROM added AS m
        LEFT JOIN catalog.item AS i ON i.id = m.item_id
        LEFT JOIN inventory.lot AS l ON l.id = m.lot_id
        LEFT JOIN catalog.location AS f ON f.id = m.from_location_id
        LEFT JOIN catalog.location AS g ON g.id = m.to_location_id
        LEFT JOIN catalog.reason AS r ON r.id = m.reason_id
        WHERE i.id IS NULL OR l.id IS NULL OR f.id IS NULL OR g.id IS NULL OR (m.reason_id IS NOT NULL AND r.id IS NULL)) THEN
        RETURN NULL;
    END IF;

    SELECT m.id, v.name, v.value
    INTO STRICT v_bad
    FROM added AS m
    CROSS JOIN LATERAL (VALUES ('item_id', m.item_id, EXISTS (SELECT FROM catalog.item AS i WHERE i.id = m.item_id)),
        ('lot_id', m.lot_id, EXISTS (SELECT FROM inventory.lot AS l WHERE l.id = m.lot_id)),
        ('from_location_id', m.from_location_id, EXISTS (SELECT FROM catalog.location AS f WHERE f.id = m.from_location_id)),
        ('to_location_id', m.to_location_id, EXISTS (SELECT FROM catalog.location AS g WHERE g.id = m.to_location_id)),
        ('reason_id', m.reason_id, EXISTS (SELECT FROM catalog.reason AS r WHERE r.id = m.reason_id))) AS v (name, value, is_there)
    WHERE v.value IS NOT NULL AND NOT v.is_there
    ORDER BY m.id, v.name
    LIMIT 1;
    RAISE EXCEPTION 'a movement names what is not there'
        USING ERRCODE = 'foreign_key_violation',
              SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME, COLUMN = v_bad.name,
              DETAIL = jsonb_build_object('movement', v_bad.id::text, v_bad.name, v_bad.value::text)::text,
              HINT = 'Movements are written by the posting functions only.';
END;
$function$;

COMMENT ON FUNCTION inventory.refuse_unknown_references() IS
    'Trigger function of the ledger: every new movement names an item, a lot, two locations and perhaps a reason that are there. They stay there, since those tables refuse delete, truncate and another id. Raises 23503. Does what five foreign keys did, in one statement for all rows, and locks no master.';
