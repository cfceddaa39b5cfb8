CREATE OR REPLACE TRIGGER delivery_note_not_truncated
    BEFORE TRUNCATE ON shipping.delivery_note
    FOR EACH STATEMENT EXECUTE FUNCTION event.refuse_change();

COMMENT ON TRIGGER delivery_note_not_truncated ON shipping.delivery_note IS 'Refuses truncate, which row triggers do not see.';
