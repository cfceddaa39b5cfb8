CREATE OR REPLACE TRIGGER unit_identity_kept
    BEFORE UPDATE ON catalog.unit
    FOR EACH ROW
    WHEN (NEW.scale < OLD.scale)
    EXECUTE FUNCTION catalog.refuse_identity_change('a unit cannot lose decimal places');

COMMENT ON TRIGGER unit_identity_kept ON catalog.unit IS 'Raises MR114: a unit cannot lose decimal places.';
