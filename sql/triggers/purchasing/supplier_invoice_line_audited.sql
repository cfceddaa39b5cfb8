CREATE OR REPLACE TRIGGER supplier_invoice_line_audited
    AFTER INSERT OR UPDATE OR DELETE ON purchasing.supplier_invoice_line
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER supplier_invoice_line_audited ON purchasing.supplier_invoice_line IS 'Records every change in audit.entry.';
