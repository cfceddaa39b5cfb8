CREATE OR REPLACE FUNCTION inventory.reverse_movements(
    p_movement_ids bigint[],
    p_document_type inventory.document_type,
    p_document_id bigint,
    p_reason_id bigint,
    p_occurred_at timestamptz
) RETURNS bigint[]
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_lines inventory.posting_line[];
    v_second_quantities numeric[];
    v_ids bigint[];
    v_reversed bigint;
BEGIN
    IF EXISTS (SELECT FROM inventory.reversal AS r WHERE r.reversed_movement_id = ANY (p_movement_ids)) THEN
        RAISE EXCEPTION 'this was reversed already'
            USING ERRCODE = 'MR209',
                  DETAIL = jsonb_build_object('movements', p_movement_ids)::text,
                  HINT = 'Look at the document: nothing more is to be done.';
    END IF;

    SELECT array_agg(ROW(m.item_id, m.lot_id, m.to_location_id, m.from_location_id, m.quantity, false,
        m.document_line_id, m.id, p_reason_id)::inventory.posting_line ORDER BY m.id),
        CASE WHEN count(m.second_quantity) > 0 THEN array_agg(m.second_quantity ORDER BY m.id) END
    INTO v_lines, v_second_quantities
    FROM inventory.movement AS m
    WHERE m.id = ANY (p_movement_ids)
      AND m.movement_type <> 'reversal';
    IF cardinality(p_movement_ids) = 0 THEN
        RETURN ARRAY[]::bigint[];
    END IF;
    IF coalesce(cardinality(v_lines), 0) <> cardinality(p_movement_ids) THEN
        RAISE EXCEPTION 'only movements that stand and are no reversals themselves can be reversed'
            USING ERRCODE = 'MR208',
                  DETAIL = jsonb_build_object('movements', p_movement_ids)::text,
                  HINT = 'Post the step again instead.';
    END IF;

    v_ids := inventory.post_movements('reversal', v_lines, p_document_type, p_document_id, p_occurred_at, v_second_quantities);

    -- The key of this table is the rule: two sessions that reverse the same movement meet here, after the same locks.
    INSERT INTO inventory.reversal (reversed_movement_id, movement_id)
    SELECT l.reverses_movement_id, v_ids[l.ordinal]
    FROM unnest(v_lines) WITH ORDINALITY AS l (item_id, lot_id, from_location_id, to_location_id, quantity,
        consumes_reservation, document_line_id, reverses_movement_id, reason_id, ordinal)
    ON CONFLICT ON CONSTRAINT reversal_pkey DO NOTHING;
    GET DIAGNOSTICS v_reversed = ROW_COUNT;
    IF v_reversed <> cardinality(v_ids) THEN
        RAISE EXCEPTION 'this was reversed already'
            USING ERRCODE = 'MR209',
                  DETAIL = jsonb_build_object('movements', p_movement_ids)::text,
                  HINT = 'Look at the document: nothing more is to be done.';
    END IF;
    RETURN v_ids;
END;
$function$;

COMMENT ON FUNCTION inventory.reverse_movements(bigint[], inventory.document_type, bigint, bigint, timestamptz) IS
    'Posts movements backwards, each at most once, and gives the ids of the reversing movements. Stock decides: goods that went on cannot be reversed (MR201). Raises MR208 for an unknown movement or a reversal, MR209 when it was reversed already.';
