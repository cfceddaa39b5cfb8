CREATE OR REPLACE FUNCTION inventory.get_on_hand_as_of(
    p_item_id bigint,
    p_location_id bigint,
    p_instant timestamptz,
    p_basis inventory.as_of_basis
) RETURNS TABLE (location_id bigint, lot_id bigint, on_hand numeric, second_on_hand numeric)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
-- Sums are hashed: the ways are fewer than is estimated, and sorting the rows of a hot item takes a third of the time.
SET enable_sort = off
AS $function$
#variable_conflict use_column
DECLARE
    -- The latest snapshot that does not lie after the instant; without one, everything from the beginning.
    v_snapshot_id bigint;
    v_from timestamptz;
    v_from_closed_at timestamptz;
    v_month_id bigint;
    v_month timestamptz;
    v_since timestamptz;
    v_until timestamptz;
    v_soon timestamptz;
BEGIN
    IF p_instant < (SELECT max(p.ends_at) FROM inventory.period AS p WHERE p.detached_at IS NOT NULL) THEN
        RAISE EXCEPTION 'the ledger does not go back to % any more', p_instant
            USING ERRCODE = 'MR223',
                  DETAIL = (SELECT jsonb_build_object('as_of', p_instant, 'begins', max(p.ends_at))
                            FROM inventory.period AS p WHERE p.detached_at IS NOT NULL)::text,
                  HINT = 'Ask for a later day, or attach the partitions from the archive.';
    END IF;

    SELECT p.id, p.ends_at, p.closed_at INTO v_snapshot_id, v_from, v_from_closed_at
    FROM inventory.period AS p
    WHERE p.ends_at <= p_instant AND p.snapshot_at IS NOT NULL
    ORDER BY p.ends_at DESC
    LIMIT 1;
    v_from := coalesce(v_from, '-infinity'::timestamptz);
    v_from_closed_at := coalesce(v_from_closed_at, '-infinity'::timestamptz);
    v_since := v_from - interval '5 minutes';

    -- Or what the books said at the start of a later month: all that was posted before it, and nothing that was posted since.
    -- By occurred it serves from five minutes on: nothing posted before it can have happened later.
    SELECT s.id, s.posted_before INTO v_month_id, v_month
    FROM inventory.posting_snapshot AS s
    WHERE s.posted_before <= p_instant - CASE p_basis WHEN 'occurred' THEN interval '5 minutes' ELSE interval '0' END
    ORDER BY s.posted_before DESC
    LIMIT 1;
    IF v_month >= v_from THEN
        v_snapshot_id := NULL;
        v_from := '-infinity'::timestamptz;
        v_from_closed_at := '-infinity'::timestamptz;
        v_since := v_month;
    ELSE
        v_month_id := NULL;
    END IF;

    -- posted: what happened since the snapshot and was posted by then, less what the snapshot holds and was posted only later.
    -- occurred: what happened since the snapshot, whenever it was posted: at the latest when its period was closed.
    IF p_basis = 'posted' THEN
        v_until := greatest(p_instant, v_from_closed_at);
    ELSE
        SELECT p.closed_at INTO v_until
        FROM inventory.period AS p
        WHERE p.ends_at > p_instant
        ORDER BY p.ends_at
        LIMIT 1;
        v_until := coalesce(v_until, 'infinity'::timestamptz);
    END IF;
    -- What was posted more than an hour after the instant, and yet is before it by what happened, are late scans. They are few, and
    -- have an index of their own: however long a month stays open, its past is not read up to now.
    v_soon := least(v_until, p_instant + interval '1 hour');

    RETURN QUERY
    SELECT e.location_id, e.lot_id, sum(e.quantity), sum(e.second_quantity)
    FROM (
        SELECT b.location_id, b.lot_id, b.on_hand AS quantity, b.second_on_hand AS second_quantity
        FROM inventory.period_balance AS b
        WHERE b.period_id = v_snapshot_id AND b.item_id = p_item_id
        UNION ALL
        SELECT b.location_id, b.lot_id, b.on_hand, b.second_on_hand
        FROM inventory.posting_snapshot_balance AS b
        WHERE b.posting_snapshot_id = v_month_id AND b.item_id = p_item_id
        UNION ALL
        SELECT p.location_id, w.lot_id, p.quantity, p.second_quantity
        FROM (
            -- By way first, each row of the ledger once: the ways are few.
            SELECT m.from_location_id, m.to_location_id, m.lot_id,
                sum(CASE WHEN m.occurred_at < v_from THEN -m.quantity ELSE m.quantity END) AS quantity,
                sum(CASE WHEN m.occurred_at < v_from THEN -m.second_quantity ELSE m.second_quantity END) AS second_quantity
            FROM (
                SELECT n.posted_at, n.occurred_at, n.from_location_id, n.to_location_id, n.lot_id, n.quantity, n.second_quantity
                FROM inventory.movement AS n
                -- A clock may be five minutes ahead, not more.
                WHERE n.item_id = p_item_id AND n.posted_at >= v_since AND n.posted_at <= v_soon
                UNION ALL
                SELECT n.posted_at, n.occurred_at, n.from_location_id, n.to_location_id, n.lot_id, n.quantity, n.second_quantity
                FROM inventory.movement AS n
                WHERE n.item_id = p_item_id AND n.posted_at > v_soon AND n.posted_at <= v_until
                  AND n.posted_at - n.occurred_at > interval '1 hour'
            ) AS m
            WHERE CASE
                WHEN p_basis = 'occurred' THEN m.occurred_at >= v_from AND m.occurred_at <= p_instant
                ELSE (m.occurred_at >= v_from) = (m.posted_at <= p_instant)
            END
            GROUP BY m.from_location_id, m.to_location_id, m.lot_id
        ) AS w
        CROSS JOIN LATERAL (VALUES (w.to_location_id, w.quantity, w.second_quantity), (w.from_location_id, -w.quantity, -w.second_quantity))
            AS p (location_id, quantity, second_quantity)
    ) AS e
    JOIN catalog.location AS c ON c.id = e.location_id AND c.is_physical
    WHERE p_location_id IS NULL OR e.location_id = p_location_id
    GROUP BY e.location_id, e.lot_id
    HAVING sum(e.quantity) <> 0 OR sum(e.second_quantity) <> 0;
END;
$function$;

COMMENT ON FUNCTION inventory.get_on_hand_as_of(bigint, bigint, timestamptz, inventory.as_of_basis) IS
    'What was on hand of an item at an instant, included, at one location or (null) at all: the latest snapshot before it and the movements since. Base units; by occurred it may be negative on paper. Reads the ledger of a month at most and, of what was posted later, only late scans, since of an instant that is not closed anybody may still post what happened then. Raises MR223 when that part of the ledger was detached.';
