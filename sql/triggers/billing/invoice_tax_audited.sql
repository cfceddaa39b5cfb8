CREATE OR REPLACE TRIGGER invoice_tax_audited
    AFTER INSERT OR UPDATE OR DELETE ON billing.invoice_tax
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER invoice_tax_audited ON billing.invoice_tax IS 'Records every change in audit.entry.';
