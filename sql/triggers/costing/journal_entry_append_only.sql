CREATE OR REPLACE TRIGGER journal_entry_append_only
    BEFORE UPDATE OR DELETE ON costing.journal_entry
    FOR EACH ROW EXECUTE FUNCTION event.refuse_change();

COMMENT ON TRIGGER journal_entry_append_only ON costing.journal_entry IS 'Refuses update and delete.';
