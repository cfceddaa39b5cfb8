CREATE OR REPLACE TRIGGER sales_order_audited
    AFTER INSERT OR UPDATE OR DELETE ON sales.sales_order
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER sales_order_audited ON sales.sales_order IS 'Records every change in audit.entry.';
