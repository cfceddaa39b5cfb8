CREATE OR REPLACE TRIGGER seal_not_truncated
    BEFORE TRUNCATE ON audit.seal
    FOR EACH STATEMENT EXECUTE FUNCTION event.refuse_change();

COMMENT ON TRIGGER seal_not_truncated ON audit.seal IS 'Refuses truncate, which row triggers do not see.';
