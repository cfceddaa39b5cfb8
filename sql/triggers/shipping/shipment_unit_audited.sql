CREATE OR REPLACE TRIGGER shipment_unit_audited
    AFTER INSERT OR UPDATE OR DELETE ON shipping.shipment_unit
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER shipment_unit_audited ON shipping.shipment_unit IS 'Records every change in audit.entry.';
