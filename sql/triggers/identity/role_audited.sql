CREATE OR REPLACE TRIGGER role_audited
    AFTER INSERT OR UPDATE OR DELETE ON identity.role
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER role_audited ON identity.role IS 'Records every change in audit.entry.';
