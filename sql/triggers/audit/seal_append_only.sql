CREATE OR REPLACE TRIGGER seal_append_only
    BEFORE UPDATE OR DELETE ON audit.seal
    FOR EACH ROW EXECUTE FUNCTION event.refuse_change();

COMMENT ON TRIGGER seal_append_only ON audit.seal IS 'Refuses update and delete.';
