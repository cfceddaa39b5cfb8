CREATE OR REPLACE TRIGGER printer_audited
    AFTER INSERT OR UPDATE OR DELETE ON document.printer
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER printer_audited ON document.printer IS 'Records every change in audit.entry.';
