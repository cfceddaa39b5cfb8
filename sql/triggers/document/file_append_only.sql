CREATE OR REPLACE TRIGGER file_append_only
    BEFORE UPDATE OR DELETE ON document.file
    FOR EACH ROW EXECUTE FUNCTION event.refuse_change();

COMMENT ON TRIGGER file_append_only ON document.file IS 'Refuses update and delete.';
