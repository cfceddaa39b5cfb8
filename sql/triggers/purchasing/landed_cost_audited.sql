CREATE OR REPLACE TRIGGER landed_cost_audited
    AFTER INSERT OR UPDATE OR DELETE ON purchasing.landed_cost
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER landed_cost_audited ON purchasing.landed_cost IS 'Records every change in audit.entry.';
