package replica_test

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/millrace-erp/millrace/internal/access"
	"github.com/millrace-erp/millrace/internal/devcluster"
	"github.com/millrace-erp/millrace/internal/migrate"
	"github.com/millrace-erp/millrace/internal/replica"
	"github.com/millrace-erp/millrace/internal/testdb"
	millracesql "github.com/millrace-erp/millrace/sql"
)

// TestAnalyst: on a replica on a server of its own, which follows a primary, analysts read what is published and nothing else,
// write nothing, and do not get to the primary.
func TestAnalyst(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	primary := testdb.New(t)
	primary.SkipChecks() // the site is made by hand
	cluster, err := devcluster.Start(ctx, devcluster.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cluster.Stop(); err != nil {
			t.Error(err)
		}
	})
	runner, err := migrate.Open(ctx, cluster.URL("postgres"), millracesql.Schema(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(runner.Up(ctx), runner.Close()); err != nil {
		t.Fatal(err)
	}
	mirror, err := pgxpool.New(ctx, cluster.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(mirror.Close)
	super, err := pgx.Connect(ctx, cluster.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = super.Close(context.WithoutCancel(ctx)) })
	if err := access.GrantReplica(ctx, super); err == nil || !strings.Contains(err.Error(), "follows no primary") {
		t.Errorf("rights on what is no replica yet: %v", err)
	}
	pair := replica.Pair{Primary: primary.Pool, Replica: mirror}
	if err := pair.Connect(ctx, primary.URL); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // before the primary goes: its slot is there
		if _, err := mirror.Exec(context.WithoutCancel(ctx), "DROP SUBSCRIPTION millrace"); err != nil {
			t.Error(err)
		}
	})
	for range 2 { // as often as one likes
		if err := access.GrantReplica(ctx, super); err != nil {
			t.Fatal(err)
		}
	}
	password := "for-tests-only"
	if _, err := super.Exec(ctx, "ALTER ROLE millrace_analyst PASSWORD '"+password+"'"); err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
		`INSERT INTO catalog.site (code, name, street, postal_code, city, country, currency, time_zone) VALUES ('A', 'A', 's', '1', 'c', 'DE', 'EUR', 'UTC')`,
		`INSERT INTO identity.operator (number, name, sites) VALUES ('7', 'Ada', '{A}')`,
		`SELECT event.publish('test.happened', 1, '{}')`,
	} {
		if _, err := primary.Pool.Exec(ctx, statement); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := pair.CatchUp(ctx); err != nil {
		t.Fatal(err)
	}

	login := func(address string) (*pgx.Conn, error) {
		place, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		place.User = url.UserPassword("millrace_analyst", password)
		return pgx.Connect(ctx, place.String())
	}
	analyst, err := login(cluster.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer analyst.Close(context.WithoutCancel(ctx))
	code := func(err error) string {
		var refused *pgconn.PgError
		if errors.As(err, &refused) {
			return refused.Code
		}
		return ""
	}
	list := func(sql string) []string {
		rows, err := mirror.Query(ctx, sql)
		if err != nil {
			t.Fatal(err)
		}
		found, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		return found
	}

	// What can be read, tried table by table.
	var want, got []string
	published, err := primary.Pool.Query(ctx, "SELECT event.list_published_tables()")
	if err != nil {
		t.Fatal(err)
	}
	if want, err = pgx.CollectRows(published, pgx.RowTo[string]); err != nil {
		t.Fatal(err)
	}
	want = slices.DeleteFunc(want, func(table string) bool { // of identity and the platform see below
		return slices.Contains([]string{"event.request", "event.consumer", "identity.operator"}, table)
	})
	want = append(want, "public.schema_migrations")
	relations := list(`SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
		WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND NOT c.relispartition`)
	for _, table := range relations {
		switch _, err := analyst.Exec(ctx, "SELECT * FROM "+table+" LIMIT 1"); {
		case err == nil:
			got = append(got, table)
		case code(err) != "42501":
			t.Errorf("%s: %v", table, err)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if len(want) < 60 || !slices.Equal(got, want) {
		t.Errorf("analysts read %v\nwhat is published is %v", got, want)
	}
	for _, more := range list(`
		SELECT v.relname || ' shows ' || t.oid::regclass FROM pg_class AS v JOIN pg_namespace AS n ON n.oid = v.relnamespace
		JOIN pg_rewrite AS r ON r.ev_class = v.oid
		JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass
		JOIN pg_class AS t ON t.oid = d.refobjid AND t.oid <> v.oid AND t.relkind IN ('r', 'p')
		WHERE v.relkind IN ('v', 'm') AND has_table_privilege('millrace_analyst', v.oid, 'SELECT') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
		  AND NOT has_table_privilege('millrace_analyst', t.oid, 'SELECT')`) {
		t.Errorf("a view shows what analysts may not read: %s", more)
	}
	var site, name string
	if err := analyst.QueryRow(ctx, `SELECT s.code, o.name FROM catalog.site AS s, identity.operator AS o WHERE o.number = '7'`).Scan(&site, &name); err != nil || site != "A" || name != "Ada" {
		t.Error(site, name, err)
	}

	// They say themselves that they want to write: it is not the session's default that keeps them from it.
	if _, err := analyst.Exec(ctx, "SET default_transaction_read_only = off"); err != nil {
		t.Fatal(err)
	}
	for _, table := range relations {
		for _, statement := range []string{"INSERT INTO " + table + " DEFAULT VALUES", "DELETE FROM " + table, "TRUNCATE " + table} {
			if _, err := analyst.Exec(ctx, statement); code(err) != "42501" {
				t.Errorf("%s: %v", statement, err)
			}
		}
	}
	for _, statement := range []string{
		"UPDATE catalog.site SET name = 'B'", "SELECT sites FROM identity.operator", "SELECT subconninfo FROM pg_subscription",
		"SELECT rolpassword FROM pg_authid", "SELECT event.ensure_partitions(1)", "SELECT event.publish('x.y', 1, '{}')", "CREATE TEMP TABLE x (y integer)",
		"CREATE TABLE public.x (y integer)", "CREATE SCHEMA x", "CREATE FUNCTION public.x() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
		"ALTER SUBSCRIPTION millrace DISABLE", "CREATE EXTENSION dblink", "COPY catalog.site TO PROGRAM 'cat'", "SELECT pg_read_file('postgresql.conf')",
		"SET session_replication_role = replica", "ALTER ROLE millrace_analyst CREATEROLE",
	} {
		if _, err := analyst.Exec(ctx, statement); code(err) != "42501" {
			t.Errorf("%s: %v", statement, err)
		}
	}
	for _, role := range list("SELECT r.rolname FROM pg_roles AS r WHERE r.rolname <> 'millrace_analyst'") {
		if _, err := analyst.Exec(ctx, "SET ROLE "+pgx.Identifier{role}.Sanitize()); code(err) != "42501" {
			t.Errorf("analysts become %s: %v", role, err)
		}
	}
	if conn, err := login(primary.URL); err == nil || code(err)[:2] != "28" {
		t.Errorf("analysts get to the primary: %v, %v", conn, err)
	}
}
