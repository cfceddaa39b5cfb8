CREATE OR REPLACE TRIGGER pick_audited
    AFTER INSERT OR UPDATE OR DELETE ON shipping.pick
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER pick_audited ON shipping.pick IS 'Records every change in audit.entry.';
