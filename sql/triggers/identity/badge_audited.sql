CREATE OR REPLACE TRIGGER badge_audited
    AFTER INSERT OR UPDATE OR DELETE ON identity.badge
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER badge_audited ON identity.badge IS 'Records every change in audit.entry.';
