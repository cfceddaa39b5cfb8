CREATE OR REPLACE TRIGGER retention_audited
    AFTER INSERT OR UPDATE OR DELETE ON inventory.retention
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER retention_audited ON inventory.retention IS 'Records every change in audit.entry.';
