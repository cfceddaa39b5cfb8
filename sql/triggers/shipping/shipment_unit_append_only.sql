CREATE OR REPLACE TRIGGER shipment_unit_append_only
    BEFORE UPDATE OR DELETE ON shipping.shipment_unit
    FOR EACH ROW EXECUTE FUNCTION event.refuse_change();

COMMENT ON TRIGGER shipment_unit_append_only ON shipping.shipment_unit IS 'Refuses update and delete.';
