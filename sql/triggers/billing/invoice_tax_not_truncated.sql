CREATE OR REPLACE TRIGGER invoice_tax_not_truncated
    BEFORE TRUNCATE ON billing.invoice_tax
    FOR EACH STATEMENT EXECUTE FUNCTION event.refuse_change();

COMMENT ON TRIGGER invoice_tax_not_truncated ON billing.invoice_tax IS 'Refuses truncate, which row triggers do not see.';
