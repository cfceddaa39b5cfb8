CREATE OR REPLACE TRIGGER shipment_audited
    AFTER INSERT OR UPDATE OR DELETE ON shipping.shipment
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER shipment_audited ON shipping.shipment IS 'Records every change in audit.entry.';
