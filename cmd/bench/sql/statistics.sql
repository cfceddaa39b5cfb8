-- Of a database that nobody is connected to any more: everything has been counted.
SELECT d.deadlocks,
    coalesce((SELECT sum(pg_stat_get_tuples_updated(to_regclass(t.name))) FROM unnest($2::text[]) AS t (name)), 0)::bigint AS updates,
    coalesce((SELECT sum(pg_stat_get_tuples_hot_updated(to_regclass(t.name))) FROM unnest($2::text[]) AS t (name)), 0)::bigint AS hot_updates
FROM pg_stat_database AS d
WHERE d.datname = $1
