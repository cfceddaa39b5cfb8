// Package testdb gives a test a database of its own on a real Postgres: a clone of a template that was
// migrated once. When the test is over every invariant of sql/checks is run, whatever the test was about.
//
// TEST_DATABASE_URL names the cluster to use (`make test` starts one for all packages and sets it).
// Without it each test program starts a cluster of its own, which goes with the program.
package testdb

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/millrace-erp/millrace/internal/access"
	"github.com/millrace-erp/millrace/internal/devcluster"
	"github.com/millrace-erp/millrace/internal/migrate"
	"github.com/millrace-erp/millrace/internal/migration"
	millracesql "github.com/millrace-erp/millrace/sql"
)

// timeZone is half an hour off, has summer time and is nobody's default: it flushes out code that takes
// the session's zone for granted.
const timeZone = "Canada/Newfoundland"

// templateLock is the advisory lock that lets one program build the template.
const templateLock = 7_120_415

// DB is one test's database.
type DB struct {
	Pool *pgxpool.Pool
	URL  string

	name       string
	skipChecks bool
}

// Roles of the servers (sql/roles). A test that runs what a server runs does it as that server's role, so that a right
// that is missing fails it; what a test does itself it does as the owner of everything, through [DB.Pool].
const (
	APIRole    = "millrace_api"
	WorkerRole = "millrace_worker"
)

// rolePassword is that of the servers' roles in clusters of tests.
const rolePassword = "for-tests-only"

// URLAs is the database's address for a role.
func (db *DB) URLAs(role string) string {
	address, err := url.Parse(db.URL)
	if err != nil {
		return db.URL // pgx will say what is wrong with it
	}
	address.User = url.UserPassword(role, rolePassword)
	return address.String()
}

// As is a pool of connections of a role. It goes with the test.
func (db *DB) As(t testing.TB, role string) *pgxpool.Pool {
	t.Helper()
	config, err := pgxpool.ParseConfig(db.URLAs(role))
	if err != nil {
		t.Fatalf("testdb: %v", err)
	}
	config.MaxConns = 32
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		t.Fatalf("testdb: %v", err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// New clones the migrated template. The database goes with the test; of a failed test it stays, and the
// log names it.
func New(t testing.TB) *DB {
	t.Helper()
	template, err := migrated()
	if err != nil {
		t.Fatalf("testdb: build the template: %v", err)
	}
	db := create(t, template)
	config, err := pgxpool.ParseConfig(db.URL)
	if err != nil {
		t.Fatalf("testdb: %v", err)
	}
	config.MaxConns = 32
	db.Pool, err = pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		t.Fatalf("testdb: %v", err)
	}
	t.Cleanup(db.Pool.Close)
	t.Cleanup(func() {
		if !db.skipChecks {
			db.check(t)
		}
	})
	return db
}

// NewEmpty makes a database without any schema, for tests of the migrations. It has no pool and no checks.
func NewEmpty(t testing.TB) *DB {
	t.Helper()
	return create(t, "template0")
}

// SkipChecks is for the few tests that break an invariant on purpose.
func (db *DB) SkipChecks() { db.skipChecks = true }

// create makes a database out of a template and removes it when the test has passed.
func create(t testing.TB, template string) *DB {
	t.Helper()
	base, err := cluster()
	if err != nil {
		t.Fatalf("testdb: %v", err)
	}
	db := &DB{name: "test_" + strings.ToLower(rand.Text()[:16])}
	db.URL = withDatabase(base, db.name)
	err = onMaintenance(func(ctx context.Context, conn *pgx.Conn) error {
		if _, err := conn.Exec(ctx, "CREATE DATABASE "+db.name+" TEMPLATE "+template); err != nil {
			return err
		}
		_, err := conn.Exec(ctx, "ALTER DATABASE "+db.name+" SET timezone = '"+timeZone+"'")
		return err
	})
	if err != nil {
		t.Fatalf("testdb: create a database: %v", err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the database is kept for you, as long as its cluster runs: %s", db.URL)
			return
		}
		err := onMaintenance(func(ctx context.Context, conn *pgx.Conn) error {
			_, err := conn.Exec(ctx, "DROP DATABASE "+db.name+" WITH (FORCE)")
			return err
		})
		if err != nil {
			t.Errorf("testdb: drop the database: %v", err)
		}
	})
	return db
}

