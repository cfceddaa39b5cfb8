CREATE OR REPLACE TRIGGER printer_default_audited
    AFTER INSERT OR UPDATE OR DELETE ON document.printer_default
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER printer_default_audited ON document.printer_default IS 'Records every change in audit.entry.';
