CREATE OR REPLACE FUNCTION catalog.save_site(
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
    v_site_id bigint;
    v_code text := p_command ->> 'code';
BEGIN
    v_answer := event.begin_request('save-site', p_context, p_command);
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;

    INSERT INTO catalog.site AS s (code, name, gln, gs1_company_prefix, vat_number, street, postal_code, city, country, currency, time_zone)
    VALUES (v_code, p_command ->> 'name', catalog.check_gs1_number(p_command ->> 'gln'), p_command ->> 'gs1_company_prefix',
        p_command ->> 'vat_number', coalesce(p_command ->> 'street', ''), coalesce(p_command ->> 'postal_code', ''),
        coalesce(p_command ->> 'city', ''), p_command ->> 'country', p_command ->> 'currency',
        catalog.check_time_zone(p_command ->> 'time_zone'))
    ON CONFLICT (code) DO UPDATE
    SET name = EXCLUDED.name,
        gln = EXCLUDED.gln,
        gs1_company_prefix = EXCLUDED.gs1_company_prefix,
        vat_number = EXCLUDED.vat_number,
        street = EXCLUDED.street,
        postal_code = EXCLUDED.postal_code,
        city = EXCLUDED.city,
        country = EXCLUDED.country,
        currency = EXCLUDED.currency,
        time_zone = EXCLUDED.time_zone
    RETURNING s.id INTO v_site_id;

    -- The virtual ends of movements: one of each kind per site.
    INSERT INTO catalog.location (site_id, code, name, kind)
    SELECT v_site_id, v_code || '.' || upper(replace(k.kind::text, '_', '-')), replace(k.kind::text, '_', ' '), k.kind
    FROM unnest(enum_range('supplier'::catalog.location_kind, NULL)) AS k (kind)
    ON CONFLICT DO NOTHING;

    PERFORM event.publish('site.saved', v_site_id, jsonb_build_object('site', v_code));
    RETURN event.finish_request(p_context, 200, catalog.get_site(v_code));
END;
$function$;

COMMENT ON FUNCTION catalog.save_site(jsonb, jsonb) IS
    'Makes a site with its virtual locations, or replaces what is known of the site of that code. Raises MR117 for a wrong GLN, MR118 for an unknown time zone, MR114 when the currency of its books would change.';
