CREATE OR REPLACE TRIGGER production_report_audited
    AFTER INSERT OR UPDATE OR DELETE ON production.production_report
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER production_report_audited ON production.production_report IS 'Records every change in audit.entry.';
