CREATE OR REPLACE TRIGGER mail_audited
    AFTER INSERT OR UPDATE OR DELETE ON notify.mail
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER mail_audited ON notify.mail IS 'Records every change in audit.entry.';
