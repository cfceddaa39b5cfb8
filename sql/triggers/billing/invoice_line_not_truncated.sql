CREATE OR REPLACE TRIGGER invoice_line_not_truncated
    BEFORE TRUNCATE ON billing.invoice_line
    FOR EACH STATEMENT EXECUTE FUNCTION event.refuse_change();

COMMENT ON TRIGGER invoice_line_not_truncated ON billing.invoice_line IS 'Refuses truncate, which row triggers do not see.';
