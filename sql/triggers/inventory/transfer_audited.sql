CREATE OR REPLACE TRIGGER transfer_audited
    AFTER INSERT OR UPDATE OR DELETE ON inventory.transfer
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER transfer_audited ON inventory.transfer IS 'Records every change in audit.entry.';
