CREATE OR REPLACE TRIGGER invoice_line_append_only
    BEFORE UPDATE OR DELETE ON billing.invoice_line
    FOR EACH ROW EXECUTE FUNCTION event.refuse_change();

COMMENT ON TRIGGER invoice_line_append_only ON billing.invoice_line IS 'Refuses update and delete.';
