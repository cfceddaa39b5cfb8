CREATE OR REPLACE TRIGGER seal_part_not_truncated
    BEFORE TRUNCATE ON audit.seal_part
    FOR EACH STATEMENT EXECUTE FUNCTION event.refuse_change();

COMMENT ON TRIGGER seal_part_not_truncated ON audit.seal_part IS 'Refuses truncate, which row triggers do not see.';
