CREATE OR REPLACE TRIGGER webhook_endpoint_audited
    AFTER INSERT OR UPDATE OR DELETE ON event.webhook_endpoint
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER webhook_endpoint_audited ON event.webhook_endpoint IS 'Records every change in audit.entry.';
