CREATE OR REPLACE TRIGGER intervention_append_only
    BEFORE UPDATE OR DELETE ON event.intervention
    FOR EACH ROW EXECUTE FUNCTION event.refuse_change();

COMMENT ON TRIGGER intervention_append_only ON event.intervention IS 'Refuses update and delete.';
