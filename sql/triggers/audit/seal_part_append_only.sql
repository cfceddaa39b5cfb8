CREATE OR REPLACE TRIGGER seal_part_append_only
    BEFORE UPDATE OR DELETE ON audit.seal_part
    FOR EACH ROW EXECUTE FUNCTION event.refuse_change();

COMMENT ON TRIGGER seal_part_append_only ON audit.seal_part IS 'Refuses update and delete.';
