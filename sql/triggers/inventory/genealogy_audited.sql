CREATE OR REPLACE TRIGGER genealogy_audited
    AFTER INSERT OR UPDATE OR DELETE ON inventory.genealogy
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER genealogy_audited ON inventory.genealogy IS 'Records every change in audit.entry.';
