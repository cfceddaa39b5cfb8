CREATE OR REPLACE TRIGGER detachment_not_truncated
    BEFORE TRUNCATE ON audit.detachment
    FOR EACH STATEMENT EXECUTE FUNCTION event.refuse_change();

COMMENT ON TRIGGER detachment_not_truncated ON audit.detachment IS 'Refuses truncate, which row triggers do not see.';
