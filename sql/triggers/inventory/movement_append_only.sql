CREATE OR REPLACE TRIGGER movement_append_only
    BEFORE UPDATE OR DELETE ON inventory.movement
    FOR EACH ROW EXECUTE FUNCTION event.refuse_change();

COMMENT ON TRIGGER movement_append_only ON inventory.movement IS 'Refuses update and delete.';
