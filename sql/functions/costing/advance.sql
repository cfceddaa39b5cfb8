CREATE OR REPLACE FUNCTION costing.advance(
    p_limit integer
) RETURNS integer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET jit = off
SET enable_seqscan = off
SET enable_bitmapscan = off
AS $function$
DECLARE
    -- Large enough to write set-based, small enough to stay in memory.
    c_batch CONSTANT integer := 5000;
    v_position bigint;
    v_head bigint;
    v_to bigint;
    v_event record;
    v_lines costing.movement_line[];
    v_taken integer;
    v_movements integer;
    v_found integer;
    v_can_follow boolean;
    v_total integer := 0;
BEGIN
    -- The lock on the cursor is the queue: a second costing waits here and goes on where the first one ended.
    SELECT c.position INTO STRICT v_position FROM event.consumer AS c WHERE c.name = 'costing' FOR UPDATE;
    SELECT h.position INTO STRICT v_head FROM event.log_head AS h;
    IF v_position = v_head THEN
        RETURN 0;
    END IF;

    WHILE v_total < p_limit LOOP
        v_taken := 0;
        v_movements := 0;
        v_can_follow := true;
        FOR v_event IN
            SELECT l.position, coalesce(jsonb_array_length(l.payload -> 'movements'), 0) AS movements,
                CASE l.topic
                    WHEN 'movement.posted' THEN
                        l.payload @? '$.movements[*].type ? (@ == "reversal" || @ == "material_return" || @ == "customer_return" || @ == "supplier_return")'
                    ELSE l.topic NOT IN ('work_order.completed', 'work_order.reopened', 'production_report.posted', 'item.saved')
                END AS looks_back,
                starts_with(l.topic, 'supplier_invoice.') OR starts_with(l.topic, 'landed_cost.') AS is_later_value
            FROM event.log AS l
            WHERE l.position > v_position AND l.position <= v_head
              AND l.topic IN ('movement.posted', 'work_order.completed', 'work_order.reopened', 'production_report.posted',
                  'production_report.reversed', 'supplier_invoice.posted', 'supplier_invoice.reversed', 'landed_cost.posted',
                  'landed_cost.reversed', 'item.saved')
            ORDER BY l.position
        LOOP
            -- What looks back starts a batch of its own, so that what it looks for is written already.
            EXIT WHEN v_taken > 0 AND ((v_event.looks_back AND NOT (v_event.is_later_value AND v_can_follow))
                OR v_taken + v_event.movements > least(c_batch, p_limit - v_total));
            v_can_follow := v_can_follow AND v_event.is_later_value;
            v_movements := v_movements + v_event.movements;
            v_taken := v_taken + greatest(v_event.movements, 1);
            v_to := v_event.position;
        END LOOP;
        IF v_taken = 0 THEN
            v_position := v_head;
            EXIT;
        END IF;
        SELECT r.p_lines, r.p_movements INTO v_lines, v_found FROM costing.read_movements(v_position, v_to) AS r;
        IF v_found <> v_movements THEN
            RAISE EXCEPTION 'the ledger holds % of the % movements that the feed tells of up to position %',
                v_found, v_movements, v_to
                USING ERRCODE = 'MR601',
                      DETAIL = jsonb_build_object('after', v_position, 'to', v_to)::text,
                      HINT = 'Attach the partition of inventory.movement that was taken away, then run costing again.';
        END IF;
        PERFORM costing.cost_movements(v_lines);
        v_position := v_to;
        v_total := v_total + v_taken;
    END LOOP;

    UPDATE event.consumer AS c
    SET position = v_position,
        moved_at = clock_timestamp()
    WHERE c.name = 'costing';
    RETURN v_total;
END;
$function$;

COMMENT ON FUNCTION costing.advance(integer) IS
    'Costs the next movements of the feed and what else moves value, about p_limit of them (whole postings, at least one), writes the journal, and moves the cursor of consumer costing in the same transaction. Says how many it read; 0: nothing is left. Two at once are safe: the second waits. Never raises for what a posting contains; MR601 when a movement of the feed is missing in the ledger.';
