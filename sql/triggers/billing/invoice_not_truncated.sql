CREATE OR REPLACE TRIGGER invoice_not_truncated
    BEFORE TRUNCATE ON billing.invoice
    FOR EACH STATEMENT EXECUTE FUNCTION event.refuse_change();

COMMENT ON TRIGGER invoice_not_truncated ON billing.invoice IS 'Refuses truncate, which row triggers do not see.';
