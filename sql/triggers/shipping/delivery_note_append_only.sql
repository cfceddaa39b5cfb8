CREATE OR REPLACE TRIGGER delivery_note_append_only
    BEFORE UPDATE OR DELETE ON shipping.delivery_note
    FOR EACH ROW EXECUTE FUNCTION event.refuse_change();

COMMENT ON TRIGGER delivery_note_append_only ON shipping.delivery_note IS 'Refuses update and delete.';
