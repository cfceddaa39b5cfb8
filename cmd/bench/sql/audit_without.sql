-- As if there were no audit: no triggers that record, no columns and indexes that seals need.
DO $without$
DECLARE
    v record;
BEGIN
    FOR v IN
        SELECT t.tgrelid::regclass AS relation, t.tgname AS name FROM pg_trigger AS t
        JOIN pg_class AS c ON c.oid = t.tgrelid AND NOT c.relispartition
        WHERE t.tgname LIKE '%\_audited'
    LOOP
        EXECUTE format('ALTER TABLE %s DISABLE TRIGGER %I', v.relation, v.name);
    END LOOP;
    FOR v IN
        SELECT c.oid::regclass AS relation FROM pg_class AS c
        WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
          AND (SELECT count(*) FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attname IN ('transaction_id', 'incarnation') AND NOT a.attisdropped) = 2
    LOOP
        EXECUTE format('ALTER TABLE %s DROP COLUMN transaction_id CASCADE, DROP COLUMN incarnation CASCADE', v.relation);
    END LOOP;
END;
$without$;
