CREATE OR REPLACE FUNCTION event.digest_table(
    p_table text,
    OUT row_count bigint,
    OUT digest text
)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
AS $function$
BEGIN
    -- A sum of row hashes: the order of rows does not matter, a row too many or too few does.
    EXECUTE format('SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)), 0)::text FROM %s AS t', p_table::regclass)
    INTO row_count, digest;
END;
$function$;

COMMENT ON FUNCTION event.digest_table(text) IS
    'Number of rows of a table and a digest of their contents, to compare the table with its copy on a replica.';
