CREATE OR REPLACE TRIGGER location_never_deleted
    BEFORE DELETE OR TRUNCATE ON catalog.location
    FOR EACH STATEMENT EXECUTE FUNCTION catalog.refuse_removal();

COMMENT ON TRIGGER location_never_deleted ON catalog.location IS 'Raises MR114 on delete and truncate: the stock ledger names rows of it without a foreign key.';
