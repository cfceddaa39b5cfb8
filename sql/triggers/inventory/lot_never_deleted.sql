CREATE OR REPLACE TRIGGER lot_never_deleted
    BEFORE DELETE OR TRUNCATE ON inventory.lot
    FOR EACH STATEMENT EXECUTE FUNCTION catalog.refuse_removal();

COMMENT ON TRIGGER lot_never_deleted ON inventory.lot IS 'Raises MR114 on delete and truncate: the stock ledger names rows of it without a foreign key.';
