package millracesql_test

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/millrace-erp/millrace/internal/testdb"
)

// A rule over the catalogue is a query that lists what breaks it. "room" are our schemas: not Postgres',
// not River's, and of public nothing is ours.
const room = `
WITH room AS (
    SELECT n.oid, n.nspname FROM pg_namespace AS n
    WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'public', 'river')
), relation AS (
    SELECT c.oid, c.relname, c.relkind, r.nspname, r.nspname || '.' || c.relname AS name
    FROM pg_class AS c JOIN room AS r ON r.oid = c.relnamespace
    WHERE NOT c.relispartition
), routine AS (
    SELECT p.oid, p.proconfig, p.prolang, p.prorettype, r.nspname || '.' || p.proname AS name
    FROM pg_proc AS p JOIN room AS r ON r.oid = p.pronamespace
)`

var catalogueRules = []struct{ name, query string }{
	{"every schema, table, view, type and function has a comment", `
SELECT 'schema ' || nspname FROM room WHERE obj_description(oid, 'pg_namespace') IS NULL
UNION ALL
SELECT 'relation ' || name FROM relation WHERE relkind IN ('r', 'p', 'v', 'm') AND obj_description(oid, 'pg_class') IS NULL
UNION ALL
SELECT 'type ' || r.nspname || '.' || t.typname
FROM pg_type AS t
JOIN room AS r ON r.oid = t.typnamespace
LEFT JOIN pg_class AS c ON c.oid = t.typrelid
WHERE (t.typtype IN ('e', 'd', 'r') OR (t.typtype = 'c' AND c.relkind = 'c'))
  AND obj_description(t.oid, 'pg_type') IS NULL AND obj_description(c.oid, 'pg_class') IS NULL
UNION ALL
SELECT 'function ' || name FROM routine WHERE obj_description(oid, 'pg_proc') IS NULL`},

	{"every column of the analysts' contract has a comment", `
SELECT r.name || '.' || a.attname
FROM relation AS r
JOIN pg_attribute AS a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE r.nspname = 'reporting' AND col_description(r.oid, a.attnum) IS NULL`},

	{"constraints are named in Postgres' own form", `
SELECT r.name || ': ' || k.conname
FROM pg_constraint AS k
JOIN relation AS r ON r.oid = k.conrelid
CROSS JOIN LATERAL (SELECT string_agg(a.attname, '_' ORDER BY c.position) AS names
                    FROM unnest(k.conkey) WITH ORDINALITY AS c (number, position)
                    JOIN pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = c.number) AS columns
CROSS JOIN LATERAL (SELECT CASE k.contype WHEN 'p' THEN '_pkey' WHEN 'u' THEN '_key' WHEN 'f' THEN '_fkey' END AS text) AS suffix
CROSS JOIN LATERAL (SELECT r.relname || CASE k.contype WHEN 'p' THEN '' ELSE '_' || columns.names END || suffix.text AS full) AS wanted
WHERE k.contype IN ('p', 'u', 'f') AND k.conname <> wanted.full
      -- What would be longer than a name can be is shortened by hand.
      AND NOT (length(wanted.full) > 63 AND starts_with(k.conname, r.relname || '_') AND k.conname LIKE '%\' || suffix.text)
   OR k.contype = 'c' AND NOT (starts_with(k.conname, r.relname || '_') AND k.conname LIKE '%\_check')
   OR k.contype = 'x' AND NOT (starts_with(k.conname, r.relname || '_') AND k.conname LIKE '%\_excl')`},

	{"every foreign key has an index that begins with its columns", `
SELECT r.name || ': ' || k.conname
FROM pg_constraint AS k
JOIN relation AS r ON r.oid = k.conrelid
WHERE k.contype = 'f' AND NOT EXISTS (
    SELECT FROM pg_index AS i
    WHERE i.indrelid = k.conrelid
      AND (i.indpred IS NULL OR pg_get_expr(i.indpred, i.indrelid) ~* '^\(\w+ (IS NOT NULL|> 0|<> 0)\)$')
      AND (SELECT array_agg(column_number ORDER BY column_number)
           FROM unnest((i.indkey::smallint[])[0:cardinality(k.conkey) - 1]) AS column_number)
        = (SELECT array_agg(column_number ORDER BY column_number) FROM unnest(k.conkey) AS column_number))`},

	{"every function fixes its search_path", `
SELECT name FROM routine
WHERE NOT EXISTS (SELECT FROM unnest(proconfig) AS setting WHERE setting LIKE 'search_path=%')`},

	{"a function's name has one signature", `
SELECT name FROM routine GROUP BY name HAVING count(*) > 1`},

	{"every table has a primary key (event.inbox is written and emptied, never looked up)", `
SELECT name FROM relation AS r
WHERE relkind IN ('r', 'p') AND name <> 'event.inbox'
  AND NOT EXISTS (SELECT FROM pg_constraint AS k WHERE k.conrelid = r.oid AND k.contype = 'p')`},

	{"times have a zone, texts have no length, ids are identities", `
SELECT r.name || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
FROM relation AS r
JOIN pg_attribute AS a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE r.relkind IN ('r', 'p', 'c', 'v', 'm')
  AND (a.atttypid IN ('timestamp'::regtype, 'timetz'::regtype, 'varchar'::regtype, 'bpchar'::regtype, 'money'::regtype,
                      'real'::regtype, 'double precision'::regtype, 'json'::regtype)
       OR (pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval(%' AND EXISTS (
           SELECT FROM pg_depend AS o JOIN pg_class AS s ON s.oid = o.objid AND s.relkind = 'S'
           WHERE o.refobjid = r.oid AND o.refobjsubid = a.attnum AND o.deptype = 'a')))`},

	{"movements are partitioned by posted_at and have a BRIN index on it", `
SELECT 'inventory.movement' WHERE NOT EXISTS (
    SELECT FROM relation AS r WHERE r.name = 'inventory.movement' AND r.relkind = 'p' AND pg_get_partkeydef(r.oid) = 'RANGE (posted_at)'
      AND EXISTS (SELECT FROM pg_index AS i WHERE i.indrelid = r.oid AND pg_get_indexdef(i.indexrelid) LIKE '%USING brin (posted_at)%'))`},

	{"what is append-only has its trigger, enabled", `
SELECT wanted.name FROM (VALUES ('inventory.movement'), ('event.log'), ('audit.entry')) AS wanted (name)
WHERE NOT EXISTS (
    SELECT FROM pg_trigger AS t JOIN relation AS r ON r.oid = t.tgrelid
    WHERE r.name = wanted.name AND t.tgname LIKE '%\_append\_only' AND t.tgenabled IN ('O', 'A'))
UNION ALL
SELECT r.name || ': ' || t.tgname || ' is not enabled' FROM pg_trigger AS t JOIN relation AS r ON r.oid = t.tgrelid
WHERE NOT t.tgisinternal AND t.tgenabled NOT IN ('O', 'A')`},

	{"every table is audited, but the ledger, what follows from it, rendered files, counters and fixed rules (docs/adr/0008)", `
SELECT name FROM relation AS r
WHERE relkind IN ('r', 'p') AND nspname NOT IN ('event', 'audit', 'costing', 'export')
  AND name <> ALL (ARRAY['inventory.movement', 'inventory.reversal', 'inventory.balance', 'inventory.serial', 'inventory.period',
      'inventory.period_balance', 'inventory.posting_snapshot', 'inventory.posting_snapshot_balance', 'inventory.movement_rule', 'inventory.lot_site', 'document.file', 'document.printer_state', 'document.print_job', 'billing.number_series',
      'shipping.delivery_note_series', 'shipping.sscc_series', 'floor.journal', 'floor.missing_sequence',
      'identity.pin', 'identity.client_secret', 'identity.pairing_code', 'identity.session', 'identity.refresh_token', 'identity.login_guard',
      'identity.signing_key', 'identity.change'])
  AND NOT EXISTS (SELECT FROM pg_trigger AS t WHERE t.tgrelid = r.oid AND t.tgname = relname || '_audited' AND t.tgenabled = 'O')`},

	{"what is append-only refuses truncate as well, which no row trigger sees", `
SELECT r.name FROM pg_trigger AS t JOIN relation AS r ON r.oid = t.tgrelid
WHERE t.tgname LIKE '%\_append\_only' AND NOT EXISTS (
    SELECT FROM pg_trigger AS n WHERE n.tgrelid = t.tgrelid AND n.tgtype & 32 = 32 AND n.tgfoid = t.tgfoid)`},

	{"a trigger is named after its table, and its file after the trigger", `
SELECT r.name || ': ' || t.tgname FROM pg_trigger AS t JOIN relation AS r ON r.oid = t.tgrelid
WHERE NOT t.tgisinternal AND NOT starts_with(t.tgname, r.relname || '_')`},
}

