CREATE OR REPLACE TRIGGER incarnation_append_only
    BEFORE UPDATE OR DELETE ON audit.incarnation
    FOR EACH ROW EXECUTE FUNCTION event.refuse_change();

COMMENT ON TRIGGER incarnation_append_only ON audit.incarnation IS 'Refuses update and delete.';
