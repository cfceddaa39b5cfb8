CREATE OR REPLACE TRIGGER customer_return_line_audited
    AFTER INSERT OR UPDATE OR DELETE ON shipping.customer_return_line
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER customer_return_line_audited ON shipping.customer_return_line IS 'Records every change in audit.entry.';
