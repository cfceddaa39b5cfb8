CREATE OR REPLACE TRIGGER customer_return_audited
    AFTER INSERT OR UPDATE OR DELETE ON shipping.customer_return
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER customer_return_audited ON shipping.customer_return IS 'Records every change in audit.entry.';
