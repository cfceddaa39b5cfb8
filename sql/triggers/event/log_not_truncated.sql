CREATE OR REPLACE TRIGGER log_not_truncated
    BEFORE TRUNCATE ON event.log
    FOR EACH STATEMENT EXECUTE FUNCTION event.refuse_change();

COMMENT ON TRIGGER log_not_truncated ON event.log IS 'Refuses truncate, which row triggers do not see.';
