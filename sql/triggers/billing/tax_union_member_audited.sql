CREATE OR REPLACE TRIGGER tax_union_member_audited
    AFTER INSERT OR UPDATE OR DELETE ON billing.tax_union_member
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER tax_union_member_audited ON billing.tax_union_member IS 'Records every change in audit.entry.';
