CREATE OR REPLACE TRIGGER production_report_by_product_audited
    AFTER INSERT OR UPDATE OR DELETE ON production.production_report_by_product
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();

COMMENT ON TRIGGER production_report_by_product_audited ON production.production_report_by_product IS 'Records every change in audit.entry.';
