CREATE OR REPLACE TRIGGER handling_unit_content_audited
    AFTER INSERT OR UPDATE OR DELETE ON shipping.handling_unit_content
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER handling_unit_content_audited ON shipping.handling_unit_content IS 'Records every change in audit.entry.';
