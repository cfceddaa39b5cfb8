CREATE OR REPLACE FUNCTION event.list_partitions() RETURNS TABLE (
    parent text,
    partition text,
    begins text,
    ends text,
    estimated_rows bigint,
    bytes bigint,
    is_default boolean
)
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
AS $function$
    SELECT i.inhparent::regclass::text, c.oid::regclass::text,
        substring(b.bounds FROM 'FROM \(''?([^'')]+)'), substring(b.bounds FROM 'TO \(''?([^'')]+)'),
        greatest(c.reltuples, 0)::bigint, pg_total_relation_size(c.oid), b.bounds = 'DEFAULT'
    FROM pg_inherits AS i
    JOIN pg_class AS c ON c.oid = i.inhrelid
    JOIN pg_class AS p ON p.oid = i.inhparent AND p.relkind = 'p'
    JOIN pg_namespace AS n ON n.oid = p.relnamespace AND n.nspname IN ('inventory', 'audit', 'event')
    CROSS JOIN LATERAL (SELECT pg_get_expr(c.relpartbound, c.oid) AS bounds) AS b
    ORDER BY 1, b.bounds = 'DEFAULT', 2;
$function$;

COMMENT ON FUNCTION event.list_partitions() IS
    'Every partition of ledger, audit and feed: what it holds from (included) to (excluded), times in UTC, rows as the last analyze estimated them, bytes with indexes.';
