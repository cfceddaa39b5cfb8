CREATE OR REPLACE TRIGGER seal_chunk_append_only
    BEFORE UPDATE OR DELETE ON audit.seal_chunk
    FOR EACH ROW EXECUTE FUNCTION event.refuse_change();

COMMENT ON TRIGGER seal_chunk_append_only ON audit.seal_chunk IS 'Refuses update and delete.';
