CREATE OR REPLACE TRIGGER reason_identity_kept
    BEFORE UPDATE ON catalog.reason
    FOR EACH ROW
    WHEN (OLD.id <> NEW.id OR OLD.kind <> NEW.kind)
    EXECUTE FUNCTION catalog.refuse_identity_change('a reason cannot come to explain something else');

COMMENT ON TRIGGER reason_identity_kept ON catalog.reason IS 'Raises MR114: a reason cannot come to explain something else.';
