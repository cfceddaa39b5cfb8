CREATE OR REPLACE TRIGGER bill_of_material_line_audited
    AFTER INSERT OR UPDATE OR DELETE ON catalog.bill_of_material_line
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER bill_of_material_line_audited ON catalog.bill_of_material_line IS 'Records every change in audit.entry.';
