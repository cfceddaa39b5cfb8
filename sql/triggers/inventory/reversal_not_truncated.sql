CREATE OR REPLACE TRIGGER reversal_not_truncated
    BEFORE TRUNCATE ON inventory.reversal
    FOR EACH STATEMENT EXECUTE FUNCTION event.refuse_change();

COMMENT ON TRIGGER reversal_not_truncated ON inventory.reversal IS 'Refuses truncate, which row triggers do not see.';
