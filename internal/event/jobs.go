package event

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/riverqueue/river"

	"github.com/millrace-erp/millrace/internal/event/internal/db"
	"github.com/millrace-erp/millrace/internal/pg"
	"github.com/millrace-erp/millrace/internal/queue"
	millracesql "github.com/millrace-erp/millrace/sql"
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

const (
	// oneCheckTimeout bounds one invariant, allChecksTimeout all of them.
	oneCheckTimeout  = 10 * time.Minute
	allChecksTimeout = 45 * time.Minute
	// keepRequestsDays is for how long a request sent again gets the answer of the first
	// time: tablets sleep in drawers.
	keepRequestsDays = 30
	// forgetAtOnce bounds one transaction.
	forgetAtOnce = 5000
)

// RegisterUpkeep adds what is done once a day: the invariants are checked, and old requests
// forgotten. What follows a chain, as sealing the audit does, belongs here as well.
func RegisterUpkeep(jobs *queue.Jobs, primary *pg.Primary) {
	queue.Add(jobs, &checker{primary: primary})
	jobs.Daily(queue.Upkeep, func() river.JobArgs { return runChecks{} })
	queue.Add(jobs, &forgetter{queries: db.New(primary)})
	jobs.Daily(queue.Upkeep, func() river.JobArgs { return forgetRequests{} })
}

// runChecks runs every invariant of sql/checks.
type runChecks struct{}

// Kind names the job in the database.
func (runChecks) Kind() string { return "event_run_checks" }

type checker struct {
	river.WorkerDefaults[runChecks]
	primary *pg.Primary
}

// Timeout of all checks.
func (*checker) Timeout(*river.Job[runChecks]) time.Duration { return allChecksTimeout }

// Work runs the checks one by one and keeps what they found. That one is broken is no
// failure of the job: it is told by event.list_findings and in the feed.
func (w *checker) Work(ctx context.Context, job *river.Job[runChecks]) error {
	checks, err := millracesql.Checks()
	if err != nil {
		return err
	}
	q := db.New(w.primary)
	names := make([]string, 0, len(checks))
	for i, check := range checks {
		names = append(names, check.Name)
		var failure *string
		found, err := pg.RunCheck(ctx, w.primary, check, oneCheckTimeout)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			text := err.Error()
			failure = &text
			slog.WarnContext(ctx, "an invariant cannot be checked", "check", check.Name, "cause", err)
		case found.Rows > 0:
			slog.ErrorContext(ctx, "an invariant is broken", "check", check.Name, "rows", found.Rows, "sample", string(found.Sample))
		}
		if err := q.RecordCheck(ctx, check.Name, found.Took.Seconds(), &found.Rows, found.Sample, failure); err != nil {
			return fmt.Errorf("record check %s: %w", check.Name, err)
		}
		if err := q.ReportProgress(ctx, job.ID, int32(job.Attempt), int32(100*i/len(checks))); err != nil {
			return err
		}
	}
	return q.ForgetChecks(ctx, names)
}

// forgetRequests takes away requests that nobody will send again.
type forgetRequests struct{}

// Kind names the job in the database.
func (forgetRequests) Kind() string { return "event_forget_requests" }

type forgetter struct {
	river.WorkerDefaults[forgetRequests]
	queries *db.Queries
}

// Timeout of one run; the next one goes on.
func (*forgetter) Timeout(*river.Job[forgetRequests]) time.Duration { return 10 * time.Minute }

// Work deletes them in many small transactions.
func (w *forgetter) Work(ctx context.Context, _ *river.Job[forgetRequests]) error {
	for {
		forgotten, err := w.queries.ForgetRequests(ctx, keepRequestsDays, forgetAtOnce)
		if err != nil || forgotten < forgetAtOnce {
			return err
		}
	}
}
