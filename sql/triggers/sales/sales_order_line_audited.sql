CREATE OR REPLACE TRIGGER sales_order_line_audited
    AFTER INSERT OR UPDATE OR DELETE ON sales.sales_order_line
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER sales_order_line_audited ON sales.sales_order_line IS 'Records every change in audit.entry.';
