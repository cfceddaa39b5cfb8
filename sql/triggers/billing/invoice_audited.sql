CREATE OR REPLACE TRIGGER invoice_audited
    AFTER INSERT OR UPDATE OR DELETE ON billing.invoice
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER invoice_audited ON billing.invoice IS 'Records every change in audit.entry.';
