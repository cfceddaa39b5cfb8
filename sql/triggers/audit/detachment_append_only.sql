CREATE OR REPLACE TRIGGER detachment_append_only
    BEFORE UPDATE OR DELETE ON audit.detachment
    FOR EACH ROW EXECUTE FUNCTION event.refuse_change();

COMMENT ON TRIGGER detachment_append_only ON audit.detachment IS 'Refuses update and delete.';
