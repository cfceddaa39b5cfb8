CREATE OR REPLACE TRIGGER client_audited
    AFTER INSERT OR UPDATE OR DELETE ON identity.client
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER client_audited ON identity.client IS 'Records every change in audit.entry.';
