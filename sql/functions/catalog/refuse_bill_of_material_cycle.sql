CREATE OR REPLACE FUNCTION catalog.refuse_bill_of_material_cycle() RETURNS trigger
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_parent_id bigint;
    v_parent text;
    v_component text;
BEGIN
    -- One change of the product structure at a time: of two that close a circle together, the second sees the first.
    PERFORM pg_advisory_xact_lock(hashtextextended('catalog.bill_of_material', 113));

    SELECT b.item_id INTO STRICT v_parent_id FROM catalog.bill_of_material AS b WHERE b.id = NEW.bill_of_material_id;
    -- All revisions together, whatever their dates: a later change of dates must not close a circle either.
    IF EXISTS (
        WITH RECURSIVE below AS (
            SELECT NEW.item_id AS item_id
            UNION
            SELECT l.item_id
            FROM below AS o
            JOIN catalog.bill_of_material AS b ON b.item_id = o.item_id
            JOIN catalog.bill_of_material_line AS l ON l.bill_of_material_id = b.id
        )
        SELECT 1 FROM below AS o WHERE o.item_id = v_parent_id
    ) THEN
        SELECT i.number INTO v_parent FROM catalog.item AS i WHERE i.id = v_parent_id;
        SELECT i.number INTO v_component FROM catalog.item AS i WHERE i.id = NEW.item_id;
        RAISE EXCEPTION 'item % would be made of itself through %', v_parent, v_component
            USING ERRCODE = 'MR113',
                  DETAIL = jsonb_build_object('item', v_parent, 'component', v_component, 'line', NEW.line_number)::text,
                  HINT = 'Take the component out, or make it of something else.';
    END IF;
    RETURN NULL;
END;
$function$;

COMMENT ON FUNCTION catalog.refuse_bill_of_material_cycle() IS
    'Trigger function: no item is made of itself, over any number of levels and over all revisions. Raises MR113.';
