CREATE OR REPLACE FUNCTION inventory.parse_gs1(
    p_barcode text
) RETURNS jsonb
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_rest text := regexp_replace(p_barcode, '^\](C1|d2|Q3|e0)', '');
    v_result jsonb := '{}'::jsonb;
    v_ai text;
    v_length integer;
    v_value text;
BEGIN
    -- Human readable interpretation: (01)04012345000016(10)L-7
    IF v_rest LIKE '(%' THEN
        IF v_rest !~ '^(\([0-9]{2,4}\)[^()]+)+$' THEN
            RETURN NULL;
        END IF;
        SELECT jsonb_object_agg(m[1], m[2]) INTO v_result
        FROM regexp_matches(v_rest, '\(([0-9]{2,4})\)([^()]+)', 'g') AS m;
        RETURN v_result;
    END IF;

    -- As scanned: element strings one after the other, those of variable length ended by FNC1 (group separator).
    WHILE v_rest <> '' LOOP
        v_ai := CASE
            WHEN v_rest ~ '^(00|01|02|1[0-35-7]|2[0-2]|30|37)' THEN left(v_rest, 2)
            WHEN v_rest ~ '^(24[0-3]|25[0134]|40[0-3]|41[0-7]|42[0-7]|9[0-9])' THEN left(v_rest, CASE WHEN v_rest LIKE '9%' THEN 2 ELSE 3 END)
            WHEN v_rest ~ '^3[1-69][0-9][0-9]' THEN left(v_rest, 4)
            WHEN v_rest ~ '^80(0[1-9]|1[0-9]|2[0-6])' THEN left(v_rest, 4)
        END;
        IF v_ai IS NULL THEN
            RETURN NULL;
        END IF;
        v_rest := substr(v_rest, length(v_ai) + 1);
        v_length := CASE
            WHEN v_ai = '00' THEN 18
            WHEN v_ai IN ('01', '02') THEN 14
            WHEN v_ai IN ('11', '12', '13', '15', '16', '17') THEN 6
            WHEN v_ai = '20' THEN 2
            WHEN v_ai ~ '^3[1-6]' AND length(v_ai) = 4 THEN 6
            WHEN v_ai ~ '^41[0-7]$' THEN 13
        END;
        v_value := CASE WHEN v_length IS NULL THEN split_part(v_rest, chr(29), 1) ELSE left(v_rest, v_length) END;
        IF v_value = '' OR length(v_value) < v_length OR (v_length IS NOT NULL AND v_value !~ '^[0-9]+$') THEN
            RETURN NULL;
        END IF;
        v_result := v_result || jsonb_build_object(v_ai, v_value);
        v_rest := ltrim(substr(v_rest, length(v_value) + 1), chr(29));
    END LOOP;
    RETURN nullif(v_result, '{}');
END;
$function$;

COMMENT ON FUNCTION inventory.parse_gs1(text) IS
    'Element strings of a GS1-128, GS1 DataMatrix or GS1 QR code as an object of application identifier to value, or null when the text is none. Takes the scanned form (symbology identifier allowed, FNC1 as group separator) and the bracketed form. Lengths after GS1 General Specifications, figure 7.8.5-2.';
