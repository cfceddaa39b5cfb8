CREATE OR REPLACE TRIGGER delivery_note_audited
    AFTER INSERT OR UPDATE OR DELETE ON shipping.delivery_note
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER delivery_note_audited ON shipping.delivery_note IS 'Records every change in audit.entry.';
