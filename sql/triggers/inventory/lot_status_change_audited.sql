CREATE OR REPLACE TRIGGER lot_status_change_audited
    AFTER INSERT OR UPDATE OR DELETE ON inventory.lot_status_change
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER lot_status_change_audited ON inventory.lot_status_change IS 'Records every change in audit.entry.';
