CREATE OR REPLACE TRIGGER labour_cost_append_only
    BEFORE UPDATE OR DELETE ON costing.labour_cost
    FOR EACH ROW EXECUTE FUNCTION event.refuse_change();

COMMENT ON TRIGGER labour_cost_append_only ON costing.labour_cost IS 'Refuses update and delete.';
