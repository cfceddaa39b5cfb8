CREATE OR REPLACE TRIGGER supplier_item_audited
    AFTER INSERT OR UPDATE OR DELETE ON catalog.supplier_item
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER supplier_item_audited ON catalog.supplier_item IS 'Records every change in audit.entry.';
