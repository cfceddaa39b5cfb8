CREATE OR REPLACE FUNCTION costing.cost_movements(
    p_lines costing.movement_line[]
) RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET jit = off
SET enable_seqscan = off
SET enable_bitmapscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $function$
DECLARE
    l costing.movement_line;
    i integer;
    w integer;
    -- Items of the batch by item_rank.
    v_items bigint[];
    v_methods catalog.costing_method[];
    v_quantities numeric[];
    v_values numeric[];
    v_last_costs numeric[];
    v_first_layers bigint[];
    v_last_layers bigint[];
    v_accounts costing.account[];
    v_standards numeric[];
    -- The layer that is being used up; written back when it is empty or at the end.
    v_heads bigint[];
    v_head_quantities numeric[];
    v_head_values numeric[];
    -- Work orders of the batch by work_order_rank.
    v_work_orders bigint[];
    v_materials numeric[];
    v_labours numeric[];
    v_absorbed numeric[];
    v_direct numeric[];
    v_pooled numeric[];
    v_reported numeric[];
    v_scrapped numeric[];
    v_usage_variances numeric[];
    v_scrap_variances numeric[];
    -- What is found out, by the place of the line, to be written at once.
    v_cost_values numeric[];
    v_cost_variances numeric[];
    v_cost_sources costing.cost_source[];
    -- What a line moves beside its own value: labour and machine into work in process, scrap and usage out of it, goods received cleared.
    v_first_values numeric[];
    v_second_values numeric[];
    v_ordinal integer := 0;
    v_labour numeric;
    v_match costing.receipt_match;
    v_original numeric;
    v_original_quantity numeric;
    v_cost numeric;
    v_source costing.cost_source;
    v_variance numeric;
    v_part numeric;
    v_left numeric;
    v_share numeric;
    v_layer costing.layer;
