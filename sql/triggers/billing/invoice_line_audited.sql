CREATE OR REPLACE TRIGGER invoice_line_audited
    AFTER INSERT OR UPDATE OR DELETE ON billing.invoice_line
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER invoice_line_audited ON billing.invoice_line IS 'Records every change in audit.entry.';
