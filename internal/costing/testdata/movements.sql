-- 300 items with all three methods, and 30,000 postings of one movement each: every third brings stock in, the others use it.
INSERT INTO catalog.item (number, name, base_unit_id, costing_method, is_manufactured, standard_cost)
SELECT 'B-' || g, 'B-' || g, u.id, (enum_range(NULL::catalog.costing_method))[1 + g % 3], g % 2 = 0, 3 + g % 7 * 0.123456
FROM generate_series(1, 300) AS g
CROSS JOIN catalog.unit AS u
WHERE u.code = 'KGM';
DO $block$
DECLARE
    v_items bigint[] := ARRAY(SELECT i.id FROM catalog.item AS i WHERE i.number LIKE 'B-%' ORDER BY i.id);
    v_place bigint := (SELECT l.id FROM catalog.location AS l WHERE l.code = 'A');
    v_opening bigint := (SELECT l.id FROM catalog.location AS l WHERE l.code = 'V-OPENING');
    v_scrap bigint := (SELECT l.id FROM catalog.location AS l WHERE l.code = 'V-SCRAP');
    v_item bigint;
BEGIN
    FOR n IN 0..29999 LOOP
        v_item := v_items[1 + n / 3 % 300];
        IF n % 3 = 0 THEN
            PERFORM inventory.post_movements('opening', ARRAY[ROW(v_item, 0, v_opening, v_place, 7.5, false, NULL, NULL, NULL)::inventory.posting_line],
                'opening', NULL, clock_timestamp());
        ELSE
            PERFORM inventory.post_movements('scrap', ARRAY[ROW(v_item, 0, v_place, v_scrap, 3.3, false, NULL, NULL, NULL)::inventory.posting_line],
                'scrapping', NULL, clock_timestamp());
        END IF;
    END LOOP;
END;
$block$;
