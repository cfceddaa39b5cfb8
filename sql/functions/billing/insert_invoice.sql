CREATE OR REPLACE FUNCTION billing.insert_invoice(
    p_id bigint,
    p_kind billing.invoice_kind,
    p_shipment shipping.shipment,
    p_customer_return_id bigint,
    p_corrects_invoice_id bigint,
    p_payment_days integer
) RETURNS text
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_site catalog.site;
    v_customer catalog.partner;
    v_net numeric;
    v_tax numeric;
    v_series billing.number_series;
    v_number text;
BEGIN
    SELECT s.* INTO STRICT v_site FROM catalog.site AS s WHERE s.id = p_shipment.site_id;
    SELECT c.* INTO STRICT v_customer FROM catalog.partner AS c WHERE c.id = p_shipment.customer_id;

    INSERT INTO billing.invoice_tax (invoice_id, tax_code_id, rate_percent, net, tax)
    SELECT p_id, l.tax_code_id, l.rate_percent, sum(l.net), round(sum(l.net) * l.rate_percent * 0.01, 2)
    FROM billing.invoice_line AS l
    WHERE l.invoice_id = p_id
    GROUP BY l.tax_code_id, l.rate_percent
    ORDER BY l.tax_code_id, l.rate_percent;
    SELECT sum(t.net), sum(t.tax) INTO STRICT v_net, v_tax FROM billing.invoice_tax AS t WHERE t.invoice_id = p_id;

    v_series := billing.draw_number(v_site.id, p_kind);
    INSERT INTO billing.invoice (id, number, series_id, series_number, kind, site_id, customer_id, shipment_id, customer_return_id,
        corrects_invoice_id, currency, supplied_on, issued_on, due_on, net, tax, gross, seller, buyer)
    VALUES (p_id, v_series.prefix || lpad(v_series.last_number::text, greatest(6, length(v_series.last_number::text)), '0'),
        v_series.id, v_series.last_number, p_kind, v_site.id, v_customer.id, p_shipment.id, p_customer_return_id,
        p_corrects_invoice_id, p_shipment.currency, p_shipment.shipped_on, v_series.last_issued_on,
        v_series.last_issued_on + p_payment_days, v_net, v_tax, v_net + v_tax,
        sales.describe_site(v_site), sales.describe_partner(v_customer))
    RETURNING invoice.number INTO v_number;
    RETURN v_number;
END;
$function$;

COMMENT ON FUNCTION billing.insert_invoice(bigint, billing.invoice_kind, shipping.shipment, bigint, bigint, integer) IS
    'Ends an invoice or credit note whose lines are written: tax per rate on the sum of the lines, totals, and the number, drawn by the last statement. Gives the number.';
