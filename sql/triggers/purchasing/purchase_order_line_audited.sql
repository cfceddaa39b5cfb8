-- What was received, rejected and returned are sums of lines that are recorded themselves (sql/checks/purchasing).
CREATE OR REPLACE TRIGGER purchase_order_line_audited
    AFTER INSERT OR DELETE OR UPDATE OF purchase_order_id, line_number, item_id, unit_id, quantity, base_quantity, price, due_on, over_receipt_percent
    ON purchasing.purchase_order_line
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER purchase_order_line_audited ON purchasing.purchase_order_line IS 'Records every change of what was ordered in audit.entry.';
