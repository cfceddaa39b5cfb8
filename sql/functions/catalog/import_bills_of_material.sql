CREATE OR REPLACE FUNCTION catalog.import_bills_of_material(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('import-bills-of-material', p_context, p_command);
    v_inserted integer;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    WITH given AS (
        SELECT i.id AS item_id, r.revision, daterange(r.valid_from, r.valid_until) AS valid_during, r.base_quantity, r.lines
        FROM jsonb_to_recordset(p_command -> 'rows') AS r (item text, revision text, valid_from date, valid_until date,
            base_quantity numeric, lines jsonb)
        LEFT JOIN catalog.item AS i ON i.number = r.item
    ), inserted AS (
        INSERT INTO catalog.bill_of_material (item_id, revision, valid_during, base_quantity)
        SELECT g.item_id, g.revision, g.valid_during, g.base_quantity
        FROM given AS g
        ORDER BY g.item_id, g.valid_during
        ON CONFLICT (item_id, revision) DO NOTHING
        RETURNING id, item_id, revision
    ), lines AS (
        INSERT INTO catalog.bill_of_material_line (bill_of_material_id, line_number, item_id, quantity, is_backflushed)
        SELECT n.id, l.line, c.id, l.quantity, true
        FROM inserted AS n
        JOIN given AS g ON g.item_id = n.item_id AND g.revision = n.revision
        CROSS JOIN LATERAL jsonb_to_recordset(g.lines) AS l (line integer, item text, quantity numeric)
        LEFT JOIN catalog.item AS c ON c.number = l.item
        ORDER BY n.id, l.line
    )
    SELECT count(*) INTO v_inserted FROM inserted;
    RETURN event.finish_request(p_context, 200, jsonb_build_object(
        'rows', jsonb_array_length(p_command -> 'rows'), 'inserted', v_inserted));
END;
$function$;

COMMENT ON FUNCTION catalog.import_bills_of_material(jsonb, jsonb) IS
    'Command: takes dated revisions of bills of material over from another system. Body: rows of item, revision, valid_from, valid_until (first day after; null: open), base_quantity, lines of line, item, quantity. What is there already stays as it is; a row that refers to something missing fails the whole call. Answers how many rows were given and inserted.';
