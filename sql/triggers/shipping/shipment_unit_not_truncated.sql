CREATE OR REPLACE TRIGGER shipment_unit_not_truncated
    BEFORE TRUNCATE ON shipping.shipment_unit
    FOR EACH STATEMENT EXECUTE FUNCTION event.refuse_change();

COMMENT ON TRIGGER shipment_unit_not_truncated ON shipping.shipment_unit IS 'Refuses truncate, which row triggers do not see.';
