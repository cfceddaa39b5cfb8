CREATE OR REPLACE TRIGGER inspection_audited
    AFTER INSERT OR UPDATE OR DELETE ON purchasing.inspection
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER inspection_audited ON purchasing.inspection IS 'Records every change in audit.entry.';
