CREATE OR REPLACE TRIGGER work_order_material_audited
    AFTER DELETE OR UPDATE OF work_order_id, line_number, item_id, required_quantity, over_issue_percent, supply_location_id, is_backflushed
    ON production.work_order_material
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER work_order_material_audited ON production.work_order_material IS
    'Records every change in audit.entry but two that other entries tell already: the rows come with their order, and what is issued is the sum of issues and reports.';
