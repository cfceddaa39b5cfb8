CREATE OR REPLACE FUNCTION export.drop_expired(
    p_limit integer
) RETURNS integer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_ids bigint[];
BEGIN
    -- What expired, and what attempts left that nobody will take up again.
    SELECT array_agg(e.id) INTO v_ids
    FROM (
        SELECT f.id
        FROM export.file AS f
        WHERE f.dropped_at IS NULL
          AND (f.expires_at <= clock_timestamp()
               OR (f.finished_at IS NULL AND f.requested_at < clock_timestamp() - interval '1 day'
                   AND coalesce(event.describe_job(f.job_id) ->> 'state', 'discarded') IN ('discarded', 'cancelled', 'completed')))
        ORDER BY f.requested_at
        LIMIT p_limit
        FOR UPDATE SKIP LOCKED
    ) AS e;
    DELETE FROM export.chunk AS c WHERE c.file_id = ANY (v_ids);
    UPDATE export.file AS f SET dropped_at = clock_timestamp() WHERE f.id = ANY (v_ids);
    RETURN coalesce(cardinality(v_ids), 0);
END;
$function$;

COMMENT ON FUNCTION export.drop_expired(integer) IS
    'Deletes the content of spreadsheets that expired or were given up, some at a time. Says how many.';
