CREATE OR REPLACE TRIGGER tax_rule_audited
    AFTER INSERT OR UPDATE OR DELETE ON billing.tax_rule
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER tax_rule_audited ON billing.tax_rule IS 'Records every change in audit.entry.';
