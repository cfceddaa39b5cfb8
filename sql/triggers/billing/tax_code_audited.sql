CREATE OR REPLACE TRIGGER tax_code_audited
    AFTER INSERT OR UPDATE OR DELETE ON billing.tax_code
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER tax_code_audited ON billing.tax_code IS 'Records every change in audit.entry.';
