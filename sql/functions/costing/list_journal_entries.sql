CREATE OR REPLACE FUNCTION costing.list_journal_entries(
    p_account text,
    p_item text,
    p_work_order text,
    p_from timestamptz,
    p_until timestamptz,
    p_after text,
    p_limit integer
) RETURNS jsonb
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan
AS $function$
DECLARE
    -- An id that nothing has where the number is unknown.
    v_item_id bigint := CASE WHEN p_item IS NOT NULL THEN coalesce((SELECT i.id FROM catalog.item AS i WHERE i.number = p_item), -1) END;
    v_work_order_id bigint := CASE WHEN p_work_order IS NOT NULL THEN coalesce((SELECT w.id FROM production.work_order AS w WHERE w.number = p_work_order), -1) END;
    v_position bigint := CASE WHEN p_after ~ '^[0-9]{1,18}-[0-9]{1,9}$' THEN split_part(p_after, '-', 1)::bigint ELSE 0 END;
    v_ordinal integer := CASE WHEN p_after ~ '^[0-9]{1,18}-[0-9]{1,9}$' THEN split_part(p_after, '-', 2)::integer ELSE 0 END;
    v_positions bigint[];
    v_ordinals integer[];
BEGIN
    IF p_account IS NOT NULL AND p_item IS NULL AND p_work_order IS NULL THEN
        -- Each side of the account by its index, and of each as much as the page may take.
        SELECT array_agg(t.position), array_agg(t.ordinal) INTO v_positions, v_ordinals
        FROM (
            (SELECT e.position, e.ordinal
            FROM costing.journal_entry AS e
            WHERE e.debit = p_account::costing.account
              AND (e.position, e.ordinal) > (v_position, v_ordinal)
              AND (p_from IS NULL OR e.posted_at >= p_from)
              AND (p_until IS NULL OR e.posted_at < p_until)
            ORDER BY e.position, e.ordinal
            LIMIT p_limit)
            UNION ALL
            (SELECT e.position, e.ordinal
            FROM costing.journal_entry AS e
            WHERE e.credit = p_account::costing.account
              AND (e.position, e.ordinal) > (v_position, v_ordinal)
              AND (p_from IS NULL OR e.posted_at >= p_from)
              AND (p_until IS NULL OR e.posted_at < p_until)
            ORDER BY e.position, e.ordinal
            LIMIT p_limit)
            ORDER BY position, ordinal
            LIMIT p_limit
        ) AS t;
    ELSE
        SELECT array_agg(t.position), array_agg(t.ordinal) INTO v_positions, v_ordinals
        FROM (
            SELECT e.position, e.ordinal
            FROM costing.journal_entry AS e
            WHERE (e.position, e.ordinal) > (v_position, v_ordinal)
              AND (v_item_id IS NULL OR e.item_id = v_item_id)
              AND (v_work_order_id IS NULL OR e.work_order_id = v_work_order_id)
              AND (p_account IS NULL OR e.debit = p_account::costing.account OR e.credit = p_account::costing.account)
              AND (p_from IS NULL OR e.posted_at >= p_from)
              AND (p_until IS NULL OR e.posted_at < p_until)
            ORDER BY e.position, e.ordinal
            LIMIT p_limit
        ) AS t;
    END IF;
    RETURN (
        SELECT jsonb_build_object(
            'items', coalesce(jsonb_agg(jsonb_build_object(
                'entry', p.position::text, 'row', p.ordinal, 'kind', p.kind, 'debit', p.debit, 'credit', p.credit,
                'amount', trim_scale(p.amount)::text, 'currency', p.currency, 'site', s.code, 'item', i.number, 'work_order', w.number,
                'document', costing.document_number(p.kind,
                CASE WHEN p.document_type = 'reversal' THEN costing.reversed_document_type(p.movement_id) ELSE p.document_type END, p.document_id), 'movement', p.movement_id::text,
                'posted_at', p.posted_at, 'occurred_at', p.occurred_at) ORDER BY p.position, p.ordinal), '[]'),
            'next', CASE WHEN count(*) = p_limit THEN (array_agg(p.position || '-' || p.ordinal ORDER BY p.position DESC, p.ordinal DESC))[1] END)
        FROM unnest(v_positions, v_ordinals) AS k (position, ordinal)
        JOIN costing.journal_entry AS p ON p.position = k.position AND p.ordinal = k.ordinal
        JOIN catalog.site AS s ON s.id = p.site_id
        LEFT JOIN catalog.item AS i ON i.id = p.item_id
        LEFT JOIN production.work_order AS w ON w.id = p.work_order_id);
END;
$function$;

COMMENT ON FUNCTION costing.list_journal_entries(text, text, text, timestamptz, timestamptz, text, integer) IS
    'A page of the value journal in its order: of an account, an item, a work order, a time of posting.';
