CREATE OR REPLACE TRIGGER landed_cost_line_audited
    AFTER INSERT OR UPDATE OR DELETE ON purchasing.landed_cost_line
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER landed_cost_line_audited ON purchasing.landed_cost_line IS 'Records every change in audit.entry.';
