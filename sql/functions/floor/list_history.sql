CREATE OR REPLACE FUNCTION floor.list_history(
    p_room text,
    p_table text,
    p_number text,
    p_item text,
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_ids bigint[] := audit.find_records(p_room, p_table, p_number, p_item);
    v_page jsonb;
    v_sites text[];
    v_hides boolean;
BEGIN
    IF v_ids IS NULL THEN
        RETURN NULL;
    END IF;
    v_page := audit.list_changes(p_room, p_table, v_ids, p_after, p_limit);
    v_sites := ARRAY(SELECT DISTINCT e.site FROM unnest(v_ids) AS i (id)
        CROSS JOIN LATERAL floor.list_event_sites(ARRAY[p_table], ARRAY[i.id], ARRAY['']) AS e WHERE e.site <> '*');
    -- A lot that has been at other sites as well was perhaps changed by their people.
    v_hides := floor.caller_sites() IS NOT NULL AND p_room = 'inventory' AND p_table = 'lot' AND EXISTS (
        SELECT FROM inventory.lot_site AS x
        WHERE x.lot_id = ANY (v_ids) AND NOT EXISTS (SELECT FROM catalog.site AS s WHERE s.id = x.site_id));

    RETURN jsonb_build_object(
        'items', (
            SELECT coalesce(jsonb_agg(
                CASE WHEN v_hides AND NOT w.is_ours
                    THEN m.entry || '{"actor": null, "device": null, "request_key": null, "request_id": null}' || jsonb_build_object(
                        'old', nullif(m.entry -> 'old', 'null') - 'actor', 'new', nullif(m.entry -> 'new', 'null') - 'actor')
                    ELSE m.entry END
                || CASE WHEN v_hides AND NOT w.is_ours
                    THEN '{"actor_name": null, "device_name": null}'::jsonb
                    ELSE jsonb_build_object(
                        'actor_name', w.name,
                        'device_name', (SELECT d.name FROM identity.client AS d WHERE d.code = m.entry ->> 'device')) END
                -- Requests are kept for a time only.
                || jsonb_build_object('command', (SELECT r.operation FROM event.request AS r WHERE r.key = (m.entry ->> 'request_key')::uuid))
                ORDER BY m.place), '[]')
            FROM jsonb_array_elements(v_page -> 'items') WITH ORDINALITY AS m (entry, place)
            CROSS JOIN LATERAL (
                SELECT max(k.name) AS name, coalesce(bool_or('*' = ANY (k.sites) OR k.sites && floor.caller_sites()), false) AS is_ours
                FROM (
                    SELECT o.name, o.sites FROM identity.operator AS o WHERE o.number = m.entry ->> 'actor'
                    UNION ALL
                    SELECT c.name, c.sites FROM identity.client AS c WHERE c.code = m.entry ->> 'actor'
                ) AS k
            ) AS w),
        'next', v_page -> 'next',
        -- The one that the clocks of all places show that the record is of.
        'time_zone', (
            SELECT CASE WHEN count(DISTINCT s.time_zone) = 1 THEN min(s.time_zone) END
            FROM catalog.site AS s
            WHERE cardinality(v_sites) = 0 OR s.code = ANY (v_sites)));
END;
$function$;

COMMENT ON FUNCTION floor.list_history(text, text, text, text, text, integer) IS
    'The history of a record as people read it: audit.list_changes with the names of who did it and of their devices, the commands that did it, and the time zone of the record''s site. Null when there is no such record, its table is not audited, or it is of another plant. Of a lot that has been elsewhere as well it is not told what people of other plants did it.';
