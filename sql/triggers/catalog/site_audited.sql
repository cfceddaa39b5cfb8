CREATE OR REPLACE TRIGGER site_audited
    AFTER INSERT OR UPDATE OR DELETE ON catalog.site
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER site_audited ON catalog.site IS 'Records every change in audit.entry.';
