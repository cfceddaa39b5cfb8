package millracesql_test

import (
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/millrace-erp/millrace/internal/migration"
	millracesql "github.com/millrace-erp/millrace/sql"
)

func series(t *testing.T) []migration.Pair {
	t.Helper()
	pairs, err := migration.Load(millracesql.Schema())
	if err != nil {
		t.Fatal(err)
	}
	return pairs
}

func definitions(t *testing.T) []migration.Definition {
	t.Helper()
	all, err := migration.Definitions(os.DirFS("."))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestNumbersAreContiguous(t *testing.T) {
	t.Parallel()
	if err := migration.Contiguous(series(t)); err != nil {
		t.Error(err)
	}
}

func TestSchemaSumIsRight(t *testing.T) {
	t.Parallel()
	written, err := fs.ReadFile(millracesql.Schema(), "schema.sum")
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Split(migration.Sum(series(t)), "\n")
	got := strings.Split(string(written), "\n")
	for i := range max(len(want), len(got)) {
		if i >= len(got) || i >= len(want) || want[i] != got[i] {
			t.Fatalf("schema.sum differs from line %d on: a migration was edited, added or moved without `make migration name=...`; if two branches took one number, the later one renumbers", i+1)
		}
	}
}

func TestNewestBlockIsTheDefinitionFile(t *testing.T) {
	t.Parallel()
	recorded, err := migration.Recorded(series(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, definition := range definitions(t) {
		block, isRecorded := recorded[definition.Path]
		switch {
		case !isRecorded || block.IsDropped():
			t.Errorf("%s is in no migration; run make migration name=<what_changes>", definition.Path)
		case block.Text != definition.Text:
			t.Errorf("%s differs from its block in migration %06d; run make migration name=<what_changes>", definition.Path, block.Version)
		case block.Hash != migration.Hash(block.Text):
			t.Errorf("the block of %s in migration %06d was edited by hand", definition.Path, block.Version)
		}
		delete(recorded, definition.Path)
	}
	for path, block := range recorded {
		if !block.IsDropped() {
			t.Errorf("%s is in migration %06d but its file is gone; run make migration name=<what_changes>", path, block.Version)
		}
	}
}

func TestEveryMigrationLimitsItsWaitForLocks(t *testing.T) {
	t.Parallel()
	for _, pair := range series(t) {
		if strings.HasPrefix(pair.Name, "river_") {
			continue
		}
		for file, text := range map[string]string{pair.UpFile(): pair.Up, pair.DownFile(): pair.Down} {
			if !strings.Contains(text, "SET LOCAL lock_timeout") && !strings.HasPrefix(text, "-- millrace:no-transaction") {
				t.Errorf("%s does not begin with SET LOCAL lock_timeout = '5s'; a migration must not make sessions queue behind it", file)
			}
		}
	}
}
