CREATE OR REPLACE TRIGGER reason_never_deleted
    BEFORE DELETE OR TRUNCATE ON catalog.reason
    FOR EACH STATEMENT EXECUTE FUNCTION catalog.refuse_removal();

COMMENT ON TRIGGER reason_never_deleted ON catalog.reason IS 'Raises MR114 on delete and truncate: the stock ledger names rows of it without a foreign key.';
