CREATE OR REPLACE FUNCTION event.list_index_findings(
    p_indexes jsonb
) RETURNS TABLE (
    severity text,
    subject text,
    finding text
)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    -- What the migrations made and somebody took away. By table and definition: an index that was built anew may have another name.
    RETURN QUERY
    SELECT 'error', split_part(w."table", '.', 1) || '.' || w.name, format('%s lacks %s, which the migrations made: %s', w."table", w.name, w.remedy)
    FROM jsonb_to_recordset(p_indexes) AS w ("table" text, name text, definition text, remedy text)
    WHERE to_regclass(w."table") IS NOT NULL
      AND NOT EXISTS (
          SELECT FROM pg_index AS i
          WHERE i.indrelid = to_regclass(w."table") AND split_part(pg_get_indexdef(i.indexrelid), ' USING ', 2) = w.definition)
      AND NOT EXISTS (
          SELECT FROM pg_constraint AS k
          WHERE k.conrelid = to_regclass(w."table") AND k.contype IN ('p', 'u', 'x') AND pg_get_constraintdef(k.oid) = w.definition)
    ORDER BY 2;

    -- Those whose building broke off; of a partitioned table also one that a partition lacks.
    RETURN QUERY
    SELECT 'error', i.indexrelid::regclass::text,
        CASE c.relkind
            WHEN 'p' THEN format('index %s is not valid, some partition of %s lacks it: build it there and attach it', i.indexrelid::regclass, i.indrelid::regclass)
            ELSE format('index %s is not valid, its building broke off: drop it and build it again', i.indexrelid::regclass)
        END
    FROM pg_index AS i
    JOIN pg_class AS c ON c.oid = i.indrelid
    JOIN pg_namespace AS n ON n.oid = c.relnamespace AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    WHERE NOT (i.indisvalid AND i.indisready AND i.indislive)
    ORDER BY 2;

    -- Bloat of B-trees, estimated: as many pages as the entries would fill, by the page layout of the manual (24 bytes of header, 16 of the
    -- B-tree; per entry 4 of line pointer, 8 of header and 8 more where it holds nulls, and the columns at their average width; filled
    -- to the fillfactor), beside what there is. The same way as pgsql-bloat-estimation (ioguix) goes. Values that come often are stored
    -- once and take less than that, so such an index may hide bloat, but none is named that has none.
    RETURN QUERY
    SELECT 'warning', e.indexrelid::regclass::text,
        format('index %s has %s MB and would do with about %s: REINDEX INDEX CONCURRENTLY %s', e.indexrelid::regclass,
            (e.pages * e.page_size / 1048576)::bigint, ceil(e.wanted_pages * e.page_size / 1048576)::bigint, e.indexrelid::regclass)
    FROM (
        SELECT w.indexrelid, w.page_size, w.pages,
            2 + ceil(w.entries * (4 + 8 * ceil((8 + CASE WHEN w.has_nulls THEN 8 ELSE 0 END + w.width) / 8))
                / ((w.page_size - 24 - 16) * w.fillfactor / 100)) AS wanted_pages
        FROM (
            SELECT i.indexrelid, current_setting('block_size')::numeric AS page_size, greatest(x.reltuples, 0)::numeric AS entries,
                pg_relation_size(i.indexrelid) / current_setting('block_size')::numeric AS pages,
                coalesce((SELECT split_part(o, '=', 2)::numeric FROM unnest(x.reloptions) AS o WHERE o LIKE 'fillfactor=%'), 90) AS fillfactor,
                sum(s.avg_width)::numeric AS width, bool_or(s.null_frac > 0) AS has_nulls
            FROM pg_index AS i
            JOIN pg_class AS x ON x.oid = i.indexrelid AND x.relkind = 'i' AND x.reltuples >= 0
            JOIN pg_am AS a ON a.oid = x.relam AND a.amname = 'btree'
            JOIN pg_class AS c ON c.oid = i.indrelid
            JOIN pg_namespace AS n ON n.oid = c.relnamespace AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
            CROSS JOIN LATERAL unnest(i.indkey) AS k (attnum)
            -- An expression has its statistics under the name of the index.
            LEFT JOIN pg_attribute AS t ON t.attrelid = i.indrelid AND t.attnum = k.attnum AND k.attnum <> 0
            LEFT JOIN pg_stats AS s ON s.schemaname = n.nspname AND s.tablename = c.relname AND s.attname = t.attname AND NOT s.inherited
            GROUP BY i.indexrelid, x.reltuples, x.reloptions
            HAVING bool_and(s.avg_width IS NOT NULL)
        ) AS w
    ) AS e
    -- Half empty is normal after years of random keys; and a few pages are no matter.
    WHERE e.pages > 2 * e.wanted_pages AND (e.pages - e.wanted_pages) * e.page_size > 8388608
    ORDER BY e.pages - e.wanted_pages DESC;
END;
$function$;

COMMENT ON FUNCTION event.list_index_findings(jsonb) IS
    'What is wrong with indexes: those of p_indexes ([{table, name, definition, remedy}], what the series of migrations makes) that are not there, those that are not valid, and B-trees with more than twice the pages, and 8 MB more, than their entries need, by an estimate from the statistics. Needs no extension, and of rights that to read the tables. Columns as event.list_findings.';
