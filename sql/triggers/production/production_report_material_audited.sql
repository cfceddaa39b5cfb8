CREATE OR REPLACE TRIGGER production_report_material_audited
    AFTER UPDATE OR DELETE ON production.production_report_material
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER production_report_material_audited ON production.production_report_material IS
    'Records every change in audit.entry; the rows themselves come with their report and its movements, which have theirs.';
