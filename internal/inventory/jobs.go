package inventory

import (
	"context"
	"log/slog"
	"time"

	"github.com/riverqueue/river"

	"github.com/millrace-erp/millrace/internal/inventory/internal/db"
	"github.com/millrace-erp/millrace/internal/queue"
)

// RegisterJobs adds the jobs of the room.
func RegisterJobs(jobs *queue.Jobs, database db.DBTX) {
	queue.Add(jobs, &snapshotter{queries: db.New(database)})
}

// snapshot writes the balances at the end of the periods that were closed. SQL inserts it
// with every closing.
type snapshot struct{}

// Kind names the job in the database.
func (snapshot) Kind() string { return "inventory_snapshot" }

type snapshotter struct {
	river.WorkerDefaults[snapshot]
	queries *db.Queries
}

// Timeout of one run: the first snapshot reads the whole ledger.
func (*snapshotter) Timeout(*river.Job[snapshot]) time.Duration { return 25 * time.Minute }

// Work writes what is missing.
func (w *snapshotter) Work(ctx context.Context, _ *river.Job[snapshot]) error {
	written, err := w.queries.WriteSnapshots(ctx)
	if err != nil {
		return err
	}
	slog.InfoContext(ctx, "snapshots of periods written", "count", written)
	return nil
}
