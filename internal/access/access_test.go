package access_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/millrace-erp/millrace/internal/access"
	"github.com/millrace-erp/millrace/internal/pg"
	"github.com/millrace-erp/millrace/internal/testdb"
)

func lines(t *testing.T, pool *pgxpool.Pool, sql string) []string {
	t.Helper()
	rows, err := pool.Query(t.Context(), sql)
	if err != nil {
		t.Fatal(err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func code(err error) string {
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) {
		return pgErr.Code
	}
	return ""
}

// TestRights holds every right of every role to the list that was decided on. A table, function or sequence that nobody has
// thought of changes it.
func TestRights(t *testing.T) {
	t.Parallel()
	conn, err := pgx.Connect(t.Context(), testdb.New(t).URL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	found, err := access.Rights(t.Context(), conn)
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Join(found, "\n") + "\n"
	want, err := os.ReadFile("../../docs/schema/rights.txt")
	if err != nil {
		t.Fatal(err)
	}
	if got == string(want) {
		return
	}
	has := map[string]bool{}
	for _, line := range strings.Split(got, "\n") {
		has[line] = true
	}
	for _, line := range strings.Split(string(want), "\n") {
		if !has[line] {
			t.Errorf("gone: %s", line)
		}
		delete(has, line)
	}
	for line := range has {
		t.Errorf("new: %s", line)
	}
	t.Error("decide, give the right in sql/roles, run make gen, and read the difference of docs/schema/rights.txt")
}

// TestTheAPIWritesNoTable tries, as the API's role, to insert, update, delete and truncate in every table there is.
func TestTheAPIWritesNoTable(t *testing.T) {
	t.Parallel()
	db := testdb.New(t)
	api := db.As(t, testdb.APIRole)
	tables := lines(t, db.Pool, `SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
		WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'`)
	if len(tables) < 100 {
		t.Fatalf("%d tables: this proves nothing", len(tables))
	}
	for _, table := range tables {
		for _, statement := range []string{"INSERT INTO " + table + " DEFAULT VALUES", "DELETE FROM " + table, "TRUNCATE " + table, "DROP TABLE " + table, "ALTER TABLE " + table + " DISABLE TRIGGER ALL"} {
			if _, err := api.Exec(t.Context(), statement); code(err) != "42501" {
				t.Errorf("%s: %v", statement, err)
			}
		}
	}
	for _, update := range lines(t, db.Pool, `SELECT format('UPDATE %I.%I SET %I = DEFAULT', n.nspname, c.relname, a.attname) FROM pg_class AS c
		JOIN pg_namespace AS n ON n.oid = c.relnamespace JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
		WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND NOT c.relispartition`) {
		if _, err := api.Exec(t.Context(), update); code(err) != "42501" && code(err) != "428C9" { // or: only to DEFAULT
			t.Errorf("%s: %v", update, err)
		}
	}
}

// TestInternalFunctionsAreInternal: what is not made to be called by a server cannot be, and what is runs as a role that is
// no superuser and owns no table.
func TestInternalFunctionsAreInternal(t *testing.T) {
	t.Parallel()
	db := testdb.New(t)
	for _, wrong := range lines(t, db.Pool, `
		SELECT r.rolname || ' may run ' || p.oid::regprocedure
		FROM pg_proc AS p
		JOIN pg_namespace AS n ON n.oid = p.pronamespace
		CROSS JOIN pg_roles AS r
		WHERE r.rolname IN ('millrace_api', 'millrace_worker') AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'public', 'river')
		  AND NOT p.prosecdef AND has_function_privilege(r.oid, p.oid, 'EXECUTE')
		  AND p.oid NOT IN ('inventory.oldest_movement_id'::regproc, 'shipping.gs1_check_digit'::regproc)	-- of the invariants
		  AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.objid = p.oid AND d.deptype = 'e')
		UNION ALL
		SELECT p.oid::regprocedure || ' runs as ' || p.proowner::regrole
		FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
		WHERE p.prosecdef AND n.nspname !~ '^pg_' AND p.proowner NOT IN ('millrace_definer'::regrole, 'millrace_owner'::regrole)
		UNION ALL
		SELECT p.oid::regprocedure || ' is SECURITY DEFINER and named by no role'
		FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
		WHERE p.prosecdef AND p.prorettype <> 'trigger'::regtype AND n.nspname !~ '^pg_'
		  AND NOT has_function_privilege('millrace_api', p.oid, 'EXECUTE') AND NOT has_function_privilege('millrace_worker', p.oid, 'EXECUTE')
		  AND p.oid NOT IN ('event.ensure_log_partitions'::regproc, 'catalog.first_site'::regproc, 'inventory.lock_lot'::regproc, 'inventory.lies_elsewhere'::regproc)	-- called by those that are
		UNION ALL
		SELECT 'everybody may run ' || p.oid::regprocedure
		FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
		CROSS JOIN LATERAL aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS a
		WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'public') AND a.grantee = 0
		  AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.objid = p.oid AND d.deptype = 'e')`) {
		t.Error(wrong)
	}
	api := db.As(t, testdb.APIRole)
	for _, call := range []string{
		`SELECT event.publish('x.y', 1, '{}')`, `SELECT event.insert_job('x', '{}')`, `SELECT inventory.set_lot_status(1, 'released')`,
		`SELECT event.begin_request('put-away', '{}', '{}')`, `SELECT event.advance_log(1)`, `SELECT event.drop_log_partition()`,
	} {
		if _, err := api.Exec(t.Context(), call); code(err) != "42501" {
			t.Errorf("%s: %v", call, err)
		}
	}
}

// TestTemporaryObjectsAreNotTakenForOurs: whoever may make temporary objects, operators and functions cannot slip them under a
// function that runs with other rights.
func TestTemporaryObjectsAreNotTakenForOurs(t *testing.T) {
	t.Parallel()
	db := testdb.New(t)
	for _, open := range lines(t, db.Pool, `
		SELECT p.oid::regprocedure::text FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
		WHERE p.prosecdef AND n.nspname !~ '^pg_' AND NOT 'search_path=pg_catalog, pg_temp' = ANY (p.proconfig)`) {
		t.Errorf("%s does not look into pg_temp last", open)
	}
	// The database of a test allows temporary objects; that of a plant does not (3_rights.sql).
	conn, err := pgx.Connect(t.Context(), db.URLAs(testdb.APIRole))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	if _, err := db.Pool.Exec(t.Context(), `GRANT TEMPORARY ON DATABASE `+conn.Config().Database+` TO millrace_api`); err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
		`CREATE TEMP TABLE unit (code text, name text, scale integer, id bigint)`,
		`CREATE TEMP TABLE site (code text)`, `CREATE TEMP TABLE pg_class (x integer)`,
		`CREATE FUNCTION pg_temp.now() RETURNS timestamptz LANGUAGE plpgsql AS $$ BEGIN RAISE 'taken as %', current_user; END $$`,
		`CREATE FUNCTION pg_temp.lower(text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE 'taken as %', current_user; END $$`,
		`CREATE FUNCTION pg_temp.jsonb_build_object(VARIADIC "any") RETURNS jsonb LANGUAGE internal AS 'jsonb_build_object'`,
		`CREATE FUNCTION pg_temp.same(text, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE 'taken as %', current_user; END $$`,
		`CREATE OPERATOR pg_temp.= (LEFTARG = text, RIGHTARG = text, FUNCTION = pg_temp.same)`,
		`SET search_path = pg_temp, pg_catalog, catalog`,
	} {
		if _, err := conn.Exec(t.Context(), statement); err != nil && code(err) != "42501" {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	var unit, list json.RawMessage
	err = conn.QueryRow(t.Context(), `SELECT catalog.get_unit('KGM'), catalog.list_units(NULL, 10)`).Scan(&unit, &list)
	if err != nil || !strings.Contains(string(list), `"items"`) {
		t.Errorf("%s %s %v", unit, list, err)
	}
}

// TestCallers: a statement works for the caller that its context names, for as long as it runs, and else for nobody.
func TestCallers(t *testing.T) {
	t.Parallel()
	db := testdb.New(t)
	db.SkipChecks() // the sites are made by hand
	for _, site := range []string{"A", "B"} {
		if _, err := db.Pool.Exec(t.Context(), `INSERT INTO catalog.site (code, name, street, postal_code, city, country, currency, time_zone)
			VALUES ($1, $1, 's', '1', 'c', 'DE', 'EUR', 'UTC')`, site); err != nil {
			t.Fatal(err)
		}
	}
	primary := &pg.Primary{Pool: db.As(t, testdb.APIRole)}
	for caller, want := range map[string]string{
		`{"sites": null}`: "A B", `{"sites": []}`: "", `{"sites": ["B"]}`: "B", `{"sites": ["A", "C"]}`: "A", `{}`: "", `{"sites": ["*"]}`: "", "": "",
	} {
		ctx := t.Context()
		if caller != "" {
			ctx = pg.WithCaller(ctx, json.RawMessage(caller))
		}
		var page struct {
			Items []struct{ Code string }
		}
		var text json.RawMessage
		if err := primary.QueryRow(ctx, `SELECT catalog.list_sites(NULL, 10)`).Scan(&text); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, &page); err != nil {
			t.Fatal(err)
		}
		var codes []string
		for _, item := range page.Items {
			codes = append(codes, item.Code)
		}
		if got := strings.Join(codes, " "); got != want {
			t.Errorf("%s sees %q, want %q", caller, got, want)
		}
		rows, err := primary.Query(ctx, `SELECT current_setting('millrace.sites') FROM generate_series(1, 3)`)
		if err != nil {
			t.Fatal(err)
		}
		if all, err := pgx.CollectRows(rows, pgx.RowTo[string]); err != nil || len(all) != 3 {
			t.Error(all, err)
		}
		if _, err := primary.Exec(ctx, `SELECT 1/0`); code(err) != "22012" {
			t.Error(err)
		}
	}
}
