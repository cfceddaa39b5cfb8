CREATE OR REPLACE TRIGGER work_order_material_audited
    AFTER INSERT OR UPDATE OR DELETE ON production.work_order_material
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER work_order_material_audited ON production.work_order_material IS 'Records every change in audit.entry.';
