package replica_test

import (
	"log/slog"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/millrace-erp/millrace/internal/migrate"
	"github.com/millrace-erp/millrace/internal/replica"
	"github.com/millrace-erp/millrace/internal/testdb"
	millracesql "github.com/millrace-erp/millrace/sql"
)

// TestFreshDatabasesAreEqual: what migrations write is the same in every database, to the moment, so a
// replica that was migrated by itself begins equal to its primary.
func TestFreshDatabasesAreEqual(t *testing.T) {
	t.Parallel()
	primary, other := testdb.New(t), testdb.NewEmpty(t)
	runner, err := migrate.Open(t.Context(), other.URL, millracesql.Schema(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer runner.Close()
	if err := runner.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	pool, err := pgxpool.New(t.Context(), other.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	if _, err := primary.Pool.Exec(t.Context(), millracesql.Replica("publication")); err != nil {
		t.Fatal(err)
	}
	pair := replica.Pair{Primary: primary.Pool, Replica: pool}
	comparison, err := pair.Compare(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if comparison.Tables < 60 || len(comparison.Differ) > 0 {
		t.Errorf("%d tables were compared, these differ: %v", comparison.Tables, comparison.Differ)
	}

	// A difference of one row is seen, and its trace in the audit.
	if _, err := pool.Exec(t.Context(), "INSERT INTO catalog.unit (code, name, scale) VALUES ('XX', 'other', 0)"); err != nil {
		t.Fatal(err)
	}
	comparison, err = pair.Compare(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"audit.entry", "catalog.unit"}; !slices.Equal(comparison.Differ, want) {
		t.Errorf("%v differ, want %v", comparison.Differ, want)
	}
}
