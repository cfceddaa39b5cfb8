CREATE OR REPLACE TRIGGER labour_cost_not_truncated
    BEFORE TRUNCATE ON costing.labour_cost
    FOR EACH STATEMENT EXECUTE FUNCTION event.refuse_change();

COMMENT ON TRIGGER labour_cost_not_truncated ON costing.labour_cost IS 'Refuses truncate, which row triggers do not see.';
