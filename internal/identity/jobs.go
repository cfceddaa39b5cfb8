package identity

import (
	"context"
	"time"

	"github.com/riverqueue/river"

	"github.com/millrace-erp/millrace/internal/identity/internal/db"
	"github.com/millrace-erp/millrace/internal/pg"
	"github.com/millrace-erp/millrace/internal/queue"
)

// keepDays is for how long sessions that have ended are kept: who was logged in where.
const keepDays = 90

// RegisterJobs adds identity's jobs.
func RegisterJobs(jobs *queue.Jobs, primary *pg.Primary) {
	queue.Add(jobs, &pruner{queries: db.New(primary)})
	jobs.Every(time.Hour, func() river.JobArgs { return prune{} })
}

type prune struct{}

// Kind names the job.
func (prune) Kind() string { return "identity_prune" }

type pruner struct {
	river.WorkerDefaults[prune]

	queries *db.Queries
}

// Work takes away what has ended.
func (w *pruner) Work(ctx context.Context, _ *river.Job[prune]) error {
	_, err := w.queries.Prune(ctx, keepDays)
	return err
}
