CREATE OR REPLACE TRIGGER goods_receipt_line_audited
    AFTER INSERT OR UPDATE OR DELETE ON purchasing.goods_receipt_line
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER goods_receipt_line_audited ON purchasing.goods_receipt_line IS 'Records every change in audit.entry.';
