package access_test

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/millrace-erp/millrace/internal/access"
	"github.com/millrace-erp/millrace/internal/migrate"
	"github.com/millrace-erp/millrace/internal/testdb"
	millracesql "github.com/millrace-erp/millrace/sql"
)

// TestLogins: the role that is made for a server may be its login, and a member of it that has nothing else. Whatever gives a
// login more is named in one sentence, with what to do.
func TestLogins(t *testing.T) {
	t.Parallel()
	db := testdb.New(t)
	const apiSettings = "ALTER ROLE {} SET millrace.sites = '[]'; ALTER ROLE {} SET millrace.scopes = '[]';"
	for _, c := range []struct {
		name, role string
		change     string // {} stands for the login, * for the database
		want       string // of the sentence; empty when the login will do
	}{
		{"a member of the api's role", "millrace_api", apiSettings, ""},
		{"a member of the worker's role", "millrace_worker", "", ""},
		{"a superuser", "millrace_api", apiSettings + "ALTER ROLE {} SUPERUSER", "is a superuser"},
		{"a superuser works", "millrace_worker", "ALTER ROLE {} SUPERUSER", "is a superuser"},
		{"past row security", "millrace_api", apiSettings + "ALTER ROLE {} BYPASSRLS", "has BYPASSRLS"},
		{"past row security, working", "millrace_worker", "ALTER ROLE {} BYPASSRLS", "has BYPASSRLS"},
		{"gives itself roles", "millrace_api", apiSettings + "ALTER ROLE {} CREATEROLE", "has CREATEROLE"},
		{"copies everything", "millrace_worker", "ALTER ROLE {} REPLICATION", "has REPLICATION"},
		{"past row security by a group", "millrace_api", apiSettings + "CREATE ROLE {}_group BYPASSRLS; GRANT {}_group TO {}", "may become {}_group, which has BYPASSRLS"},
		{"a member of the owner", "millrace_api", apiSettings + "GRANT millrace_owner TO {}", "is a member of millrace_definer"}, // the owner is one, too
		{"a member of the owner, working", "millrace_worker", "GRANT millrace_owner TO {}", "is a member of millrace_definer"},
		{"a member of the functions' role", "millrace_api", apiSettings + "GRANT millrace_definer TO {}", "is a member of millrace_definer"},
		{"both servers at once", "millrace_api", apiSettings + "GRANT millrace_worker TO {}", "is a member of millrace_worker"},
		{"writes everything", "millrace_api", apiSettings + "GRANT pg_write_all_data TO {}", "is a member of pg_write_all_data"},
		{"runs programs", "millrace_worker", "GRANT pg_execute_server_program TO {}", "is a member of pg_execute_server_program"},
		{"owns a schema", "millrace_api", apiSettings + "CREATE SCHEMA own AUTHORIZATION {}", "owns the schema own"},
		{"owns a table", "millrace_api", apiSettings + "CREATE TABLE public.own (id integer); ALTER TABLE public.own OWNER TO {}", "owns own"},
		{"writes a table", "millrace_api", apiSettings + "GRANT INSERT ON catalog.unit TO {}", "may write catalog.unit"},
		{"writes a column", "millrace_api", apiSettings + "GRANT UPDATE (name) ON catalog.unit TO {}", "may write catalog.unit"},
		{"everybody writes a table", "millrace_api", apiSettings + "GRANT DELETE ON catalog.unit TO PUBLIC", "may write catalog.unit"},
		{"works and writes a table", "millrace_worker", "GRANT UPDATE ON inventory.balance TO {}", "may write inventory.balance"},
		{"serves and writes the queue", "millrace_api", apiSettings + "GRANT UPDATE ON river.river_job TO {}", "may write river.river_job"},
		{"makes functions", "millrace_api", apiSettings + "GRANT CREATE ON SCHEMA event TO {}", "may create things in the schema event"},
		{"sees all sites", "millrace_api", "ALTER ROLE {} SET millrace.scopes = '[]'", "works for everybody until it is told for whom (ALTER ROLE {} SET millrace.sites = '[]')"},
		{"has all scopes", "millrace_api", "ALTER ROLE {} SET millrace.sites = '[]'", "ALTER ROLE {} SET millrace.scopes = '[]'"},
		{"has no role", "", apiSettings, "is neither millrace_api nor a member of it"},
		{"functions of somebody else", "millrace_worker", "ALTER ROUTINE event.advance_log OWNER TO postgres_of_tests", "meets functions that were migrated since the rights were given, such as event.advance_log"},
	} {
		t.Run(c.name, func(t *testing.T) {
			login := "login_" + strings.ToLower(rand.Text()[:12])
			role := access.API
			if c.role == string(access.Worker) {
				role = access.Worker
			}
			conn, err := pgx.Connect(t.Context(), db.URL)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close(context.WithoutCancel(t.Context()))
			statements := "CREATE ROLE {} LOGIN PASSWORD 'for-tests-only';"
			if c.role != "" {
				statements += "GRANT " + c.role + " TO {};"
			}
			statements = strings.ReplaceAll(statements+c.change, "postgres_of_tests", conn.Config().User)
			if _, err := conn.PgConn().Exec(t.Context(), strings.ReplaceAll(statements, "{}", login)).ReadAll(); err != nil {
				t.Fatal(err)
			}
			defer func() {
				undo := `DROP OWNED BY {}; DROP ROLE {}; DROP ROLE IF EXISTS {}_group; DROP SCHEMA IF EXISTS own; DROP TABLE IF EXISTS public.own;
					REVOKE DELETE ON catalog.unit FROM PUBLIC; ALTER ROUTINE event.advance_log OWNER TO millrace_definer`
				if _, err := conn.PgConn().Exec(context.WithoutCancel(t.Context()), strings.ReplaceAll(undo, "{}", login)).ReadAll(); err != nil {
					t.Error(err)
				}
			}()
			address, err := url.Parse(db.URL)
			if err != nil {
				t.Fatal(err)
			}
			address.User = url.UserPassword(login, "for-tests-only")
			err = access.CheckDirectLogin(t.Context(), address.String(), "", role)
			want := strings.ReplaceAll(c.want, "{}", login)
			switch {
			case want == "" && err != nil:
				t.Error(err)
			case want != "" && (err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), login) || !strings.Contains(err.Error(), "`dba roles`")):
				t.Errorf("got %v, want %q", err, want)
			}
		})
	}
	for _, role := range []access.Role{access.API, access.Worker} {
		if err := access.CheckLogin(t.Context(), db.As(t, string(role)), role); err != nil {
			t.Error(err)
		}
	}
	if err := access.CheckLogin(t.Context(), db.As(t, testdb.WorkerRole), access.API); err == nil {
		t.Error("the worker's role serves")
	}
}

