CREATE OR REPLACE TRIGGER invoice_tax_not_late
    BEFORE INSERT ON billing.invoice_tax
    FOR EACH ROW EXECUTE FUNCTION billing.refuse_late_line();

COMMENT ON TRIGGER invoice_tax_not_late ON billing.invoice_tax IS 'Refuses a row whose invoice is issued.';
