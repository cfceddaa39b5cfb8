CREATE OR REPLACE TRIGGER item_audited
    AFTER INSERT OR UPDATE OR DELETE ON catalog.item
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER item_audited ON catalog.item IS 'Records every change in audit.entry.';
