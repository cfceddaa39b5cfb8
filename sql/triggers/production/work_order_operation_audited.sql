CREATE OR REPLACE TRIGGER work_order_operation_audited
    AFTER DELETE OR UPDATE OF work_order_id, sequence, name, work_center_id, planned_minutes ON production.work_order_operation
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER work_order_operation_audited ON production.work_order_operation IS
    'Records every change in audit.entry but two that other entries tell already: the rows come with their order, and their quantities are the sums of its reports.';
