CREATE OR REPLACE TRIGGER bill_of_material_line_acyclic
    AFTER INSERT OR UPDATE OF item_id, bill_of_material_id ON catalog.bill_of_material_line
    FOR EACH ROW EXECUTE FUNCTION catalog.refuse_bill_of_material_cycle();

COMMENT ON TRIGGER bill_of_material_line_acyclic ON catalog.bill_of_material_line IS 'Raises MR113 when an item would be made of itself.';
