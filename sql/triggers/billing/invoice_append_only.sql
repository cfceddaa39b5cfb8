CREATE OR REPLACE TRIGGER invoice_append_only
    BEFORE UPDATE OR DELETE ON billing.invoice
    FOR EACH ROW EXECUTE FUNCTION event.refuse_change();

COMMENT ON TRIGGER invoice_append_only ON billing.invoice IS 'Refuses update and delete.';
