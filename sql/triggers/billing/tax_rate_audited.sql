CREATE OR REPLACE TRIGGER tax_rate_audited
    AFTER INSERT OR UPDATE OR DELETE ON billing.tax_rate
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER tax_rate_audited ON billing.tax_rate IS 'Records every change in audit.entry.';
