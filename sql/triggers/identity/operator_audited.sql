CREATE OR REPLACE TRIGGER operator_audited
    AFTER INSERT OR UPDATE OR DELETE ON identity.operator
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER operator_audited ON identity.operator IS 'Records every change in audit.entry.';
