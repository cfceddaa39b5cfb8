CREATE OR REPLACE TRIGGER file_not_truncated
    BEFORE TRUNCATE ON document.file
    FOR EACH STATEMENT EXECUTE FUNCTION event.refuse_change();

COMMENT ON TRIGGER file_not_truncated ON document.file IS 'Refuses truncate, which row triggers do not see.';
