CREATE OR REPLACE TRIGGER partner_audited
    AFTER INSERT OR UPDATE OR DELETE ON catalog.partner
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER partner_audited ON catalog.partner IS 'Records every change in audit.entry.';
