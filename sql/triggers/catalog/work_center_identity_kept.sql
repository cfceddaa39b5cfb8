CREATE OR REPLACE TRIGGER work_center_identity_kept
    BEFORE UPDATE ON catalog.work_center
    FOR EACH ROW
    WHEN (OLD.site_id <> NEW.site_id)
    EXECUTE FUNCTION catalog.refuse_identity_change('a work center cannot move to another site');

COMMENT ON TRIGGER work_center_identity_kept ON catalog.work_center IS 'Raises MR114: a work center cannot move to another site.';
