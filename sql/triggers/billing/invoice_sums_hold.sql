DROP TRIGGER IF EXISTS invoice_sums_hold ON billing.invoice;
CREATE CONSTRAINT TRIGGER invoice_sums_hold
    AFTER INSERT ON billing.invoice
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION billing.check_sums();

COMMENT ON TRIGGER invoice_sums_hold ON billing.invoice IS 'At commit: lines, taxes and totals agree to the cent.';
