CREATE OR REPLACE TRIGGER log_append_only
    BEFORE UPDATE OR DELETE ON event.log
    FOR EACH ROW EXECUTE FUNCTION event.refuse_change();

COMMENT ON TRIGGER log_append_only ON event.log IS 'Refuses update and delete.';
