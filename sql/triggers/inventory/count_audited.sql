CREATE OR REPLACE TRIGGER count_audited
    AFTER INSERT OR UPDATE OR DELETE ON inventory.count
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER count_audited ON inventory.count IS 'Records every change in audit.entry.';
