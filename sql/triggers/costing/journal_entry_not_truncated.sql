CREATE OR REPLACE TRIGGER journal_entry_not_truncated
    BEFORE TRUNCATE ON costing.journal_entry
    FOR EACH STATEMENT EXECUTE FUNCTION event.refuse_change();

COMMENT ON TRIGGER journal_entry_not_truncated ON costing.journal_entry IS 'Refuses truncate, which row triggers do not see.';
