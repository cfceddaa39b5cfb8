CREATE OR REPLACE FUNCTION purchasing.lot_waits_for_inspection() RETURNS trigger
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_receipt text;
BEGIN
    SELECT r.number INTO v_receipt
    FROM purchasing.goods_receipt_line AS l
    JOIN purchasing.goods_receipt AS r ON r.id = l.goods_receipt_id
    WHERE l.lot_id = NEW.id AND l.state = 'waiting' AND NOT l.is_reversed
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'lot % waits for the inspection of goods receipt %', NEW.number, v_receipt
            USING ERRCODE = 'MR421',
                  DETAIL = jsonb_build_object('lot', NEW.number, 'goods_receipt', v_receipt, 'status', NEW.status)::text,
                  HINT = 'Decide about it by its inspection.';
    END IF;
    RETURN NEW;
END;
$function$;

COMMENT ON FUNCTION purchasing.lot_waits_for_inspection() IS
    'Trigger function: a lot leaves quarantine by the inspection of its receipt and by nothing else. Raises MR421.';

CREATE OR REPLACE TRIGGER lot_waits_for_inspection
    BEFORE UPDATE OF status ON inventory.lot
    FOR EACH ROW
    WHEN (OLD.status = 'quarantine' AND NEW.status <> 'quarantine')
    EXECUTE FUNCTION purchasing.lot_waits_for_inspection();

COMMENT ON TRIGGER lot_waits_for_inspection ON inventory.lot IS 'Raises MR421 when a lot that waits for its inspection would leave quarantine.';
