CREATE OR REPLACE TRIGGER location_identity_kept
    BEFORE UPDATE ON catalog.location
    FOR EACH ROW
    WHEN (OLD.id <> NEW.id OR OLD.site_id <> NEW.site_id OR OLD.kind <> NEW.kind)
    EXECUTE FUNCTION catalog.refuse_identity_change('the id, the site and the kind of a location cannot change');

COMMENT ON TRIGGER location_identity_kept ON catalog.location IS 'Raises MR114: the id, the site and the kind of a location cannot change.';