BEGIN
    IF p_lines IS NULL THEN
        RETURN;
    END IF;

    -- 1. State of every item and work order of the batch.
    INSERT INTO costing.item_stock (item_id, method, account, standard_cost)
    SELECT t.item_id, c.costing_method, CASE WHEN c.is_manufactured THEN 'finished_goods' ELSE 'inventory' END::costing.account,
        CASE WHEN c.costing_method = 'standard' THEN c.standard_cost END
    FROM (SELECT DISTINCT x.item_id FROM unnest(p_lines) AS x) AS t
    JOIN catalog.item AS c ON c.id = t.item_id
    WHERE NOT EXISTS (SELECT 1 FROM costing.item_stock AS s WHERE s.item_id = t.item_id);
    SELECT array_agg(s.item_id ORDER BY s.item_id), array_agg(s.method ORDER BY s.item_id), array_agg(s.quantity ORDER BY s.item_id),
        array_agg(s.value ORDER BY s.item_id), array_agg(s.last_unit_cost ORDER BY s.item_id),
        array_agg(s.first_layer ORDER BY s.item_id), array_agg(s.last_layer ORDER BY s.item_id),
        array_agg(NULL::bigint), array_agg(NULL::numeric), array_agg(NULL::numeric),
        array_agg(s.account ORDER BY s.item_id), array_agg(s.standard_cost ORDER BY s.item_id)
    INTO v_items, v_methods, v_quantities, v_values, v_last_costs, v_first_layers, v_last_layers, v_heads, v_head_quantities, v_head_values,
        v_accounts, v_standards
    FROM (SELECT DISTINCT x.item_id FROM unnest(p_lines) AS x) AS t
    JOIN costing.item_stock AS s ON s.item_id = t.item_id;

    INSERT INTO costing.work_order_cost (work_order_id)
    SELECT t.work_order_id
    FROM (SELECT DISTINCT x.work_order_id FROM unnest(p_lines) AS x WHERE x.work_order_id IS NOT NULL) AS t
    WHERE NOT EXISTS (SELECT 1 FROM costing.work_order_cost AS c WHERE c.work_order_id = t.work_order_id);
    SELECT array_agg(c.work_order_id ORDER BY c.work_order_id), array_agg(c.material_value ORDER BY c.work_order_id),
        array_agg(c.labour_value ORDER BY c.work_order_id), array_agg(c.absorbed_value ORDER BY c.work_order_id),
        array_agg(c.direct_value ORDER BY c.work_order_id), array_agg(c.pooled_value ORDER BY c.work_order_id),
        array_agg(c.reported_quantity ORDER BY c.work_order_id), array_agg(c.scrapped_quantity ORDER BY c.work_order_id),
        array_agg(c.usage_variance ORDER BY c.work_order_id), array_agg(c.scrap_variance ORDER BY c.work_order_id)
    INTO v_work_orders, v_materials, v_labours, v_absorbed, v_direct, v_pooled, v_reported, v_scrapped, v_usage_variances, v_scrap_variances
    FROM (SELECT DISTINCT x.work_order_id FROM unnest(p_lines) AS x WHERE x.work_order_id IS NOT NULL) AS t
    JOIN costing.work_order_cost AS c ON c.work_order_id = t.work_order_id;

    -- Filled, so that they begin at 1 whatever line is costed first.
    v_cost_values := array_fill(NULL::numeric, ARRAY[cardinality(p_lines)]);
    v_cost_variances := v_cost_values;
    v_cost_sources := array_fill(NULL::costing.cost_source, ARRAY[cardinality(p_lines)]);
    v_first_values := v_cost_values;
    v_second_values := v_cost_values;

    -- 2. One movement after the other, in the order of the feed.
    FOREACH l IN ARRAY p_lines LOOP
        v_ordinal := v_ordinal + 1;
        i := l.item_rank;
        w := l.work_order_rank;
        v_variance := 0;
        v_original := NULL;

        -- 2a. Time of a report, taken back once with it.
        IF l.labour_value IS NOT NULL THEN
            v_labour := l.labour_value + l.machine_value;
            v_labours[w] := v_labours[w] + v_labour;
            v_part := CASE WHEN v_labour < 0 THEN greatest(v_labour, -greatest(v_direct[w], 0)) ELSE v_labour END;
            v_direct[w] := v_direct[w] + v_part;
            v_pooled[w] := v_pooled[w] + v_labour - v_part;
            v_first_values[v_ordinal] := l.labour_value;
            v_second_values[v_ordinal] := l.machine_value;
        END IF;

        -- 2b. What is no movement.
        IF l.kind <> 'movement' THEN
            CASE l.kind
                WHEN 'completion' THEN
                    -- Nothing stays in process of an order that is done: scrap at standard cost, or all of it when nothing was good.
                    v_left := v_direct[w] + v_pooled[w];
                    v_part := CASE
                        WHEN v_methods[i] = 'standard' THEN round(v_scrapped[w] * v_standards[i], 4)
                        WHEN v_scrapped[w] > 0 AND v_reported[w] = v_scrapped[w] THEN v_left
                        ELSE 0
                    END;
                    v_scrap_variances[w] := v_scrap_variances[w] + v_part;
                    v_usage_variances[w] := v_usage_variances[w] + v_left - v_part;
                    v_direct[w] := 0;
                    v_pooled[w] := 0;
                    v_first_values[v_ordinal] := v_part;
                    v_second_values[v_ordinal] := v_left - v_part;
                WHEN 'reopening' THEN
                    v_first_values[v_ordinal] := -v_scrap_variances[w];
                    v_second_values[v_ordinal] := -v_usage_variances[w];
                    v_pooled[w] := v_pooled[w] + v_scrap_variances[w] + v_usage_variances[w];
                    v_scrap_variances[w] := 0;
                    v_usage_variances[w] := 0;
                WHEN 'standard_cost' THEN
                    v_part := round(greatest(v_quantities[i], 0) * l.standard_cost, 4);
                    v_cost_values[v_ordinal] := v_part - v_values[i];
                    v_values[i] := v_part;
                    v_standards[i] := l.standard_cost;
                WHEN 'supplier_invoice', 'landed_cost' THEN
                    -- What of the receipt is still in stock takes its share of what became known later, from now on.
                    SELECT c.value + c.variance, c.quantity INTO v_original, v_original_quantity
                    FROM costing.movement_cost AS c
                    WHERE c.movement_id = l.original_ids[1];
                    INSERT INTO costing.receipt_match (goods_receipt_line_id) VALUES (l.receipt_line_id)
                    ON CONFLICT ON CONSTRAINT receipt_match_pkey DO NOTHING;
                    SELECT x.goods_receipt_line_id, x.invoiced_quantity, x.cleared_value, x.later_value INTO STRICT v_match
                    FROM costing.receipt_match AS x
                    WHERE x.goods_receipt_line_id = l.receipt_line_id;
                    v_cost := l.later_value;
                    IF l.kind = 'supplier_invoice' THEN
                        v_part := coalesce(round(v_original * (v_match.invoiced_quantity + l.quantity) / v_original_quantity, 4), 0) - v_match.cleared_value;
                        v_first_values[v_ordinal] := v_part;
                        v_cost := v_cost - v_part;
                        v_match.invoiced_quantity := v_match.invoiced_quantity + l.quantity;
                        v_match.cleared_value := v_match.cleared_value + v_part;
                    END IF;
                    v_match.later_value := v_match.later_value + v_cost;
                    UPDATE costing.receipt_match AS x
                    SET invoiced_quantity = v_match.invoiced_quantity,
                        cleared_value = v_match.cleared_value,
                        later_value = v_match.later_value
                    WHERE x.goods_receipt_line_id = l.receipt_line_id;
                    v_part := 0;
                    IF v_methods[i] = 'fifo' THEN
                        IF v_heads[i] IS NOT NULL THEN
                            UPDATE costing.layer AS y
                            SET remaining_quantity = v_head_quantities[i],
                                remaining_value = v_head_values[i]
                            WHERE y.item_id = l.item_id AND y.number = v_heads[i];
                            v_heads[i] := NULL;
                        END IF;
                        SELECT y.number, y.remaining_quantity, y.remaining_value INTO v_layer.number, v_layer.remaining_quantity, v_layer.remaining_value
                        FROM costing.layer AS y
                        WHERE y.movement_id = l.original_ids[1] AND y.remaining_quantity > 0;
                        IF FOUND THEN
                            v_part := greatest(round(v_cost * v_layer.remaining_quantity / v_original_quantity, 4), -v_layer.remaining_value);
                            UPDATE costing.layer AS y
                            SET remaining_value = y.remaining_value + v_part,
                                added_value = y.added_value + v_part
                            WHERE y.item_id = l.item_id AND y.number = v_layer.number;
                        END IF;
                    ELSIF v_methods[i] = 'moving_average' AND v_quantities[i] > 0 THEN
                        v_share := coalesce(nullif(abs(l.quantity), 0), v_original_quantity);
                        v_part := greatest(round(v_cost * least(v_quantities[i], v_share) / v_share, 4), -v_values[i]);
                    END IF;
                    v_part := coalesce(v_part, 0);
                    v_values[i] := v_values[i] + v_part;
                    v_cost_values[v_ordinal] := v_part;
                    v_cost_variances[v_ordinal] := v_cost - v_part;
                ELSE
                    NULL;
            END CASE;
            CONTINUE;
        END IF;

        IF l.scrapped_quantity <> 0 THEN
            v_scrapped[w] := v_scrapped[w] + l.scrapped_quantity;
        END IF;
        IF l.direction = 0 THEN
            IF w IS NOT NULL AND l.reported_quantity <> 0 THEN
                v_reported[w] := v_reported[w] + l.reported_quantity;
            END IF;
            CONTINUE;
        END IF;

        -- 2c. What the original was worth, for this quantity of it.
        IF l.original_ids IS NOT NULL OR l.movement_type = 'material_return' THEN
            IF l.original_ids IS NOT NULL THEN
                SELECT sum(c.value + c.variance), sum(c.quantity) INTO v_original, v_original_quantity
                FROM costing.movement_cost AS c
                WHERE c.movement_id = ANY (l.original_ids);
            ELSE
                -- A return names the order and not the issue: what is still out there has one cost on average.
                SELECT sum(c.value + c.variance), sum(c.quantity) INTO v_original, v_original_quantity
                FROM costing.movement_cost AS c
                WHERE c.work_order_id = l.work_order_id AND c.item_id = l.item_id AND c.movement_type <> 'production';
            END IF;
            IF v_original_quantity * l.direction < 0 AND v_original * l.direction <= 0 THEN
                v_original := round(abs(v_original) * l.quantity / abs(v_original_quantity), 4);
            ELSE
                v_original := NULL;
            END IF;
        END IF;

        IF l.direction > 0 THEN
            -- 2d. Into stock.
            IF v_original IS NOT NULL THEN
                v_cost := v_original;
                v_source := 'original';
            ELSIF l.movement_type = 'production' AND w IS NOT NULL AND (v_methods[i] = 'standard' OR l.open_quantity IS NULL) THEN
                -- At standard cost, and so are by-products: what differs shows when the order is completed, or in its goods.
                v_cost := CASE
                    WHEN v_methods[i] = 'standard' THEN round(greatest(v_quantities[i] + l.quantity, 0) * v_standards[i], 4) - v_values[i]
                    ELSE round(coalesce(l.standard_cost, 0) * l.quantity, 4)
                END;
                v_source := CASE WHEN v_methods[i] = 'standard' OR l.standard_cost IS NOT NULL THEN 'standard_cost' ELSE 'unknown' END::costing.cost_source;
                v_part := CASE WHEN l.open_quantity IS NULL THEN least(greatest(v_direct[w], 0), v_cost) ELSE v_direct[w] END;
                v_direct[w] := v_direct[w] - v_part;
                v_pooled[w] := v_pooled[w] - (v_cost - v_part);
                v_absorbed[w] := v_absorbed[w] + v_cost;
            ELSIF l.movement_type = 'production' AND w IS NOT NULL THEN
                -- All of what the reports consumed, by the share of this line in its report; of what was issued for
                -- the whole order the share of the quantity that is still to be made.
                v_part := CASE
                    WHEN l.open_quantity > l.quantity THEN round(v_direct[w] * l.quantity / l.open_quantity, 4)
                    ELSE v_direct[w]
                END;
                v_left := l.planned_quantity - v_reported[w];
                v_share := CASE
                    WHEN l.reported_quantity < v_left THEN round(v_pooled[w] * l.reported_quantity / v_left, 4)
                    ELSE v_pooled[w]
                END;
                v_cost := v_part + v_share;
                v_source := 'work_order';
                IF v_cost >= 0 THEN
                    v_direct[w] := v_direct[w] - v_part;
                    v_pooled[w] := v_pooled[w] - v_share;
                ELSE
                    v_cost := 0;
                END IF;
                v_absorbed[w] := v_absorbed[w] + v_cost;
            ELSIF l.purchase_value IS NOT NULL THEN
                v_cost := l.purchase_value;
                v_source := 'purchase_price';
            ELSIF v_methods[i] = 'standard' THEN
                v_cost := round(greatest(v_quantities[i] + l.quantity, 0) * v_standards[i], 4) - v_values[i];
                v_source := 'standard_cost';
            ELSIF v_quantities[i] > 0 AND l.movement_type <> 'receipt' THEN
                v_cost := round(v_values[i] * l.quantity / v_quantities[i], 4);
                v_source := 'average';
            ELSIF l.standard_cost IS NOT NULL THEN
                v_cost := round(l.standard_cost * l.quantity, 4);
                v_source := 'standard_cost';
            ELSIF v_last_costs[i] IS NOT NULL THEN
                v_cost := round(v_last_costs[i] * l.quantity, 4);
                v_source := 'last_cost';
            ELSE
                v_cost := 0;
                v_source := 'unknown';
            END IF;

            -- 2e. What work in process gets or gives by it.
            IF l.movement_type = 'material_return' AND w IS NOT NULL THEN
                v_materials[w] := v_materials[w] - v_cost;
                v_pooled[w] := v_pooled[w] - v_cost;
            ELSIF l.original_type = 'issue' AND w IS NOT NULL THEN
                v_materials[w] := v_materials[w] - v_cost;
                v_part := CASE WHEN l.report_id IS NULL THEN 0 ELSE least(greatest(v_direct[w], 0), v_cost) END;
                v_direct[w] := v_direct[w] - v_part;
                v_pooled[w] := v_pooled[w] - (v_cost - v_part);
            END IF;

            -- 2f. Stock. What another line of the same posting took before it came has no value left: a variance.
            v_left := l.quantity;
            v_last_costs[i] := round(v_cost / l.quantity, 6);
            IF v_methods[i] = 'standard' THEN
                -- The stock is worth its standard cost, whatever was paid.
                v_part := round(greatest(v_quantities[i] + l.quantity, 0) * v_standards[i], 4) - v_values[i];
                v_variance := v_cost - v_part;
                v_cost := v_part;
            ELSIF v_quantities[i] < 0 THEN
                v_left := greatest(l.quantity + v_quantities[i], 0);
                v_variance := v_cost - round(v_cost * v_left / l.quantity, 4);
                v_cost := v_cost - v_variance;
            END IF;
            v_quantities[i] := v_quantities[i] + l.quantity;
            v_values[i] := v_values[i] + v_cost;
            IF v_left > 0 AND v_methods[i] = 'fifo' THEN
                v_last_layers[i] := v_last_layers[i] + 1;
                INSERT INTO costing.layer (item_id, number, movement_id, quantity, value, remaining_quantity, remaining_value)
                VALUES (l.item_id, v_last_layers[i], l.movement_id, v_left, v_cost, v_left, v_cost);
            END IF;
        ELSE
            -- 2g. Out of stock.
            v_left := least(l.quantity, greatest(v_quantities[i], 0));
            v_cost := 0;
            IF v_methods[i] = 'fifo' THEN
                v_source := 'layers';
                IF v_original IS NOT NULL AND v_left > 0 THEN
                    -- The layer of the reversed inflow first, as far as it is there.
                    IF v_heads[i] IS NOT NULL THEN
                        UPDATE costing.layer AS y
                        SET remaining_quantity = v_head_quantities[i],
                            remaining_value = v_head_values[i]
                        WHERE y.item_id = l.item_id AND y.number = v_heads[i];
                        v_heads[i] := NULL;
                    END IF;
                    UPDATE costing.layer AS y
                    SET remaining_quantity = y.remaining_quantity - least(y.remaining_quantity, v_left),
                        remaining_value = CASE
                            WHEN y.remaining_quantity > v_left
                                THEN y.remaining_value - round(y.remaining_value * v_left / y.remaining_quantity, 4)
                            ELSE 0
                        END
                    FROM costing.layer AS o
                    WHERE y.movement_id = ANY (l.original_ids) AND y.item_id = l.item_id AND y.remaining_quantity > 0
                      AND o.item_id = y.item_id AND o.number = y.number
                    RETURNING o.remaining_value - y.remaining_value, o.remaining_quantity - y.remaining_quantity
                    INTO v_part, v_share;
                    IF FOUND THEN
                        v_cost := v_part;
                        v_left := v_left - v_share;
                        v_source := 'original';
                    END IF;
                END IF;
                WHILE v_left > 0 LOOP
                    IF v_heads[i] IS NULL THEN
                        SELECT y.item_id, y.number, y.movement_id, y.quantity, y.value, y.remaining_quantity, y.remaining_value, y.added_value
                        INTO STRICT v_layer
                        FROM costing.layer AS y
                        WHERE y.item_id = l.item_id AND y.number >= v_first_layers[i] AND y.remaining_quantity > 0
                        ORDER BY y.number
                        LIMIT 1;
                        v_heads[i] := v_layer.number;
                        v_head_quantities[i] := v_layer.remaining_quantity;
                        v_head_values[i] := v_layer.remaining_value;
                        v_first_layers[i] := v_layer.number;
                    END IF;
                    IF v_left < v_head_quantities[i] THEN
                        v_part := round(v_head_values[i] * v_left / v_head_quantities[i], 4);
                        v_head_quantities[i] := v_head_quantities[i] - v_left;
                        v_head_values[i] := v_head_values[i] - v_part;
                        v_cost := v_cost + v_part;
                        v_left := 0;
                    ELSE
                        v_cost := v_cost + v_head_values[i];
                        v_left := v_left - v_head_quantities[i];
                        UPDATE costing.layer AS y
                        SET remaining_quantity = 0,
                            remaining_value = 0
                        WHERE y.item_id = l.item_id AND y.number = v_heads[i];
                        v_first_layers[i] := v_heads[i] + 1;
                        v_heads[i] := NULL;
                    END IF;
                END LOOP;
            ELSIF v_methods[i] = 'standard' THEN
                v_cost := v_values[i] - round(greatest(v_quantities[i] - l.quantity, 0) * v_standards[i], 4);
                v_source := 'standard_cost';
            ELSIF v_left = v_quantities[i] THEN
                -- The last unit takes whatever is left, so that nothing stays behind an empty shelf.
                v_cost := v_values[i];
                v_source := 'average';
            ELSIF v_original <= v_values[i] AND v_left > 0 THEN
                v_cost := v_original;
                v_source := 'original';
            ELSIF v_left > 0 THEN
                v_cost := round(v_values[i] * v_left / v_quantities[i], 4);
                v_source := 'average';
            ELSE
                v_source := 'unknown';
            END IF;
            IF v_original IS NOT NULL THEN
                v_variance := v_cost - v_original;
            END IF;
            v_quantities[i] := v_quantities[i] - l.quantity;
            v_values[i] := v_values[i] - v_cost;
            IF v_cost > 0 THEN
                v_last_costs[i] := round(v_cost / l.quantity, 6);
            END IF;

            -- 2h. What work in process gets: of a reversal the whole of the original, its variance included.
            v_part := coalesce(v_original, v_cost);
            IF w IS NOT NULL THEN
                IF l.movement_type = 'issue' THEN
                    v_materials[w] := v_materials[w] + v_cost;
                    IF l.report_id IS NULL THEN
                        v_pooled[w] := v_pooled[w] + v_cost;
                    ELSE
                        v_direct[w] := v_direct[w] + v_cost;
                    END IF;
                ELSIF l.original_type = 'material_return' THEN
                    v_materials[w] := v_materials[w] + v_part;
                    v_pooled[w] := v_pooled[w] + v_part;
                ELSIF l.original_type = 'production' THEN
                    v_absorbed[w] := v_absorbed[w] - v_part;
                    v_pooled[w] := v_pooled[w] + v_part;
                END IF;
            END IF;
            v_cost := -v_cost;
        END IF;

        IF w IS NOT NULL AND l.reported_quantity <> 0 THEN
            v_reported[w] := v_reported[w] + l.reported_quantity;
        END IF;
        v_cost_values[v_ordinal] := v_cost;
        v_cost_variances[v_ordinal] := v_variance;
        v_cost_sources[v_ordinal] := v_source;
    END LOOP;

    -- 3. Write.
    INSERT INTO costing.movement_cost (movement_id, position, item_id, movement_type, source, quantity, value, variance, currency, work_order_id)
    SELECT x.movement_id, x.position, x.item_id, x.movement_type, x.source, x.quantity * x.direction, x.value, x.variance, x.currency,
        x.work_order_id
    FROM ROWS FROM (unnest(p_lines), unnest(v_cost_values), unnest(v_cost_variances), unnest(v_cost_sources))
        AS x (movement_id, position, movement_type, item_id, item_rank, direction, quantity, currency, standard_cost, purchase_value,
            original_type, original_ids, report_id, work_order_id, work_order_rank, planned_quantity, open_quantity, reported_quantity,
            kind, counter_account, site_id, document_type, document_id, posted_at, occurred_at, labour_value, machine_value, labour_report_id,
            scrapped_quantity, receipt_line_id, later_value,
            value, variance, source)
    WHERE x.kind = 'movement' AND x.value IS NOT NULL;

    INSERT INTO costing.labour_cost (production_report_id, is_reversal, work_order_id, value, machine_value)
    SELECT x.labour_report_id, x.labour_value + x.machine_value < 0, x.work_order_id, x.labour_value, x.machine_value
    FROM unnest(p_lines) AS x
    WHERE x.labour_report_id IS NOT NULL;

    -- The journal: stock against the other side of the movement, what stock could not take or give against it as well, and the rest.
    -- What is less than a cent is rounding. The totals of the accounts move with it.
    WITH added AS (
        INSERT INTO costing.journal_entry (position, ordinal, kind, debit, credit, amount, currency, site_id, item_id, work_order_id,
            movement_id, document_type, document_id, posted_at, occurred_at)
        SELECT x.position, row_number() OVER (PARTITION BY x.position ORDER BY x.place, f.part),
            CASE WHEN f.is_labour THEN 'labour' ELSE x.kind END,
            CASE WHEN f.amount > 0 THEN f.debit ELSE f.credit END, CASE WHEN f.amount > 0 THEN f.credit ELSE f.debit END, abs(f.amount),
            x.currency, x.site_id, CASE WHEN NOT f.is_labour THEN x.item_id END, x.work_order_id,
            CASE WHEN NOT f.is_labour THEN x.movement_id END, CASE WHEN NOT f.is_labour THEN x.document_type END,
            CASE WHEN f.is_labour THEN x.report_id ELSE x.document_id END, x.posted_at, x.occurred_at
        FROM ROWS FROM (unnest(p_lines), unnest(v_cost_values), unnest(v_cost_variances), unnest(v_first_values), unnest(v_second_values))
            WITH ORDINALITY
            AS x (movement_id, position, movement_type, item_id, item_rank, direction, quantity, currency, standard_cost, purchase_value,
                original_type, original_ids, report_id, work_order_id, work_order_rank, planned_quantity, open_quantity, reported_quantity,
                kind, counter_account, site_id, document_type, document_id, posted_at, occurred_at, labour_value, machine_value, labour_report_id,
                scrapped_quantity, receipt_line_id, later_value,
                value, variance, first_value, second_value, place)
        CROSS JOIN LATERAL (
            SELECT 1, false, v_accounts[x.item_rank], x.counter_account, x.value
            WHERE x.value <> 0
            UNION ALL
            SELECT 2, false, CASE
                WHEN abs(x.variance) < 0.01 THEN 'rounding_variance'
                WHEN x.counter_account IN ('goods_received', 'payables', 'landed_cost') THEN 'price_variance'
                ELSE 'revaluation'
            END::costing.account, x.counter_account, x.variance
            WHERE x.variance <> 0
            UNION ALL
            SELECT 3, x.labour_value IS NOT NULL,
                CASE WHEN x.kind = 'supplier_invoice' THEN 'goods_received' WHEN x.labour_value IS NOT NULL THEN 'work_in_process' WHEN abs(x.first_value) < 0.01 THEN 'rounding_variance' ELSE 'scrap_variance' END::costing.account,
                CASE WHEN x.kind = 'supplier_invoice' THEN 'payables' WHEN x.labour_value IS NOT NULL THEN 'labour_absorbed' ELSE 'work_in_process' END::costing.account,
                x.first_value
            WHERE x.first_value <> 0
            UNION ALL
            SELECT 4, x.labour_value IS NOT NULL,
                CASE WHEN x.labour_value IS NOT NULL THEN 'work_in_process' WHEN abs(x.second_value) < 0.01 THEN 'rounding_variance' ELSE 'usage_variance' END::costing.account,
                CASE WHEN x.labour_value IS NOT NULL THEN 'machine_absorbed' ELSE 'work_in_process' END::costing.account,
                x.second_value
            WHERE x.second_value <> 0
        ) AS f (part, is_labour, debit, credit, amount)
        RETURNING debit, credit, amount, currency, site_id, posted_at
    )
    INSERT INTO costing.account_total AS t (site_id, month, account, currency, debit, credit)
    SELECT a.site_id, date_trunc('month', a.posted_at AT TIME ZONE 'UTC')::date, f.account, a.currency,
        sum(CASE WHEN f.is_debit THEN a.amount ELSE 0 END), sum(CASE WHEN f.is_debit THEN 0 ELSE a.amount END)
    FROM added AS a
    CROSS JOIN LATERAL (VALUES (a.debit, true), (a.credit, false)) AS f (account, is_debit)
    GROUP BY 1, 2, 3, 4
    ON CONFLICT ON CONSTRAINT account_total_pkey DO UPDATE
    SET debit = t.debit + EXCLUDED.debit,
        credit = t.credit + EXCLUDED.credit;

    UPDATE costing.layer AS y
    SET remaining_quantity = h.remaining_quantity,
        remaining_value = h.remaining_value
    FROM unnest(v_items, v_heads, v_head_quantities, v_head_values) AS h (item_id, number, remaining_quantity, remaining_value)
    WHERE y.item_id = h.item_id AND y.number = h.number;

    UPDATE costing.item_stock AS s
    SET quantity = t.quantity,
        value = t.value,
        last_unit_cost = t.last_unit_cost,
        first_layer = t.first_layer,
        last_layer = t.last_layer,
        standard_cost = t.standard_cost
    FROM unnest(v_items, v_quantities, v_values, v_last_costs, v_first_layers, v_last_layers, v_standards)
        AS t (item_id, quantity, value, last_unit_cost, first_layer, last_layer, standard_cost)
    WHERE s.item_id = t.item_id;

    UPDATE costing.work_order_cost AS c
    SET material_value = t.material_value,
        labour_value = t.labour_value,
        absorbed_value = t.absorbed_value,
        direct_value = t.direct_value,
        pooled_value = t.pooled_value,
        reported_quantity = t.reported_quantity,
        scrapped_quantity = t.scrapped_quantity,
        usage_variance = t.usage_variance,
        scrap_variance = t.scrap_variance
    FROM unnest(v_work_orders, v_materials, v_labours, v_absorbed, v_direct, v_pooled, v_reported, v_scrapped, v_usage_variances, v_scrap_variances)
        AS t (work_order_id, material_value, labour_value, absorbed_value, direct_value, pooled_value, reported_quantity, scrapped_quantity,
            usage_variance, scrap_variance)
    WHERE c.work_order_id = t.work_order_id;
END;
$function$;

COMMENT ON FUNCTION costing.cost_movements(costing.movement_line[]) IS
    'Gives each of the movements its cost, in the order given, and writes stock value, layers, work in process and the value journal. Called by costing.advance alone, which holds the lock. Rules: docs/adr, costing.';
