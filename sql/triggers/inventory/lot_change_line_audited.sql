CREATE OR REPLACE TRIGGER lot_change_line_audited
    AFTER INSERT OR UPDATE OR DELETE ON inventory.lot_change_line
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER lot_change_line_audited ON inventory.lot_change_line IS 'Records every change in audit.entry.';
