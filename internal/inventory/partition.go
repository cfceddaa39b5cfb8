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
