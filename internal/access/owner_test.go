package access_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/millrace-erp/millrace/internal/access"
	"github.com/millrace-erp/millrace/internal/app"
	"github.com/millrace-erp/millrace/internal/audit"
	"github.com/millrace-erp/millrace/internal/demo"
	"github.com/millrace-erp/millrace/internal/devcluster"
	"github.com/millrace-erp/millrace/internal/httpapi"
	"github.com/millrace-erp/millrace/internal/httpapi/httpapitest"
	"github.com/millrace-erp/millrace/internal/migrate"
	"github.com/millrace-erp/millrace/internal/pg"
	"github.com/millrace-erp/millrace/internal/queue"
	millracesql "github.com/millrace-erp/millrace/sql"
)

// TestAnOwnerWithoutSuperuser: on a server where nobody gets to be superuser, the owner of the database migrates and gives the roles their
// rights, being told what he could not. The servers start by their logins, and the factory works: it is the same whether he could or not.
func TestAnOwnerWithoutSuperuser(t *testing.T) {
	t.Parallel()
	cluster, err := devcluster.Start(t.Context(), devcluster.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cluster.Stop(); err != nil {
			t.Error(err)
		}
	})
	as := func(login, database string) string {
		address, err := url.Parse(cluster.URL(database))
		if err != nil {
			t.Fatal(err)
		}
		address.User = url.UserPassword(login, "for-tests-only")
		return address.String()
	}
	superuser, err := pgx.Connect(t.Context(), cluster.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer superuser.Close(context.WithoutCancel(t.Context()))
	for _, statement := range []string{
		"CREATE ROLE plant_owner LOGIN CREATEROLE PASSWORD 'for-tests-only'",
		"CREATE DATABASE plant OWNER plant_owner",
		"CREATE ROLE helpless LOGIN PASSWORD 'for-tests-only'",
	} {
		if _, err := superuser.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	runner, err := migrate.Open(t.Context(), as("plant_owner", "plant"), millracesql.Schema(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(runner.Up(t.Context()), runner.Close()); err != nil {
		t.Fatal(err)
	}

	var warnings []string
	config, err := pgx.ParseConfig(as("plant_owner", "plant"))
	if err != nil {
		t.Fatal(err)
	}
	config.OnNotice = func(_ *pgconn.PgConn, notice *pgconn.Notice) {
		if notice.Severity == "WARNING" && (cluster.Version < 16 || !strings.Contains(notice.Message, "GRANT pg_")) { // from 16 on, the owner has no such role to give
			warnings = append(warnings, notice.Message+" "+notice.Hint)
		}
	}
	owner, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer owner.Close(context.WithoutCancel(t.Context()))
	for range 2 { // after each migration
		warnings = nil
		if err := access.Grant(t.Context(), owner); err != nil {
			t.Fatal(err)
		}
		if len(warnings) != 1 || !strings.Contains(warnings[0], "only a superuser") || !strings.Contains(warnings[0], `GRANT SET ON PARAMETER "millrace.sites", "millrace.scopes" TO plant_owner`) {
			t.Errorf("told was %q", warnings)
		}
	}
	for _, role := range []string{"millrace_api", "millrace_worker"} {
		if _, err := owner.Exec(t.Context(), "ALTER ROLE "+role+" PASSWORD 'for-tests-only'"); err != nil {
			t.Fatal(err)
		}
	}
	var isMember bool
	if err := owner.QueryRow(t.Context(), "SELECT pg_has_role('millrace_worker', 'USAGE')").Scan(&isMember); err != nil || isMember {
		t.Errorf("the owner stays a member of the worker's role: %v", err)
	}

	// The servers.
	primary, err := pg.OpenPrimary(t.Context(), as("millrace_api", "plant"), pg.ForNobody())
	if err != nil {
		t.Fatal(err)
	}
	defer primary.Close()
	works, err := pg.OpenPrimary(t.Context(), as("millrace_worker", "plant"))
	if err != nil {
		t.Fatal(err)
	}
	defer works.Close()
	if err := errors.Join(access.CheckLogin(t.Context(), primary, access.API), access.CheckLogin(t.Context(), works, access.Worker),
		audit.CheckIncarnation(t.Context(), primary), audit.CheckIncarnation(t.Context(), works)); err != nil {
		t.Fatal(err)
	}
	if _, err := works.Exec(t.Context(), "SELECT event.ensure_partitions(3)"); err != nil {
		t.Fatal(err)
	}
	// Without its own word, a session of the api's would work for everybody, which nobody lets it.
	careless, err := pg.OpenPrimary(t.Context(), as("millrace_api", "plant"))
	if err != nil {
		t.Fatal(err)
	}
	defer careless.Close()
	if err := access.CheckLogin(t.Context(), careless, access.API); err == nil || !strings.Contains(err.Error(), "works for everybody until it is told for whom") {
		t.Errorf("a session without sites: %v", err)
	}
	server := httptest.NewServer(app.New(primary, httpapi.Options{Authenticator: httpapitest.Authenticator(), Box: httpapitest.Box(), Ready: primary.Ping, Stopping: t.Context()}))
	defer server.Close()
	client := &demo.Client{URL: server.URL, Tokens: httpapitest.Tokens(), HTTP: http.DefaultClient}
	if err := demo.Load(t.Context(), client, func(int, int, string) {}); err != nil {
		t.Fatal(err)
	}
	jobs, err := queue.NewClient(works, app.Jobs(works, app.Settings{}), queue.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := jobs.Start(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	_, err = demo.Journey(t.Context(), client, func(int, int, string) {})
	if err := errors.Join(err, jobs.Stop(context.WithoutCancel(t.Context()))); err != nil {
		t.Fatal(err)
	}
	checks, err := millracesql.Checks()
	if err != nil {
		t.Fatal(err)
	}
	for _, check := range checks {
		if found, err := pg.RunCheck(t.Context(), works, check, 0); err != nil || found.Rows != 0 {
			t.Errorf("%s: %d, %v", check.Name, found.Rows, err)
		}
	}

	// Once a superuser has allowed it, the owner has nothing left to be told, and the rights are those that a superuser gives.
	if _, err := superuser.Exec(t.Context(), `GRANT SET ON PARAMETER "millrace.sites", "millrace.scopes" TO plant_owner`); err != nil {
		t.Fatal(err)
	}
	warnings = nil
	if err := access.Grant(t.Context(), owner); err != nil || len(warnings) != 0 {
		t.Errorf("told was %q, %v", warnings, err)
	}
	if err := access.CheckDirectLogin(t.Context(), as("millrace_api", "plant"), "", access.API); err != nil {
		t.Error(err)
	}
	before, err := access.Rights(t.Context(), owner)
	if err != nil {
		t.Fatal(err)
	}
	all, err := pgx.Connect(t.Context(), cluster.URL("plant"))
	if err != nil {
		t.Fatal(err)
	}
	defer all.Close(context.WithoutCancel(t.Context()))
	if err := access.Grant(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	after, err := access.Rights(t.Context(), all)
	if err != nil {
		t.Fatal(err)
	}
	if cluster.Version >= 16 {
		after = slices.DeleteFunc(after, func(line string) bool { return strings.Contains(line, ": member of pg_") })
	}
	if got, want := strings.Join(before, "\n"), strings.Join(after, "\n"); got != want {
		t.Errorf("by the owner:\n%s\nby a superuser:\n%s", difference(got, want), difference(want, got))
	}

	// Who may not make roles is told what it takes.
	nobody, err := pgx.Connect(t.Context(), as("helpless", "plant"))
	if err != nil {
		t.Fatal(err)
	}
	defer nobody.Close(context.WithoutCancel(t.Context()))
	if err := access.Grant(t.Context(), nobody); err == nil || !strings.Contains(err.Error(), "CREATEROLE") || !strings.Contains(err.Error(), "owns the database") {
		t.Errorf("a login without any right: %v", err)
	}
}

// difference are the lines of one that the other has not.
func difference(one, other string) string {
	var lines []string
	for line := range strings.SplitSeq(one, "\n") {
		if !strings.Contains("\n"+other+"\n", "\n"+line+"\n") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}
