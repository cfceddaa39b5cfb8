CREATE OR REPLACE FUNCTION floor.get_warning_board(
    p_limit integer
) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH warning AS (
        SELECT 'tap_missing' AS kind, 'error' AS severity, j.device AS subject, m.sequences AS detail, j.heard_at AS since
        FROM floor.journal AS j
        CROSS JOIN LATERAL (
            SELECT string_agg(s.sequence::text, ', ' ORDER BY s.sequence) AS sequences
            FROM (SELECT x.sequence FROM floor.missing_sequence AS x WHERE x.journal_id = j.id ORDER BY x.sequence LIMIT 5) AS s) AS m
        WHERE m.sequences IS NOT NULL
        UNION ALL
        SELECT 'tap_refused', 'error', j.device, j.refused::text, j.heard_at
        FROM floor.journal AS j WHERE j.refused > 0
        UNION ALL
        SELECT 'tap_queued', 'warning', j.device, j.queued::text, j.oldest_queued_at
        FROM floor.journal AS j WHERE j.queued > 0 AND j.oldest_queued_at < clock_timestamp() - interval '2 minutes'
        UNION ALL
        SELECT 'printer_down', 'error', p.code, coalesce(s.last_error, ''), coalesce(s.last_success_at, s.next_try_at)
        FROM document.printer AS p
        JOIN document.printer_state AS s ON s.printer_id = p.id
        WHERE s.failures > 0
        UNION ALL
        SELECT 'lot_expired', 'warning', i.number || ' ' || l.number, trim_scale(sum(b.on_hand))::text || ' ' || u.code,
            min((l.expires_on + 1)::timestamp AT TIME ZONE t.time_zone)
        FROM inventory.lot AS l
        JOIN inventory.balance AS b ON b.item_id = l.item_id AND b.lot_id = l.id AND b.on_hand > 0
        JOIN catalog.location AS c ON c.id = b.location_id
        JOIN catalog.site AS t ON t.id = c.site_id
        JOIN catalog.item AS i ON i.id = l.item_id
        JOIN catalog.unit AS u ON u.id = i.base_unit_id
        WHERE l.expires_on < catalog.local_date(t.id)
        GROUP BY i.number, l.number, u.code
        UNION ALL
        SELECT 'inspection_waits', 'warning', r.number, i.number, r.created_at
        FROM purchasing.goods_receipt_line AS l
        JOIN purchasing.goods_receipt AS r ON r.id = l.goods_receipt_id
        JOIN catalog.item AS i ON i.id = l.item_id
        WHERE l.state = 'waiting' AND NOT l.is_reversed AND r.created_at < clock_timestamp() - interval '4 hours'
        UNION ALL
        SELECT 'work_order_late', 'warning', o.number, i.number, (o.due_on + 1)::timestamp AT TIME ZONE t.time_zone
        FROM production.work_order AS o
        JOIN catalog.item AS i ON i.id = o.item_id
        JOIN catalog.site AS t ON t.id = o.site_id
        WHERE o.state IN ('released', 'in_process') AND o.due_on < catalog.local_date(o.site_id)
        UNION ALL
        SELECT 'sales_order_late', 'warning', o.number, c.name, (o.requested_on + 1)::timestamp AT TIME ZONE t.time_zone
        FROM sales.sales_order AS o
        JOIN catalog.partner AS c ON c.id = o.customer_id
        JOIN catalog.site AS t ON t.id = o.site_id
        WHERE o.state = 'released' AND o.requested_on < catalog.local_date(o.site_id)
        UNION ALL
        SELECT 'feed_waits', 'error', '', count(*)::text, min(b.recorded_at)
        FROM event.inbox AS b
        HAVING min(b.recorded_at) < clock_timestamp() - interval '1 minute'
    ), page AS (
        SELECT w.* FROM warning AS w ORDER BY w.severity, w.since NULLS LAST, w.kind, w.subject LIMIT p_limit
    )
    SELECT jsonb_build_object(
        'at', clock_timestamp(),
        'count', (SELECT count(*) FROM warning AS w),
        'warnings', coalesce(jsonb_agg(jsonb_build_object(
            'kind', p.kind, 'severity', p.severity, 'subject', p.subject, 'detail', p.detail, 'since', p.since)
            ORDER BY p.severity, p.since NULLS LAST, p.kind, p.subject), '[]'))
    FROM page AS p;
$function$;

COMMENT ON FUNCTION floor.get_warning_board(integer) IS
    'What somebody should see to, errors first, longest standing first: taps that never came, were refused or stay on a tablet for over two minutes, printers that are down, expired lots in stock, goods that wait over four hours for inspection, orders that are late, events that nobody numbers.';
