CREATE OR REPLACE FUNCTION catalog.find_item(
    p_number text
) RETURNS catalog.item
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_item catalog.item;
BEGIN
    SELECT t.* INTO v_item FROM catalog.item AS t WHERE t.number = p_number;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no item %', coalesce(p_number, '(none named)')
            USING ERRCODE = 'MR101',
                  DETAIL = jsonb_build_object('item', p_number)::text,
                  HINT = 'Check the item for a typing error, or create it first.';
    END IF;
    RETURN v_item;
END;
$function$;

COMMENT ON FUNCTION catalog.find_item(text) IS 'The item of that number. Raises MR101 when there is none.';
