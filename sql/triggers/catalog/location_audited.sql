CREATE OR REPLACE TRIGGER location_audited
    AFTER INSERT OR UPDATE OR DELETE ON catalog.location
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER location_audited ON catalog.location IS 'Records every change in audit.entry.';
