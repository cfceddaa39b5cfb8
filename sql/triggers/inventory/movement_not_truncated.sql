CREATE OR REPLACE TRIGGER movement_not_truncated
    BEFORE TRUNCATE ON inventory.movement
    FOR EACH STATEMENT EXECUTE FUNCTION event.refuse_change();

COMMENT ON TRIGGER movement_not_truncated ON inventory.movement IS 'Refuses truncate, which row triggers do not see.';
