CREATE OR REPLACE TRIGGER unit_audited
    AFTER INSERT OR UPDATE OR DELETE ON catalog.unit
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER unit_audited ON catalog.unit IS 'Records every change in audit.entry.';
