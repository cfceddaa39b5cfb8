CREATE OR REPLACE TRIGGER reason_audited
    AFTER INSERT OR UPDATE OR DELETE ON catalog.reason
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER reason_audited ON catalog.reason IS 'Records every change in audit.entry.';
