CREATE OR REPLACE TRIGGER pick_line_audited
    AFTER INSERT OR UPDATE OR DELETE ON shipping.pick_line
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER pick_line_audited ON shipping.pick_line IS 'Records every change in audit.entry.';
