CREATE OR REPLACE FUNCTION event.count_written() RETURNS bigint
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT coalesce(pg_sequence_last_value('event.inbox_ordinal'::regclass), 0);
$function$;

COMMENT ON FUNCTION event.count_written() IS
    'How many events have been written since the beginning, those of transactions that run or were rolled back as well: who catches up tells by it how busy the others are.';
