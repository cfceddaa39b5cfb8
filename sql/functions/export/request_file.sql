CREATE OR REPLACE FUNCTION export.request_file(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('request-export', p_context, p_command);
    v_kind export.kind := (p_command ->> 'kind')::export.kind;
    v_filters jsonb := jsonb_strip_nulls(coalesce(p_command -> 'filters', '{}'));
    v_filter text;
    v_item catalog.item;
    v_id bigint;
    v_number text;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;

    -- What is asked for must be there: an empty sheet for a mistyped item would be believed.
    FOR v_filter IN SELECT k FROM jsonb_object_keys(v_filters) AS k ORDER BY 1 LOOP
        IF NOT v_filter = ANY (CASE v_kind
            WHEN 'stock' THEN '{item,location}'
            WHEN 'movements' THEN '{item,lot,location,from,until}'
            WHEN 'valuation' THEN '{item}'
            WHEN 'genealogy' THEN '{item,lot,from,until}'
        END::text[]) THEN
            RAISE EXCEPTION 'an export of % cannot be limited by %', v_kind, v_filter
                USING ERRCODE = 'MR931',
                      DETAIL = jsonb_build_object('kind', v_kind, 'filter', v_filter)::text,
                      HINT = 'Leave this filter away.';
        END IF;
    END LOOP;
    IF v_filters ? 'item' THEN
        v_item := catalog.find_item(v_filters ->> 'item');
    END IF;
    IF v_filters ? 'location' THEN
        PERFORM catalog.find_location(v_filters ->> 'location');
    END IF;
    IF v_filters ? 'lot' THEN
        IF v_item.id IS NULL THEN
            RAISE EXCEPTION 'a lot is of an item: name both'
                USING ERRCODE = 'MR932', DETAIL = jsonb_build_object('lot', v_filters ->> 'lot')::text, HINT = 'Add the item.';
        END IF;
        PERFORM inventory.find_lot(v_item, v_filters ->> 'lot');
    END IF;
    IF (v_filters ->> 'from')::timestamptz >= (v_filters ->> 'until')::timestamptz THEN
        RAISE EXCEPTION 'the time ends before it begins'
            USING ERRCODE = 'MR933', DETAIL = v_filters::text, HINT = 'Let from lie before until.';
    END IF;

    INSERT INTO export.file (kind, filters, language, keep_days, requested_by)
    VALUES (v_kind, v_filters, coalesce(p_command ->> 'language', 'en'), coalesce((p_command ->> 'keep_days')::integer, 7), event.current_actor())
    RETURNING file.id, file.number INTO v_id, v_number;
    UPDATE export.file AS f
    SET job_id = event.insert_job('export_write', jsonb_build_object('number', v_number, 'kind', v_kind), 'export', 2, 5)
    WHERE f.id = v_id;
    RETURN event.finish_request(p_context, 202, export.get_file(v_number));
END;
$function$;

COMMENT ON FUNCTION export.request_file(jsonb, jsonb) IS
    'Command: {kind, filters, language, keep_days}. Has a job write a spreadsheet and answers at once. MR931 the filter does not fit the kind, MR932 a lot without its item, MR933 until lies before from, and those of unknown codes.';
