CREATE OR REPLACE TRIGGER intervention_audited
    AFTER INSERT OR UPDATE OR DELETE ON event.intervention
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER intervention_audited ON event.intervention IS 'Records every change in audit.entry.';
