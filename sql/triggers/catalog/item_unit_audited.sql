CREATE OR REPLACE TRIGGER item_unit_audited
    AFTER INSERT OR UPDATE OR DELETE ON catalog.item_unit
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER item_unit_audited ON catalog.item_unit IS 'Records every change in audit.entry.';
