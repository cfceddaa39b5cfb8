CREATE OR REPLACE TRIGGER supplier_return_audited
    AFTER INSERT OR UPDATE OR DELETE ON purchasing.supplier_return
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER supplier_return_audited ON purchasing.supplier_return IS 'Records every change in audit.entry.';
