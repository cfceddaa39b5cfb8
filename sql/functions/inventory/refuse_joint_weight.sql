CREATE OR REPLACE FUNCTION inventory.refuse_joint_weight(
    p_item text,
    p_places integer
) RETURNS void
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RAISE EXCEPTION 'what was weighed of item % comes from % lots or places', p_item, p_places
        USING ERRCODE = 'MR228',
              DETAIL = jsonb_build_object('item', p_item, 'places', p_places)::text,
              HINT = 'Name lot and place, and weigh each by itself.';
END;
$function$;

COMMENT ON FUNCTION inventory.refuse_joint_weight(text, integer) IS 'Raises MR228: one weight was entered for goods of several lots or places.';
