CREATE OR REPLACE FUNCTION purchasing.lot_change_line_not_waiting() RETURNS trigger
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_receipt text;
    v_lot text;
BEGIN
    SELECT r.number, o.number INTO v_receipt, v_lot
    FROM inventory.lot_change AS c
    JOIN inventory.lot AS o ON o.id IN (NEW.from_lot_id, c.to_lot_id)
    JOIN purchasing.goods_receipt_line AS l ON l.lot_id = o.id AND l.state = 'waiting' AND NOT l.is_reversed
    JOIN purchasing.goods_receipt AS r ON r.id = l.goods_receipt_id
    WHERE c.id = NEW.lot_change_id
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'lot % waits for the inspection of goods receipt %', v_lot, v_receipt
            USING ERRCODE = 'MR421',
                  DETAIL = jsonb_build_object('lot', v_lot, 'goods_receipt', v_receipt)::text,
                  HINT = 'Inspect it as a whole; split or merge it then.';
    END IF;
    RETURN NEW;
END;
$function$;

COMMENT ON FUNCTION purchasing.lot_change_line_not_waiting() IS
    'Trigger function: what waits for its inspection stays one lot until then. A part under another number would be no receipt''s, and could leave quarantine without inspection. Raises MR421.';

CREATE OR REPLACE TRIGGER lot_change_line_not_waiting
    BEFORE INSERT ON inventory.lot_change_line
    FOR EACH ROW
    EXECUTE FUNCTION purchasing.lot_change_line_not_waiting();

COMMENT ON TRIGGER lot_change_line_not_waiting ON inventory.lot_change_line IS 'Raises MR421 when a lot that waits for its inspection would be split, merged or mixed.';
