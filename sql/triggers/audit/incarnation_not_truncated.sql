CREATE OR REPLACE TRIGGER incarnation_not_truncated
    BEFORE TRUNCATE ON audit.incarnation
    FOR EACH STATEMENT EXECUTE FUNCTION event.refuse_change();

COMMENT ON TRIGGER incarnation_not_truncated ON audit.incarnation IS 'Refuses truncate, which row triggers do not see.';
