package inventory

import (
	"context"
	"time"

	"github.com/millrace-erp/millrace/internal/inventory/internal/db"
)

// DetachPartitions takes the partitions of the ledger that end before the instant out of
// it and names them. It refuses when anything in them is still needed.
func DetachPartitions(ctx context.Context, database db.DBTX, before time.Time) ([]string, error) {
	return db.New(database).DetachPartitions(ctx, before)
}

// LedgerNeed is a month of the ledger: whether it is older than the setting keeps, and who
// needs it all the same.
type LedgerNeed = db.ListLedgerNeedsRow

// LedgerNeeds lists the months of the ledger.
func LedgerNeeds(ctx context.Context, database db.DBTX) ([]LedgerNeed, error) {
	return db.New(database).ListLedgerNeeds(ctx)
}

// Retention is how many months before the running one stay in the ledger; 0: all.
func Retention(ctx context.Context, database db.DBTX) (int32, error) {
	return db.New(database).GetRetention(ctx)
}

// SetRetention says how many months before the running one stay in the ledger; 0: all. What
// is older is detached by a job as soon as nobody needs it.
func SetRetention(ctx context.Context, database db.DBTX, months int32) error {
	if months == 0 {
		return db.New(database).SetRetention(ctx, nil)
	}
	return db.New(database).SetRetention(ctx, &months)
}
