CREATE OR REPLACE TRIGGER production_report_material_audited
    AFTER INSERT OR UPDATE OR DELETE ON production.production_report_material
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER production_report_material_audited ON production.production_report_material IS 'Records every change in audit.entry.';
