CREATE OR REPLACE TRIGGER lot_identity_kept
    BEFORE UPDATE ON inventory.lot
    FOR EACH ROW
    WHEN (OLD.id <> NEW.id OR OLD.item_id IS DISTINCT FROM NEW.item_id)
    EXECUTE FUNCTION catalog.refuse_identity_change('the id and the item of a lot cannot change');

COMMENT ON TRIGGER lot_identity_kept ON inventory.lot IS 'Raises MR114: the id and the item of a lot cannot change.';
