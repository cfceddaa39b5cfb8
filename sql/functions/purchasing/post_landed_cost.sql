CREATE OR REPLACE FUNCTION purchasing.post_landed_cost(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('post-landed-cost', p_context, p_command);
    v_spread purchasing.spread := (p_command ->> 'spread_by')::purchasing.spread;
    v_amount numeric := (p_command ->> 'amount')::numeric;
    v_supplier_id bigint;
    v_site catalog.site;
    v_rate numeric;
    v_currency text;
    v_cost purchasing.landed_cost;
    v_line_ids bigint[];
    v_bases numeric[];
    v_without text;
    v_units text[];
    v_currencies text[];
    v_total numeric;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    IF p_command ->> 'supplier' IS NOT NULL THEN
        v_supplier_id := (catalog.find_partner(p_command ->> 'supplier')).id;
    END IF;
    SELECT array_agg(purchasing.find_receipt_line_id(e.value ->> 'goods_receipt', (e.value ->> 'line')::integer) ORDER BY e.ordinality)
    INTO v_line_ids
    FROM jsonb_array_elements(p_command -> 'lines') WITH ORDINALITY AS e;
    PERFORM catalog.refuse_duplicates(
        (SELECT jsonb_agg(jsonb_build_object('receipt line', (e.value ->> 'goods_receipt') || '/' || (e.value ->> 'line')))
         FROM jsonb_array_elements(p_command -> 'lines') AS e), 'receipt line');
    v_site := purchasing.lock_charged_lines(v_line_ids);
    v_currency := coalesce(p_command ->> 'currency', v_site.currency);
    v_rate := purchasing.exchange_rate(v_site, v_currency, p_command ->> 'exchange_rate');

    -- What went back bears nothing.
    SELECT array_agg(b.base ORDER BY b.ordinality), sum(b.base), min(b.item) FILTER (WHERE b.base IS NULL),
        array_agg(DISTINCT b.unit), array_agg(DISTINCT b.currency)
    INTO v_bases, v_total, v_without, v_units, v_currencies
    FROM (
        SELECT e.ordinality, i.number AS item, u.code AS unit, o.currency,
            CASE v_spread
                WHEN 'quantity' THEN g.quantity - g.returned_quantity
                WHEN 'value' THEN (g.quantity - g.returned_quantity) * ol.price * ol.quantity / ol.base_quantity
                ELSE coalesce((e.value ->> 'weight')::numeric,
                    CASE WHEN u.code = 'KGM' THEN g.quantity - g.returned_quantity
                        ELSE (g.quantity - g.returned_quantity) * (
                            SELECT c.denominator::numeric / c.numerator
                            FROM catalog.item_unit AS c
                            JOIN catalog.unit AS k ON k.id = c.unit_id AND k.code = 'KGM'
                            WHERE c.item_id = i.id) END)
            END AS base
        FROM jsonb_array_elements(p_command -> 'lines') WITH ORDINALITY AS e
        JOIN purchasing.goods_receipt_line AS g ON g.id = v_line_ids[e.ordinality]
        JOIN purchasing.purchase_order_line AS ol ON ol.id = g.purchase_order_line_id
        JOIN purchasing.purchase_order AS o ON o.id = ol.purchase_order_id
        JOIN catalog.item AS i ON i.id = g.item_id
        JOIN catalog.unit AS u ON u.id = i.base_unit_id
    ) AS b;
    IF v_without IS NOT NULL OR v_total = 0
        OR (v_spread = 'quantity' AND cardinality(v_units) > 1) OR (v_spread = 'value' AND cardinality(v_currencies) > 1) THEN
        RAISE EXCEPTION 'these lines cannot share a cost by %', v_spread
            USING ERRCODE = 'MR428',
                  DETAIL = jsonb_strip_nulls(jsonb_build_object('spread_by', v_spread, 'without_weight', v_without, 'units', to_jsonb(v_units),
                      'currencies', to_jsonb(v_currencies)))::text,
                  HINT = CASE
                      WHEN v_without IS NOT NULL THEN format('Enter the weight of %s in kilograms.', v_without)
                      WHEN v_total = 0 THEN 'Choose another way to spread it, or lines that are still here.'
                      WHEN v_spread = 'quantity' THEN 'The lines are in several units: spread it by value or weight.'
                      ELSE 'The orders are in several currencies: spread it by weight or quantity.' END;
    END IF;

    INSERT INTO purchasing.landed_cost (kind, spread_by, site_id, supplier_id, external_number, currency, exchange_rate, amount)
    VALUES ((p_command ->> 'kind')::purchasing.landed_cost_kind, v_spread, v_site.id, v_supplier_id, p_command ->> 'external_number',
        v_currency, v_rate, v_amount)
    RETURNING landed_cost.* INTO v_cost;
    -- Shares of a running sum: each is right to the last digit, none is below zero, and they sum to the whole.
    INSERT INTO purchasing.landed_cost_line (landed_cost_id, line_number, goods_receipt_line_id, base, value)
    SELECT v_cost.id, s.ordinality, s.line_id, s.base,
        round(round(v_amount * v_rate, 4) * s.until / v_total, 4) - round(round(v_amount * v_rate, 4) * (s.until - s.base) / v_total, 4)
    FROM (
        SELECT n.ordinality, n.line_id, n.base, sum(n.base) OVER (ORDER BY n.ordinality) AS until
        FROM unnest(v_line_ids, v_bases) WITH ORDINALITY AS n (line_id, base, ordinality)
    ) AS s;

    PERFORM event.publish('landed_cost.posted', v_cost.id,
        purchasing.describe_charge(v_cost.number, v_site, purchasing.landed_cost_lines(v_cost.id, 1)) || jsonb_build_object('kind', v_cost.kind));
    RETURN event.finish_request(p_context, 201, purchasing.get_landed_cost(v_cost.number));
END;
$function$;

COMMENT ON FUNCTION purchasing.post_landed_cost(jsonb, jsonb) IS
    'Command: freight, duty or the like for goods that were received, spread over their lines. Body: kind, spread_by (value, weight, quantity), amount (net), currency? (default: of the books), exchange_rate?, supplier?, external_number?, lines [goods_receipt, line, weight? (kilograms; else by the KGM unit of the item)]. What went back to the supplier bears nothing. Raises MR428 when the lines have no common measure, MR424 for receipts of several sites, MR425 when the rate is missing, MR120 when a line is named twice, MR406 or MR407 when there is no such receipt or line, MR413 when it was taken back.';
