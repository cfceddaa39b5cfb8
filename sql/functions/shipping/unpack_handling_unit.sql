CREATE OR REPLACE FUNCTION shipping.unpack_handling_unit(
    p_context jsonb,
    p_command jsonb
) RETURNS event.answer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer event.answer := event.begin_request('unpack-handling-unit', p_context, p_command);
    v_unit shipping.handling_unit;
BEGIN
    IF v_answer.is_replayed THEN
        RETURN v_answer;
    END IF;
    v_unit := shipping.find_handling_unit(p_command ->> 'handling_unit');
    PERFORM FROM shipping.lock_units(ARRAY[v_unit.id], '{}', false) AS k;
    v_unit := shipping.find_handling_unit(p_command ->> 'handling_unit');
    IF v_unit.state <> 'packed' THEN
        RAISE EXCEPTION 'handling unit % is %', v_unit.sscc, v_unit.state
            USING ERRCODE = 'MR522',
                  DETAIL = jsonb_build_object('handling_unit', v_unit.sscc, 'state', v_unit.state)::text,
                  HINT = 'Scan the label again.';
    END IF;

    UPDATE shipping.pick_line AS l
    SET packed_quantity = l.packed_quantity - c.quantity,
        packed_second_quantity = l.packed_second_quantity - c.second_quantity
    FROM shipping.handling_unit_content AS c
    WHERE c.handling_unit_id = v_unit.id AND l.id = c.pick_line_id;
    DELETE FROM shipping.handling_unit_content AS c WHERE c.handling_unit_id = v_unit.id;
    UPDATE shipping.handling_unit AS u SET parent_id = NULL WHERE u.parent_id = v_unit.id;
    UPDATE shipping.handling_unit AS u SET state = 'unpacked', parent_id = NULL WHERE u.id = v_unit.id;

    PERFORM event.publish('handling_unit.unpacked', v_unit.id, jsonb_build_object('handling_unit', v_unit.sscc));
    RETURN event.finish_request(p_context, 201, shipping.get_handling_unit(v_unit.sscc));
END;
$function$;

COMMENT ON FUNCTION shipping.unpack_handling_unit(jsonb, jsonb) IS
    'Command: a box or pallet is dissolved; the goods in it lie in staging again, the boxes on it stand there by themselves. Its SSCC is not given again. Body: handling_unit. Raises MR522 when it is shipped or unpacked.';
