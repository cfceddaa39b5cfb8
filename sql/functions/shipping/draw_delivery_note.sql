CREATE OR REPLACE FUNCTION shipping.draw_delivery_note(
    p_shipment_id bigint
) RETURNS text
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_site catalog.site;
    v_today date;
    v_series shipping.delivery_note_series;
    v_number text;
BEGIN
    SELECT s.* INTO STRICT v_site
    FROM shipping.shipment AS h
    JOIN catalog.site AS s ON s.id = h.site_id
    WHERE h.id = p_shipment_id;
    v_today := (clock_timestamp() AT TIME ZONE v_site.time_zone)::date;

    -- From here until the end of the transaction every other shipment of the site waits: this comes last.
    FOR v_attempt IN 1..2 LOOP
        UPDATE shipping.delivery_note_series AS q
        SET last_number = q.last_number + 1,
            last_issued_on = greatest(q.last_issued_on, v_today)
        WHERE q.site_id = v_site.id
          AND q.year = extract(year FROM v_today)::integer
        RETURNING q.* INTO v_series;
        EXIT WHEN FOUND;
        -- The first of the year. Whoever else is the first at the same moment waits here.
        INSERT INTO shipping.delivery_note_series (site_id, year, prefix)
        VALUES (v_site.id, extract(year FROM v_today)::integer,
            'DN-' || CASE WHEN v_site.id = (catalog.first_site()).id THEN '' ELSE v_site.code || '-' END
                || to_char(v_today, 'YYYY') || '-')
        ON CONFLICT DO NOTHING;
    END LOOP;

    INSERT INTO shipping.delivery_note (number, series_id, series_number, shipment_id, issued_on)
    VALUES (v_series.prefix || lpad(v_series.last_number::text, greatest(6, length(v_series.last_number::text)), '0'),
        v_series.id, v_series.last_number, p_shipment_id, v_series.last_issued_on)
    RETURNING delivery_note.number INTO v_number;
    RETURN v_number;
END;
$function$;

COMMENT ON FUNCTION shipping.draw_delivery_note(bigint) IS
    'Gives a shipment the next delivery note number of its site and year, without gaps: a transaction that rolls back burns none. Dates ascend with numbers.';
