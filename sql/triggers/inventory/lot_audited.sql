CREATE OR REPLACE TRIGGER lot_audited
    AFTER INSERT OR UPDATE OR DELETE ON inventory.lot
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER lot_audited ON inventory.lot IS 'Records every change in audit.entry.';
