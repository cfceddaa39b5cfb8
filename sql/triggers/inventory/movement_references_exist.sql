CREATE OR REPLACE TRIGGER movement_references_exist
    AFTER INSERT ON inventory.movement
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION inventory.refuse_unknown_references();

COMMENT ON TRIGGER movement_references_exist ON inventory.movement IS 'In place of five foreign keys: looks for what the new movements name, once per statement.';
