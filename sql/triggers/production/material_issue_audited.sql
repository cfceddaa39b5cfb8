CREATE OR REPLACE TRIGGER material_issue_audited
    AFTER INSERT OR UPDATE OR DELETE ON production.material_issue
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER material_issue_audited ON production.material_issue IS 'Records every change in audit.entry.';
