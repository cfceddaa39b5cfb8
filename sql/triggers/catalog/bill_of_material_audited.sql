CREATE OR REPLACE TRIGGER bill_of_material_audited
    AFTER INSERT OR UPDATE OR DELETE ON catalog.bill_of_material
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER bill_of_material_audited ON catalog.bill_of_material IS 'Records every change in audit.entry.';
