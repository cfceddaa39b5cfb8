CREATE OR REPLACE TRIGGER purchase_order_line_audited
    AFTER INSERT OR UPDATE OR DELETE ON purchasing.purchase_order_line
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER purchase_order_line_audited ON purchasing.purchase_order_line IS 'Records every change in audit.entry.';
