CREATE OR REPLACE TRIGGER seal_chunk_not_truncated
    BEFORE TRUNCATE ON audit.seal_chunk
    FOR EACH STATEMENT EXECUTE FUNCTION event.refuse_change();

COMMENT ON TRIGGER seal_chunk_not_truncated ON audit.seal_chunk IS 'Refuses truncate, which row triggers do not see.';
