package event

import (
	"context"
	"log/slog"
	"time"

	"github.com/riverqueue/river"

	"github.com/millrace-erp/millrace/internal/event/internal/db"
	"github.com/millrace-erp/millrace/internal/queue"
)

// monthsAhead is how far in advance partitions are made.
const monthsAhead = 3

// RegisterJobs adds the schema's own upkeep.
func RegisterJobs(jobs *queue.Jobs, database db.DBTX) {
	queue.Add(jobs, &partitioner{queries: db.New(database)})
	jobs.Every(12*time.Hour, func() river.JobArgs { return ensurePartitions{} })
	queue.Add(jobs, &dropper{queries: db.New(database)})
	jobs.Every(time.Hour, func() river.JobArgs { return dropOldEvents{} })
	queue.Add(jobs, &webhookPruner{queries: db.New(database)})
	jobs.Every(24*time.Hour, func() river.JobArgs { return pruneWebhooks{} })
}

// ensurePartitions makes the partitions that the coming months need.
type ensurePartitions struct{}

// Kind names the job in the database.
func (ensurePartitions) Kind() string { return "event_ensure_partitions" }

type partitioner struct {
	river.WorkerDefaults[ensurePartitions]
	queries *db.Queries
}

// Work makes the partitions.
func (w *partitioner) Work(ctx context.Context, _ *river.Job[ensurePartitions]) error {
	created, err := w.queries.EnsurePartitions(ctx, monthsAhead)
	if err != nil {
		return err
	}
	if created > 0 {
		slog.InfoContext(ctx, "partitions made", "count", created)
	}
	return nil
}

// dropOldEvents takes away what the feed has kept long enough.
type dropOldEvents struct{}

// Kind names the job in the database.
func (dropOldEvents) Kind() string { return "event_drop_old_events" }

type dropper struct {
	river.WorkerDefaults[dropOldEvents]
	queries *db.Queries
}

// Work drops partition by partition, each in a transaction of its own.
func (w *dropper) Work(ctx context.Context, _ *river.Job[dropOldEvents]) error {
	for {
		droppedTo, err := w.queries.DropLogPartition(ctx)
		if err != nil || droppedTo == 0 {
			return err
		}
		slog.InfoContext(ctx, "old events dropped", "to", droppedTo)
	}
}

// pruneWebhooks forgets old attempts and expired secrets.
type pruneWebhooks struct{}

// Kind names the job in the database.
func (pruneWebhooks) Kind() string { return "event_prune_webhooks" }

type webhookPruner struct {
	river.WorkerDefaults[pruneWebhooks]
	queries *db.Queries
}

// Work forgets them, some at a time.
func (w *webhookPruner) Work(ctx context.Context, _ *river.Job[pruneWebhooks]) error {
	const some = 10000
	for {
		pruned, err := w.queries.PruneWebhooks(ctx, some)
		if err != nil || pruned < some {
			return err
		}
	}
}
