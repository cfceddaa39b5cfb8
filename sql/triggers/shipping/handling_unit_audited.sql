CREATE OR REPLACE TRIGGER handling_unit_audited
    AFTER INSERT OR UPDATE OR DELETE ON shipping.handling_unit
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER handling_unit_audited ON shipping.handling_unit IS 'Records every change in audit.entry.';
