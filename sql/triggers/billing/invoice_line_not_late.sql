CREATE OR REPLACE TRIGGER invoice_line_not_late
    BEFORE INSERT ON billing.invoice_line
    FOR EACH ROW EXECUTE FUNCTION billing.refuse_late_line();

COMMENT ON TRIGGER invoice_line_not_late ON billing.invoice_line IS 'Refuses a row whose invoice is issued.';
