CREATE OR REPLACE FUNCTION floor.note_sequence(
    p_journal uuid,
    p_device text,
    p_sequence bigint
) RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_before bigint;
BEGIN
    INSERT INTO floor.journal AS j (id, device, sites) VALUES (p_journal, p_device, floor.caller_sites()) ON CONFLICT (id) DO NOTHING;
    SELECT j.highest_sequence INTO v_before FROM floor.journal AS j WHERE j.id = p_journal FOR UPDATE;
    IF p_sequence <= v_before THEN
        DELETE FROM floor.missing_sequence AS m WHERE m.journal_id = p_journal AND m.sequence = p_sequence;
        RETURN;
    END IF;
    UPDATE floor.journal AS j
    SET highest_sequence = p_sequence, device = p_device, sites = floor.caller_sites(), heard_at = clock_timestamp()
    WHERE j.id = p_journal;
    -- A jump by more is no tap that was lost but a device that counts wrongly: its nearest thousand is named.
    IF p_sequence > v_before + 1 THEN
        INSERT INTO floor.missing_sequence (journal_id, sequence)
        SELECT p_journal, s FROM generate_series(greatest(v_before + 1, p_sequence - 1000), p_sequence - 1) AS s;
        PERFORM event.publish('journal.gap_found', 0, jsonb_build_object('device', p_device, 'journal', p_journal,
            'first_sequence', v_before + 1, 'last_sequence', p_sequence - 1));
    END IF;
END;
$function$;

COMMENT ON FUNCTION floor.note_sequence(uuid, text, bigint) IS
    'Notes that the tap of this number of a device''s journal was answered. Numbers that were left out are named as missing, with an event, until they come.';