// TestAdmit: a role gets a password once, logs in by it as often as it likes, and keeps the one it has.
func TestAdmit(t *testing.T) {
	t.Parallel()
	db := testdb.New(t)
	role := access.Role("login_" + strings.ToLower(rand.Text()[:12]))
	if _, err := db.Pool.Exec(t.Context(), "CREATE ROLE "+string(role)+" LOGIN"); err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(t.Context(), db.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	defer func() {
		if _, err := conn.Exec(context.WithoutCancel(t.Context()), "DROP ROLE "+string(role)); err != nil {
			t.Error(err)
		}
	}()
	for range 2 {
		address, err := access.Admit(t.Context(), conn, role, "it's a secret")
		if err != nil {
			t.Fatal(err)
		}
		as, err := pgx.Connect(t.Context(), address)
		if err != nil {
			t.Fatal(err)
		}
		var who string
		if err := as.QueryRow(t.Context(), "SELECT session_user").Scan(&who); err != nil || who != string(role) {
			t.Error(who, err)
		}
		_ = as.Close(t.Context())
	}
	if _, err := access.Admit(t.Context(), conn, role, "another"); err == nil || !strings.Contains(err.Error(), "has a password already") {
		t.Error(err)
	}
}

// TestServersOfBeforeGoOn: a database whose servers have logged in as the owner of everything so far gets roles. The owner's
// programs go on working until they are replaced, `dba roles` names the login each time it is run, and new servers refuse it.
func TestServersOfBeforeGoOn(t *testing.T) {
	t.Parallel()
	db := testdb.NewEmpty(t)
	login := "login_" + strings.ToLower(rand.Text()[:12])
	config, err := pgx.ParseConfig(db.URL)
	if err != nil {
		t.Fatal(err)
	}
	var warnings []string
	config.OnNotice = func(_ *pgconn.PgConn, notice *pgconn.Notice) {
		if notice.Severity == "WARNING" && strings.Contains(notice.Message, login) {
			warnings = append(warnings, notice.Message+" "+notice.Hint)
		}
	}
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	run := func(ctx context.Context, statements string) {
		t.Helper()
		if _, err := conn.PgConn().Exec(ctx, strings.ReplaceAll(statements, "{}", login)).ReadAll(); err != nil {
			t.Fatal(err)
		}
	}
	run(t.Context(), `CREATE ROLE {} LOGIN PASSWORD 'for-tests-only'; GRANT CREATE ON DATABASE `+config.Database+` TO {}; GRANT CREATE ON SCHEMA public TO {};
		CREATE ROLE {}_hand LOGIN; CREATE EXTENSION btree_gist`)
	defer run(context.WithoutCancel(t.Context()), `DROP OWNED BY {}, {}_hand CASCADE; DROP ROLE {}, {}_hand`)
	address, err := url.Parse(db.URL)
	if err != nil {
		t.Fatal(err)
	}
	address.User = url.UserPassword(login, "for-tests-only")
	runner, err := migrate.Open(t.Context(), address.String(), millracesql.Schema(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(runner.Up(t.Context()), runner.Close()); err != nil {
		t.Fatal(err)
	}
	run(t.Context(), "GRANT SELECT ON catalog.unit TO {}_hand")
	server, err := pgx.Connect(t.Context(), address.String())
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close(context.WithoutCancel(t.Context()))
	works := func() error {
		if _, err := server.Exec(t.Context(), "UPDATE event.log_head SET dropped_to = dropped_to"); err != nil {
			return err
		}
		_, err := server.Exec(t.Context(), "SELECT event.publish('test.happened', 1, '{}'), event.ensure_partitions(1)")
		return err
	}
	if err := works(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		warnings = nil
		if err := access.Grant(t.Context(), conn); err != nil {
			t.Fatal(err)
		}
		if err := works(); err != nil {
			t.Errorf("a server of before: %v", err)
		}
		told := strings.Join(warnings, "\n")
		for _, want := range []string{login + " may do whatever the owner", "REVOKE millrace_owner, millrace_definer FROM " + login, login + "_hand has rights on tables"} {
			if len(warnings) != 2 || !strings.Contains(told, want) {
				t.Errorf("told %q, want %q", warnings, want)
			}
		}
	}
	if err := access.CheckLogin(t.Context(), server, access.API); err == nil {
		t.Error("a new server takes the login of before")
	}
	warnings = nil
	run(t.Context(), "REVOKE millrace_owner, millrace_definer FROM {}; REVOKE SELECT ON catalog.unit FROM {}_hand")
	if err := access.Grant(t.Context(), conn); err != nil || len(warnings) > 0 {
		t.Errorf("told %q, %v", warnings, err)
	}
	if err := works(); code(err) != "42501" {
		t.Errorf("what was replaced may still work: %v", err)
	}
}