// check runs every invariant; each must return no rows.
func (db *DB) check(t testing.TB) {
	t.Helper()
	checks, err := millracesql.Checks()
	if err != nil {
		t.Errorf("testdb: %v", err)
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for _, check := range checks {
		rows, err := db.Pool.Query(ctx, check.SQL)
		if err != nil {
			t.Errorf("check %s: %v", check.Name, err)
			continue
		}
		found, err := pgx.CollectRows(rows, pgx.RowToMap)
		if err != nil {
			t.Errorf("check %s: %v", check.Name, err)
			continue
		}
		if len(found) > 0 {
			t.Errorf("check %s must return no rows and returns %d, such as:%s", check.Name, len(found), firstRows(found))
		}
	}
}

func firstRows(rows []map[string]any) string {
	var text strings.Builder
	for _, row := range rows[:min(3, len(rows))] {
		fmt.Fprintf(&text, "\n  %v", row)
	}
	return text.String()
}

// cluster is the URL of the cluster that all tests of this program use.
var cluster = sync.OnceValues(func() (string, error) {
	if given := os.Getenv("TEST_DATABASE_URL"); given != "" {
		return given, nil
	}
	// It ends with this program: devcluster watches over that.
	started, err := devcluster.Start(context.Background(), devcluster.Options{Logical: true, Log: os.Stderr})
	if err != nil {
		return "", err
	}
	return started.URL("postgres"), nil
})

// migrated is the name of the template at the head of the series. The name holds the hash of the series,
// so a changed schema makes a new one.
var migrated = sync.OnceValues(func() (string, error) {
	series, err := migration.Load(millracesql.Schema())
	if err != nil {
		return "", err
	}
	hash := sha256.Sum256([]byte(migration.Sum(series) + strings.Join(millracesql.Roles(false), "")))
	name := "millrace_template_" + hex.EncodeToString(hash[:8])
	base, err := cluster()
	if err != nil {
		return "", err
	}
	return name, onMaintenance(func(ctx context.Context, conn *pgx.Conn) error {
		if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", templateLock); err != nil {
			return err
		}
		var isComplete bool
		err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1 AND datistemplate)", name).Scan(&isComplete)
		if err != nil || isComplete {
			return err
		}
		for _, statement := range []string{
			"DROP DATABASE IF EXISTS " + name + " WITH (FORCE)", // a half-built one
			"CREATE DATABASE " + name + " TEMPLATE template0",
			"ALTER DATABASE " + name + " SET timezone = '" + timeZone + "'",
		} {
			if _, err := conn.Exec(ctx, statement); err != nil {
				return err
			}
		}
		if err := migrateUp(ctx, withDatabase(base, name)); err != nil {
			return err
		}
		if err := giveRights(ctx, withDatabase(base, name)); err != nil {
			return err
		}
		if err := makePartitions(ctx, withDatabase(base, name)); err != nil {
			return err
		}
		_, err = conn.Exec(ctx, "ALTER DATABASE "+name+" WITH IS_TEMPLATE true ALLOW_CONNECTIONS false")
		return err
	})
})

func migrateUp(ctx context.Context, address string) error {
	runner, err := migrate.Open(ctx, address, millracesql.Schema(), slog.Default())
	if err != nil {
		return err
	}
	defer runner.Close() //nolint:errcheck // what counts is Up
	return runner.Up(ctx)
}

// giveRights does what `dba roles` does, and lets the servers' roles in.
func giveRights(ctx context.Context, address string) error {
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	if err := access.Grant(ctx, conn); err != nil {
		return err
	}
	for _, role := range []string{APIRole, WorkerRole} {
		if _, err := conn.Exec(ctx, "ALTER ROLE "+role+" PASSWORD '"+rolePassword+"'"); err != nil {
			return err
		}
	}
	return nil
}

// makePartitions does what the worker does at its start.
func makePartitions(ctx context.Context, address string) error {
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, "SELECT event.ensure_partitions(1)")
	return err
}

// onMaintenance runs work on a connection of its own to the cluster's own database. Closing it gives
// back the locks it took.
func onMaintenance(work func(ctx context.Context, conn *pgx.Conn) error) error {
	base, err := cluster()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, base)
	if err != nil {
		return fmt.Errorf("connect to the test cluster: %w", err)
	}
	defer conn.Close(context.Background())
	return work(ctx, conn)
}

func withDatabase(base, name string) string {
	address, err := url.Parse(base)
	if err != nil {
		return base // pgx will say what is wrong with it
	}
	address.Path = "/" + name
	return address.String()
}
