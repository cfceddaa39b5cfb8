CREATE OR REPLACE TRIGGER movement_references_exist
    AFTER INSERT ON inventory.movement
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT
    WHEN (current_setting('millrace.references_found', true) IS DISTINCT FROM 'on')
    EXECUTE FUNCTION inventory.refuse_unknown_references();

COMMENT ON TRIGGER movement_references_exist ON inventory.movement IS 'In place of five foreign keys: looks for what the new movements name, once per statement. Not for a function that has just read every id from its master by its code, and says so by its own setting millrace.references_found.';
