SELECT r.relname, sum(pg_relation_size(p.relid))::bigint
FROM pg_class AS r
JOIN pg_index AS x ON x.indexrelid = r.oid AND x.indrelid = 'inventory.movement'::regclass
CROSS JOIN LATERAL pg_partition_tree(r.oid) AS p
WHERE p.isleaf
GROUP BY r.relname
UNION ALL
SELECT 'movement (table)', sum(pg_relation_size(p.relid))::bigint FROM pg_partition_tree('inventory.movement') AS p WHERE p.isleaf
UNION ALL
SELECT 'period_balance (snapshots)', pg_total_relation_size('inventory.period_balance')
ORDER BY 2 DESC