func TestCatalogueFollowsTheRules(t *testing.T) {
	t.Parallel()
	conn := connect(t, testdb.New(t).URL)
	for _, rule := range catalogueRules {
		rows, err := conn.Query(t.Context(), room+rule.query)
		if err != nil {
			t.Fatalf("%s: %v", rule.name, err)
		}
		broken, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatalf("%s: %v", rule.name, err)
		}
		if len(broken) > 0 {
			t.Errorf("%s, but not:\n  %s", rule.name, strings.Join(broken, "\n  "))
		}
	}
}

func TestForeignKeysFollowTheArrows(t *testing.T) {
	t.Parallel()
	conn := connect(t, testdb.New(t).URL)
	rows, err := conn.Query(t.Context(), room+`
SELECT r.nspname, n.nspname, r.name || ': ' || k.conname
FROM pg_constraint AS k
JOIN relation AS r ON r.oid = k.conrelid
JOIN pg_class AS c ON c.oid = k.confrelid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE k.contype = 'f'`)
	if err != nil {
		t.Fatal(err)
	}
	var from, to, name string
	_, err = pgx.ForEachRow(rows, []any{&from, &to, &name}, func() error {
		if !mayName(from, to) {
			t.Errorf("%s: %s may not know %s", name, from, to)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// plpgsql_check reads the bodies that CREATE FUNCTION does not look into: names, types, dead variables.
func TestBodiesAreSound(t *testing.T) {
	t.Parallel()
	db := testdb.New(t)
	conn := connect(t, db.URL)
	var isThere bool
	err := conn.QueryRow(t.Context(), "SELECT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'plpgsql_check')").Scan(&isThere)
	if err != nil {
		t.Fatal(err)
	}
	if !isThere {
		t.Skip("extension plpgsql_check is not installed (Debian: postgresql-15-plpgsql-check)")
	}
	if _, err := conn.Exec(t.Context(), "CREATE EXTENSION plpgsql_check"); err != nil {
		t.Fatal(err)
	}
	// A trigger function is checked on every table that it stands on.
	rows, err := conn.Query(t.Context(), room+`
, target AS (
    SELECT f.oid, f.name, 0::oid AS relation, '' AS on_table, NULL::name AS new_table, NULL::name AS old_table
    FROM routine AS f
    JOIN pg_language AS l ON l.oid = f.prolang AND l.lanname = 'plpgsql'
    WHERE f.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)
    UNION ALL
    SELECT f.oid, f.name, t.tgrelid, ' on ' || t.tgrelid::regclass, t.tgnewtable, t.tgoldtable
    FROM routine AS f
    JOIN pg_trigger AS t ON t.tgfoid = f.oid AND NOT t.tgisinternal
    JOIN relation AS r ON r.oid = t.tgrelid
)
SELECT format('%s%s, line %s: %s%s%s', target.name, target.on_table, found.lineno, found.message,
              ' (' || nullif(found.detail, '') || ')', ': ' || nullif(found.query, ''))
FROM target
CROSS JOIN LATERAL plpgsql_check_function_tb(target.oid, target.relation, newtable => target.new_table, oldtable => target.old_table) AS found
-- An array that begins as '{}' is no mistake.
WHERE NOT (found.message LIKE 'target type is different%' AND found.detail LIKE 'cast "text" value to "%[]" type')
ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	complaints, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	if len(complaints) > 0 {
		t.Errorf("plpgsql_check says:\n  %s", strings.Join(complaints, "\n  "))
	}
}
