CREATE OR REPLACE TRIGGER entry_append_only
    BEFORE UPDATE OR DELETE ON audit.entry
    FOR EACH ROW EXECUTE FUNCTION event.refuse_change();

COMMENT ON TRIGGER entry_append_only ON audit.entry IS 'Refuses update and delete.';
