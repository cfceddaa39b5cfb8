CREATE OR REPLACE FUNCTION catalog.refuse_duplicates(
    p_elements jsonb,
    p_member text
) RETURNS void
LANGUAGE plpgsql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_value text;
BEGIN
    SELECT e.element ->> p_member INTO v_value
    FROM jsonb_array_elements(p_elements) AS e (element)
    GROUP BY e.element ->> p_member
    HAVING count(*) > 1
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION '% % is named twice', p_member, left(v_value, 40)
            USING ERRCODE = 'MR120',
                  DETAIL = jsonb_build_object('member', p_member, 'value', left(v_value, 40))::text,
                  HINT = 'Name it once.';
    END IF;
END;
$function$;

COMMENT ON FUNCTION catalog.refuse_duplicates(jsonb, text) IS
    'Raises MR120 when two elements of an array of objects have the same value in the member.';
