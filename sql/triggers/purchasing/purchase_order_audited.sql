CREATE OR REPLACE TRIGGER purchase_order_audited
    AFTER INSERT OR UPDATE OR DELETE ON purchasing.purchase_order
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER purchase_order_audited ON purchasing.purchase_order IS 'Records every change in audit.entry.';
