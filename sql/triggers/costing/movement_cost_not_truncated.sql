CREATE OR REPLACE TRIGGER movement_cost_not_truncated
    BEFORE TRUNCATE ON costing.movement_cost
    FOR EACH STATEMENT EXECUTE FUNCTION event.refuse_change();

COMMENT ON TRIGGER movement_cost_not_truncated ON costing.movement_cost IS 'Refuses truncate, which row triggers do not see.';
