CREATE OR REPLACE TRIGGER material_issue_line_audited
    AFTER INSERT OR UPDATE OR DELETE ON production.material_issue_line
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER material_issue_line_audited ON production.material_issue_line IS 'Records every change in audit.entry.';
