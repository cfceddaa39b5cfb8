CREATE OR REPLACE TRIGGER entry_not_truncated
    BEFORE TRUNCATE ON audit.entry
    FOR EACH STATEMENT EXECUTE FUNCTION event.refuse_change();

COMMENT ON TRIGGER entry_not_truncated ON audit.entry IS 'Refuses truncate, which row triggers do not see.';
