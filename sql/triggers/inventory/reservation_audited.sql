CREATE OR REPLACE TRIGGER reservation_audited
    AFTER INSERT OR UPDATE OR DELETE ON inventory.reservation
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER reservation_audited ON inventory.reservation IS 'Records every change in audit.entry.';
