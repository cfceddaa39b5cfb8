CREATE OR REPLACE FUNCTION inventory.list_ledger_needs() RETURNS TABLE (partition text, is_old boolean, needed_by text)
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT l.partition,
        coalesce(l.ends::timestamptz <= inventory.retention_cut(), false),
        coalesce(n.needed_by, '')
    FROM event.list_partitions() AS l
    LEFT JOIN LATERAL inventory.find_ledger_need(l.ends::timestamptz) AS n ON true
    WHERE l.parent = 'inventory.movement' AND NOT l.is_default
    ORDER BY 1;
$function$;

COMMENT ON FUNCTION inventory.list_ledger_needs() IS
    'Months of the ledger: whether they are older than the setting keeps, and who needs them all the same (empty: nobody).';
