CREATE OR REPLACE TRIGGER return_inspection_audited
    AFTER INSERT OR UPDATE OR DELETE ON shipping.return_inspection
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER return_inspection_audited ON shipping.return_inspection IS 'Records every change in audit.entry.';
