CREATE OR REPLACE TRIGGER routing_operation_audited
    AFTER INSERT OR UPDATE OR DELETE ON catalog.routing_operation
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER routing_operation_audited ON catalog.routing_operation IS 'Records every change in audit.entry.';
