package migrate_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/jackc/pgx/v5"

	"github.com/millrace-erp/millrace/internal/migrate"
	"github.com/millrace-erp/millrace/internal/testdb"
)

func file(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }

func open(t *testing.T, url string, files fstest.MapFS) *migrate.Runner {
	t.Helper()
	runner, err := migrate.Open(t.Context(), url, files, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = runner.Close() })
	return runner
}

func TestAMigrationThatFailsLeavesTheDatabaseAsItWas(t *testing.T) {
	t.Parallel()
	db := testdb.NewEmpty(t)
	files := fstest.MapFS{
		"000001_a.up.sql": file("CREATE TABLE public.a (id integer);"), "000001_a.down.sql": file("DROP TABLE public.a;"),
		"000002_b.up.sql": file("CREATE TABLE public.b (id integer);\nSELECT 1 / 0;"), "000002_b.down.sql": file("DROP TABLE public.b;"),
	}
	runner := open(t, db.URL, files)
	err := runner.Up(t.Context())
	if err == nil || !strings.Contains(err.Error(), "division by zero") {
		t.Fatalf("got %v", err)
	}
	status, err := runner.Status()
	if err != nil || status.Version != 1 || status.IsDirty || len(status.Pending) != 1 {
		t.Errorf("status %+v, error %v; want version 1, clean, one pending", status, err)
	}
	files["000002_b.up.sql"] = file("CREATE TABLE public.b (id integer);")
	again := open(t, db.URL, files)
	if err := again.Up(t.Context()); err != nil {
		t.Errorf("the repaired migration: %v", err)
	}
	if err := again.Down(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestALockThatComesFreeIsWaitedFor(t *testing.T) {
	t.Parallel()
	db := testdb.NewEmpty(t)
	ctx := t.Context()
	conn, err := pgx.Connect(ctx, db.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(ctx, "CREATE TABLE public.busy (id integer)"); err != nil {
		t.Fatal(err)
	}
	tx, err := conn.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(ctx, "LOCK TABLE public.busy"); err != nil {
		t.Fatal(err)
	}
	runner := open(t, db.URL, fstest.MapFS{
		"000001_a.up.sql":   file("SET LOCAL lock_timeout = '50ms';\nALTER TABLE public.busy ADD COLUMN name text;"),
		"000001_a.down.sql": file("ALTER TABLE public.busy DROP COLUMN name;"),
	})
	done := make(chan error)
	go func() { done <- runner.Up(ctx) }()
	if err := tx.Rollback(ctx); err != nil { // the runner may be at its first attempt or its second
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestAnOlderProgramDoesNotTouchANewerDatabase(t *testing.T) {
	t.Parallel()
	db := testdb.NewEmpty(t)
	files := fstest.MapFS{
		"000001_a.up.sql": file("SELECT 1;"), "000001_a.down.sql": file("SELECT 1;"),
		"000002_b.up.sql": file("SELECT 1;"), "000002_b.down.sql": file("SELECT 1;"),
	}
	if err := open(t, db.URL, files).Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	delete(files, "000002_b.up.sql")
	delete(files, "000002_b.down.sql")
	if err := open(t, db.URL, files).Up(t.Context()); err == nil || !strings.Contains(err.Error(), "newer") {
		t.Errorf("got %v", err)
	}
}
