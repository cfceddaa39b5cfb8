CREATE OR REPLACE TRIGGER item_never_deleted
    BEFORE DELETE OR TRUNCATE ON catalog.item
    FOR EACH STATEMENT EXECUTE FUNCTION catalog.refuse_removal();

COMMENT ON TRIGGER item_never_deleted ON catalog.item IS 'Raises MR114 on delete and truncate: the stock ledger names rows of it without a foreign key.';
