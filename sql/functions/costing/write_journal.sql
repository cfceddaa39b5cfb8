CREATE OR REPLACE FUNCTION costing.write_journal(
    p_from timestamptz,
    p_until timestamptz,
    p_limit integer,
    INOUT p_position bigint,
    INOUT p_ordinal integer,
    OUT p_rows integer,
    OUT p_text text
) RETURNS record
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan
AS $function$
DECLARE
    v_position bigint := p_position;
    v_ordinal integer := p_ordinal;
BEGIN
    WITH page AS MATERIALIZED (
        SELECT e.position, e.ordinal, e.kind, e.debit, e.credit, e.amount, e.currency, e.site_id, e.item_id, e.work_order_id, e.movement_id,
            e.document_type, e.document_id, e.posted_at, e.occurred_at
        FROM costing.journal_entry AS e
        WHERE (e.position, e.ordinal) > (v_position, v_ordinal)
          AND (p_from IS NULL OR e.posted_at >= p_from)
          AND (p_until IS NULL OR e.posted_at < p_until)
        ORDER BY e.position, e.ordinal
        LIMIT p_limit
    )
    SELECT count(*), (array_agg(p.position ORDER BY p.position DESC, p.ordinal DESC))[1],
        (array_agg(p.ordinal ORDER BY p.position DESC, p.ordinal DESC))[1],
        string_agg(concat_ws(',', p.position, p.ordinal, to_char(p.posted_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
            to_char(p.occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), p.kind,
            coalesce(costing.document_number(p.kind,
                CASE WHEN p.document_type = 'reversal' THEN costing.reversed_document_type(p.movement_id) ELSE p.document_type END, p.document_id), ''), p.debit, p.credit, p.amount, p.currency, s.code,
            CASE WHEN i.number ~ '[",\r\n]' THEN '"' || replace(i.number, '"', '""') || '"' ELSE coalesce(i.number, '') END,
            coalesce(w.number, ''), coalesce(p.movement_id::text, '')) || E'\r\n', '' ORDER BY p.position, p.ordinal)
    INTO p_rows, p_position, p_ordinal, p_text
    FROM page AS p
    JOIN catalog.site AS s ON s.id = p.site_id
    LEFT JOIN catalog.item AS i ON i.id = p.item_id
    LEFT JOIN production.work_order AS w ON w.id = p.work_order_id;
END;
$function$;

COMMENT ON FUNCTION costing.write_journal(timestamptz, timestamptz, integer, bigint, integer) IS
    'The next p_limit rows of the journal after the row named, as lines of CSV (RFC 4180), and the last row of them; no row: the end. Columns: entry, row, posted_at, occurred_at, kind, document, debit, credit, amount, currency, site, item, work_order, movement.';
