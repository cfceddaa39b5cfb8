CREATE OR REPLACE TRIGGER work_center_audited
    AFTER INSERT OR UPDATE OR DELETE ON catalog.work_center
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER work_center_audited ON catalog.work_center IS 'Records every change in audit.entry.';
