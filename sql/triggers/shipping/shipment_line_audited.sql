CREATE OR REPLACE TRIGGER shipment_line_audited
    AFTER INSERT OR UPDATE OR DELETE ON shipping.shipment_line
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER shipment_line_audited ON shipping.shipment_line IS 'Records every change in audit.entry.';
