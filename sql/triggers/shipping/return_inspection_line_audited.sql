CREATE OR REPLACE TRIGGER return_inspection_line_audited
    AFTER INSERT OR UPDATE OR DELETE ON shipping.return_inspection_line
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER return_inspection_line_audited ON shipping.return_inspection_line IS 'Records every change in audit.entry.';
