CREATE OR REPLACE TRIGGER reversal_append_only
    BEFORE UPDATE OR DELETE ON inventory.reversal
    FOR EACH ROW EXECUTE FUNCTION event.refuse_change();

COMMENT ON TRIGGER reversal_append_only ON inventory.reversal IS 'Refuses update and delete.';
