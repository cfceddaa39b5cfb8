CREATE OR REPLACE TRIGGER supplier_invoice_audited
    AFTER INSERT OR UPDATE OR DELETE ON purchasing.supplier_invoice
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER supplier_invoice_audited ON purchasing.supplier_invoice IS 'Records every change in audit.entry.';
