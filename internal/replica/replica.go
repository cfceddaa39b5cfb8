// Package replica sets the reporting replica up, waits for it, and proves that it holds what the primary
// holds.
package replica

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/millrace-erp/millrace/internal/replica/internal/db"
	millracesql "github.com/millrace-erp/millrace/sql"
)

// monthsAhead is how many months get their partitions when a replica is made, the running one aside.
const monthsAhead = 3

// Pair is a primary and its replica.
type Pair struct {
	Primary, Replica *pgxpool.Pool
}

// Connect joins a fresh primary and a fresh replica, both migrated and otherwise empty. conninfo is how
// the replica reaches the primary.
func (p Pair) Connect(ctx context.Context, conninfo string) error {
	// A row of a month that the replica lacks would end up in its default partition.
	for _, pool := range []*pgxpool.Pool{p.Replica, p.Primary} {
		if _, err := db.New(pool).EnsurePartitions(ctx, monthsAhead); err != nil {
			return fmt.Errorf("make partitions: %w", err)
		}
	}
	if _, err := p.Primary.Exec(ctx, millracesql.Replica("publication")); err != nil { //nolint:forbidigo // the text is in sql/replica
		return fmt.Errorf("publish: %w", err)
	}
	literal := "'" + strings.ReplaceAll(conninfo, "'", "''") + "'"
	subscription := strings.ReplaceAll(millracesql.Replica("subscription"), ":'primary'", literal)
	if _, err := p.Replica.Exec(ctx, subscription); err != nil { //nolint:forbidigo // the text is in sql/replica
		return fmt.Errorf("subscribe: %w", err)
	}
	return nil
}

// CatchUp waits until the replica has everything that is committed on the primary now, and says how long
// that took.
func (p Pair) CatchUp(ctx context.Context) (time.Duration, error) {
	began := time.Now()
	primary := db.New(p.Primary)
	position, err := primary.CurrentPosition(ctx)
	if err != nil {
		return 0, fmt.Errorf("read the primary's position: %w", err)
	}
	for {
		hasArrived, err := primary.HasReached(ctx, position)
		if err != nil {
			return 0, fmt.Errorf("read the replica's position: %w", err)
		}
		if hasArrived {
			return time.Since(began), nil
		}
		select {
		case <-ctx.Done():
			return 0, fmt.Errorf("the replica did not catch up: %w", ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Comparison is what Compare found.
type Comparison struct {
	Tables int      `json:"tables"`
	Rows   int64    `json:"rows"`
	Differ []string `json:"differ"` // tables whose contents are not the same
}

// Compare counts and hashes every published table on both sides. Nothing may write meanwhile, and the
// replica must have caught up.
func (p Pair) Compare(ctx context.Context) (Comparison, error) {
	result := Comparison{Differ: []string{}}
	tables, err := db.New(p.Primary).PublishedTables(ctx)
	if err != nil {
		return result, fmt.Errorf("list the published tables: %w", err)
	}
	for _, table := range tables {
		here, err := db.New(p.Primary).Digest(ctx, table)
		if err != nil {
			return result, fmt.Errorf("digest of %s on the primary: %w", table, err)
		}
		there, err := db.New(p.Replica).Digest(ctx, table)
		if err != nil {
			return result, fmt.Errorf("digest of %s on the replica: %w", table, err)
		}
		result.Tables++
		result.Rows += here.RowCount
		if here != there {
			result.Differ = append(result.Differ, table)
		}
	}
	return result, nil
}
