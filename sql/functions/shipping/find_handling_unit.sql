CREATE OR REPLACE FUNCTION shipping.find_handling_unit(
    p_sscc text
) RETURNS shipping.handling_unit
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_unit shipping.handling_unit;
BEGIN
    -- As keyed in, or as scanned with the application identifier 00 before it.
    SELECT u.* INTO v_unit
    FROM shipping.handling_unit AS u
    WHERE u.sscc = CASE WHEN length(p_sscc) = 20 AND left(p_sscc, 2) = '00' THEN right(p_sscc, 18) ELSE p_sscc END;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no box or pallet %', coalesce(p_sscc, '(none named)')
            USING ERRCODE = 'MR520',
                  DETAIL = jsonb_build_object('handling_unit', p_sscc)::text,
                  HINT = 'Scan the label again.';
    END IF;
    RETURN v_unit;
END;
$function$;

COMMENT ON FUNCTION shipping.find_handling_unit(text) IS
    'The box or pallet of that SSCC, with or without the application identifier 00. Raises MR520 when there is none.';
