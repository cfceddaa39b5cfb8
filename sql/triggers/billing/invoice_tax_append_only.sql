CREATE OR REPLACE TRIGGER invoice_tax_append_only
    BEFORE UPDATE OR DELETE ON billing.invoice_tax
    FOR EACH ROW EXECUTE FUNCTION event.refuse_change();

COMMENT ON TRIGGER invoice_tax_append_only ON billing.invoice_tax IS 'Refuses update and delete.';
