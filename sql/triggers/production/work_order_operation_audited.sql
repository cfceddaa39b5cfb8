CREATE OR REPLACE TRIGGER work_order_operation_audited
    AFTER INSERT OR UPDATE OR DELETE ON production.work_order_operation
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER work_order_operation_audited ON production.work_order_operation IS 'Records every change in audit.entry.';
