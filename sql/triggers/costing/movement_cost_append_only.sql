CREATE OR REPLACE TRIGGER movement_cost_append_only
    BEFORE UPDATE OR DELETE ON costing.movement_cost
    FOR EACH ROW EXECUTE FUNCTION event.refuse_change();

COMMENT ON TRIGGER movement_cost_append_only ON costing.movement_cost IS 'Refuses update and delete.';
