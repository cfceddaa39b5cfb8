CREATE OR REPLACE FUNCTION catalog.save_partner(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer;
    v_partner_id bigint;
BEGIN
    v_answer := event.begin_request('save-partner', p_context, p_command);
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;

    INSERT INTO catalog.partner AS p (code, name, is_supplier, is_customer, is_carrier, gln, vat_number, street, postal_code, city,
        country, currency, language, email, delivery_note_email, invoice_email)
    VALUES (p_command ->> 'code', p_command ->> 'name', coalesce((p_command ->> 'is_supplier')::boolean, false),
        coalesce((p_command ->> 'is_customer')::boolean, false), coalesce((p_command ->> 'is_carrier')::boolean, false),
        catalog.check_gs1_number(p_command ->> 'gln'), p_command ->> 'vat_number', coalesce(p_command ->> 'street', ''),
        coalesce(p_command ->> 'postal_code', ''), coalesce(p_command ->> 'city', ''), p_command ->> 'country',
        p_command ->> 'currency', coalesce(p_command ->> 'language', 'en'), p_command ->> 'email',
        p_command ->> 'delivery_note_email', p_command ->> 'invoice_email')
    ON CONFLICT (code) DO UPDATE
    SET name = EXCLUDED.name,
        is_supplier = EXCLUDED.is_supplier,
        is_customer = EXCLUDED.is_customer,
        is_carrier = EXCLUDED.is_carrier,
        gln = EXCLUDED.gln,
        vat_number = EXCLUDED.vat_number,
        street = EXCLUDED.street,
        postal_code = EXCLUDED.postal_code,
        city = EXCLUDED.city,
        country = EXCLUDED.country,
        currency = EXCLUDED.currency,
        language = EXCLUDED.language,
        email = EXCLUDED.email,
        delivery_note_email = EXCLUDED.delivery_note_email,
        invoice_email = EXCLUDED.invoice_email
    RETURNING p.id INTO v_partner_id;

    PERFORM event.publish('partner.saved', v_partner_id, jsonb_build_object('partner', p_command ->> 'code'));
    RETURN event.finish_request(p_context, 200, catalog.get_partner(p_command ->> 'code'));
END;
$function$;

COMMENT ON FUNCTION catalog.save_partner(jsonb, jsonb) IS
    'Makes a supplier, customer or carrier, or replaces what is known of the partner of that code. Raises MR117 for a wrong GLN.';
