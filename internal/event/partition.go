package event

import (
	"context"

	"github.com/millrace-erp/millrace/internal/event/internal/db"
)

// Partition is a part of the ledger, the audit or the feed.
type Partition = db.ListPartitionsRow

// Partitions lists all of them.
func Partitions(ctx context.Context, database db.DBTX) ([]Partition, error) {
	return db.New(database).ListPartitions(ctx)
}

// EnsurePartitions makes those of this month and the given number of months after it, and
// says how many were missing.
func EnsurePartitions(ctx context.Context, database db.DBTX, months int32) (int32, error) {
	return db.New(database).EnsurePartitions(ctx, months)
}
