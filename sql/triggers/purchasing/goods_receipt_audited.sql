CREATE OR REPLACE TRIGGER goods_receipt_audited
    AFTER INSERT OR UPDATE OR DELETE ON purchasing.goods_receipt
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER goods_receipt_audited ON purchasing.goods_receipt IS 'Records every change in audit.entry.';
