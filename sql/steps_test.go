package millracesql_test

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"os"
	"strings"
	"testing"

	"github.com/golang-migrate/migrate/v4"
	stock "github.com/golang-migrate/migrate/v4/database/pgx/v5"
	"github.com/golang-migrate/migrate/v4/source/iofs"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	ourmigrate "github.com/millrace-erp/millrace/internal/migrate"
	"github.com/millrace-erp/millrace/internal/structure"
	"github.com/millrace-erp/millrace/internal/testdb"
	millracesql "github.com/millrace-erp/millrace/sql"
)

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func catalogue(t *testing.T, conn *pgx.Conn) structure.Objects {
	t.Helper()
	objects, err := structure.Catalogue(t.Context(), conn)
	if err != nil {
		t.Fatal(err)
	}
	return objects
}

func sameStructure(t *testing.T, what string, before, after structure.Objects) {
	t.Helper()
	if differences := structure.Diff(before, after); len(differences) > 0 {
		t.Errorf("%s:\n%s", what, strings.Join(differences[:min(10, len(differences))], "\n"))
	}
}

func runner(t *testing.T, url string) *ourmigrate.Runner {
	t.Helper()
	r, err := ourmigrate.Open(t.Context(), url, millracesql.Schema(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

// head is a database at the head of the series and nothing more; testdb.New has partitions of today, too.
func head(t *testing.T) *testdb.DB {
	t.Helper()
	db := testdb.NewEmpty(t)
	if err := runner(t, db.URL).Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	return db
}

func TestEveryStepDownUndoesItsStepUp(t *testing.T) {
	t.Parallel()
	db := testdb.NewEmpty(t)
	steps, conn := runner(t, db.URL), connect(t, db.URL)
	empty := catalogue(t, conn)
	for _, pair := range series(t) {
		before := catalogue(t, conn)
		for _, direction := range []int{1, -1} {
			if err := steps.Step(t.Context(), direction); err != nil {
				t.Fatalf("%s, step %+d: %v", pair.UpFile(), direction, err)
			}
		}
		if !strings.HasPrefix(pair.Name, "river_") { // River's own steps back are not exact; all of them together are
			sameStructure(t, pair.DownFile()+" does not restore what was before "+pair.UpFile(), before, catalogue(t, conn))
		}
		if err := steps.Step(t.Context(), 1); err != nil {
			t.Fatalf("%s, the second time: %v", pair.UpFile(), err)
		}
	}
	if err := steps.Down(t.Context()); err != nil {
		t.Fatal(err)
	}
	sameStructure(t, "all the way down leaves something behind", empty, catalogue(t, conn))
}

func TestReapplyingAllDefinitionsChangesNothing(t *testing.T) {
	t.Parallel()
	conn := connect(t, testdb.New(t).URL)
	before := catalogue(t, conn)
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(context.Background())
	for _, definition := range definitions(t) {
		if _, err := tx.Exec(t.Context(), definition.Text, pgx.QueryExecModeSimpleProtocol); err != nil {
			t.Errorf("%s cannot be applied again: %v", definition.Path, err)
			return
		}
	}
	sameStructure(t, "the definition files are not what the migrations made", before, catalogue(t, conn))
}

func TestStructureFileIsTheHead(t *testing.T) {
	t.Parallel()
	db := head(t)
	text, err := structure.Dump(t.Context(), connect(t, db.URL), db.URL)
	if errors.Is(err, structure.ErrNoDump) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	written, err := os.ReadFile("structure.sql")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(string(written), text) {
		t.Error("structure.sql is not the structure at the head of the series; run make gen")
	}
}

// The stock command must do what our runner does: a DBA needs nothing of ours.
func TestStockRunnerMakesTheSameSchema(t *testing.T) {
	t.Parallel()
	db := testdb.NewEmpty(t)
	pool, err := sql.Open("pgx/v5", db.URL)
	if err != nil {
		t.Fatal(err)
	}
	driver, err := stock.WithInstance(pool, &stock.Config{})
	if err != nil {
		t.Fatal(err)
	}
	files, err := iofs.New(millracesql.Schema(), ".")
	if err != nil {
		t.Fatal(err)
	}
	command, err := migrate.NewWithInstance("iofs", files, "postgres", driver)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = command.Close() })
	if err := command.Up(); err != nil {
		t.Fatal(err)
	}
	sameStructure(t, "the stock runner makes another schema", catalogue(t, connect(t, head(t).URL)), catalogue(t, connect(t, db.URL)))
}

func TestRiversTablesAreRiversOwn(t *testing.T) {
	t.Parallel()
	ours := testdb.New(t)
	theirs := testdb.NewEmpty(t)
	pool, err := pgxpool.New(t.Context(), theirs.URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	if _, err := pool.Exec(t.Context(), "CREATE SCHEMA river"); err != nil {
		t.Fatal(err)
	}
	config := &rivermigrate.Config{Schema: "river", Logger: slog.New(slog.DiscardHandler)}
	migrator, err := rivermigrate.New(riverpgxv5.New(pool), config)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := migrator.Migrate(t.Context(), rivermigrate.DirectionUp, nil); err != nil {
		t.Fatal(err)
	}
	sameStructure(t, "schema river is not what River makes; run make river-migrations",
		onlyRiver(catalogue(t, connect(t, theirs.URL))), onlyRiver(catalogue(t, connect(t, ours.URL))))

	migrator, err = rivermigrate.New(riverpgxv5.New(ours.Pool), config)
	if err != nil {
		t.Fatal(err)
	}
	result, err := migrator.Validate(t.Context(), nil)
	if err != nil || !result.OK {
		t.Errorf("River does not accept its schema (%v): %v; run make river-migrations", err, result)
	}
}

func onlyRiver(objects structure.Objects) structure.Objects {
	river := structure.Objects{}
	for key, text := range objects {
		if strings.Contains(key, " river.") {
			river[key] = text
		}
	}
	return river
}
