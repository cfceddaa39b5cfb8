CREATE OR REPLACE TRIGGER bill_of_material_identity_kept
    BEFORE UPDATE ON catalog.bill_of_material
    FOR EACH ROW
    WHEN (OLD.item_id <> NEW.item_id)
    EXECUTE FUNCTION catalog.refuse_identity_change('a bill of material cannot become that of another item');

COMMENT ON TRIGGER bill_of_material_identity_kept ON catalog.bill_of_material IS 'Raises MR114: a bill of material cannot become that of another item.';
