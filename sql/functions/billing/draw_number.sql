CREATE OR REPLACE FUNCTION billing.draw_number(
    p_site_id bigint,
    p_kind billing.invoice_kind
) RETURNS billing.number_series
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_site catalog.site;
    v_today date;
    v_series billing.number_series;
BEGIN
    SELECT s.* INTO STRICT v_site FROM catalog.site AS s WHERE s.id = p_site_id;
    v_today := (clock_timestamp() AT TIME ZONE v_site.time_zone)::date;
    FOR v_attempt IN 1..2 LOOP
        UPDATE billing.number_series AS q
        SET last_number = q.last_number + 1,
            last_issued_on = greatest(q.last_issued_on, v_today)
        WHERE q.site_id = v_site.id
          AND q.kind = p_kind
          AND q.year = extract(year FROM v_today)::integer
        RETURNING q.* INTO v_series;
        EXIT WHEN FOUND;
        -- The first of the year. Whoever else is the first at the same moment waits here.
        INSERT INTO billing.number_series (site_id, kind, year, prefix)
        VALUES (v_site.id, p_kind, extract(year FROM v_today)::integer,
            CASE p_kind WHEN 'invoice' THEN 'INV-' ELSE 'CN-' END
                || CASE WHEN v_site.id = (catalog.first_site()).id THEN '' ELSE v_site.code || '-' END
                || to_char(v_today, 'YYYY') || '-')
        ON CONFLICT DO NOTHING;
    END LOOP;
    RETURN v_series;
END;
$function$;

COMMENT ON FUNCTION billing.draw_number(bigint, billing.invoice_kind) IS
    'Draws the next number of a site, kind and year, and gives the series as it stands then: last_number and last_issued_on are those of the document. The row stays locked until the end of the transaction, so this comes last; a rollback burns no number.';
