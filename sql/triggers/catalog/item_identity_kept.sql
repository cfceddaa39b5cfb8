CREATE OR REPLACE TRIGGER item_identity_kept
    BEFORE UPDATE ON catalog.item
    FOR EACH ROW
    WHEN (OLD.id <> NEW.id OR OLD.base_unit_id <> NEW.base_unit_id OR OLD.tracking <> NEW.tracking
        OR OLD.second_unit_id IS DISTINCT FROM NEW.second_unit_id)
    EXECUTE FUNCTION catalog.refuse_identity_change('the id, the base unit, the second unit and the tracking of an item cannot change');

COMMENT ON TRIGGER item_identity_kept ON catalog.item IS 'Raises MR114: the id, the base unit, the second unit and the tracking of an item cannot change.';
