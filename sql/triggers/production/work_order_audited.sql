CREATE OR REPLACE TRIGGER work_order_audited
    AFTER INSERT OR UPDATE OR DELETE ON production.work_order
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER work_order_audited ON production.work_order IS 'Records every change in audit.entry.';
