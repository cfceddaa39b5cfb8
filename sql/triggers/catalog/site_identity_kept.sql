CREATE OR REPLACE TRIGGER site_identity_kept
    BEFORE UPDATE ON catalog.site
    FOR EACH ROW
    WHEN (OLD.currency <> NEW.currency)
    EXECUTE FUNCTION catalog.refuse_identity_change('the currency of the books of a site cannot change');

COMMENT ON TRIGGER site_identity_kept ON catalog.site IS 'Raises MR114: the currency of the books of a site cannot change.';
