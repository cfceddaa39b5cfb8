CREATE OR REPLACE TRIGGER intervention_not_truncated
    BEFORE TRUNCATE ON event.intervention
    FOR EACH STATEMENT EXECUTE FUNCTION event.refuse_change();

COMMENT ON TRIGGER intervention_not_truncated ON event.intervention IS 'Refuses truncate, which row triggers do not see.';
