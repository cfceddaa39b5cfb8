CREATE OR REPLACE TRIGGER count_line_audited
    AFTER INSERT OR UPDATE OR DELETE ON inventory.count_line
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER count_line_audited ON inventory.count_line IS 'Records every change in audit.entry.';
