CREATE OR REPLACE FUNCTION inventory.write_posting_snapshot(
    p_posted_before timestamptz
) RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_base_id bigint;
    v_base timestamptz;
    v_period_id bigint;
    v_from timestamptz;
    v_closed_at timestamptz;
    v_since timestamptz := '-infinity'::timestamptz;
    v_until timestamptz := p_posted_before;
    v_id bigint;
BEGIN
    SELECT s.id, s.posted_before INTO v_base_id, v_base
    FROM inventory.posting_snapshot AS s
    WHERE s.posted_before < p_posted_before
    ORDER BY s.posted_before DESC
    LIMIT 1;
    SELECT p.id, p.ends_at, p.closed_at INTO v_period_id, v_from, v_closed_at
    FROM inventory.period AS p
    WHERE p.ends_at <= p_posted_before AND p.snapshot_at IS NOT NULL
    ORDER BY p.ends_at DESC
    LIMIT 1;

    -- The later of the two is where to begin: the ledger before a period may be detached.
    IF v_base >= v_from OR v_from IS NULL THEN
        v_period_id := NULL;
        v_from := '-infinity'::timestamptz;
        v_since := coalesce(v_base, v_since);
    ELSE
        -- What the snapshot of the period holds and was posted only later comes off again.
        v_base_id := NULL;
        v_since := v_from - interval '5 minutes';
        v_until := greatest(p_posted_before, v_closed_at + interval '1 microsecond');
    END IF;

    INSERT INTO inventory.posting_snapshot (posted_before) VALUES (p_posted_before) RETURNING id INTO v_id;
    INSERT INTO inventory.posting_snapshot_balance (posting_snapshot_id, item_id, location_id, lot_id, on_hand, second_on_hand)
    SELECT v_id, e.item_id, e.location_id, e.lot_id, sum(e.quantity), sum(e.second_quantity)
    FROM (
        SELECT b.item_id, b.location_id, b.lot_id, b.on_hand AS quantity, b.second_on_hand AS second_quantity
        FROM inventory.posting_snapshot_balance AS b
        WHERE b.posting_snapshot_id = v_base_id
        UNION ALL
        SELECT b.item_id, b.location_id, b.lot_id, b.on_hand, b.second_on_hand
        FROM inventory.period_balance AS b
        WHERE b.period_id = v_period_id
        UNION ALL
        SELECT m.item_id, p.location_id, m.lot_id, p.quantity * s.sign, p.second_quantity * s.sign
        FROM inventory.movement AS m
        CROSS JOIN LATERAL (SELECT CASE WHEN m.occurred_at < v_from THEN -1 ELSE 1 END AS sign) AS s
        CROSS JOIN LATERAL (VALUES (m.to_location_id, m.quantity, m.second_quantity), (m.from_location_id, -m.quantity, -m.second_quantity))
            AS p (location_id, quantity, second_quantity)
        JOIN catalog.location AS c ON c.id = p.location_id AND c.is_physical
        WHERE m.posted_at >= v_since AND m.posted_at < v_until
          AND (m.occurred_at >= v_from) = (m.posted_at < p_posted_before)
    ) AS e
    GROUP BY e.item_id, e.location_id, e.lot_id
    HAVING sum(e.quantity) <> 0 OR sum(e.second_quantity) <> 0;
END;
$function$;

COMMENT ON FUNCTION inventory.write_posting_snapshot(timestamptz) IS
    'Keeps what the books said before an instant: from the snapshot before it and the movements since. Nothing may be posted any more that carries an earlier time; inventory.keep_month_starts sees to that.';
