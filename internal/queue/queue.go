// Package queue sets up River: jobs are rows that SQL inserts in the transaction which
// causes them (event.insert_job), and workers of the rooms' jobs.go work them afterwards,
// each at least once.
package queue

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"github.com/millrace-erp/millrace/internal/pg"
)

// Schema is where River's tables are.
const Schema = "river"

// Queues. A job that waits for the outside world, or computes for long, has a queue of its
// own with workers of its own, so that it never keeps the short ones waiting: a thousand
// movements to be costed do not keep a label from being printed.
const (
	// Default is for short work in the database.
	Default = river.QueueDefault
	// Costing is for the valuation of movements.
	Costing = "costing"
	// Document is for rendering: delivery notes, invoices, labels.
	Document = "document"
	// Printing is for label printers: a dead one keeps nobody else waiting.
	Printing = "printing"
	// Outbound is for calls to the outside: carriers, mail, webhooks.
	Outbound = "outbound"
	// Export is for spreadsheets: each reads for as long as it is long.
	Export = "export"
	// Audit is for sealing, which nothing may delay.
	Audit = "audit"
	// Upkeep is for what runs by the clock and may take long: checks and retention.
	Upkeep = "upkeep"
)

const (
	// pollInterval bounds how long a job lies before it is seen: SQL inserts without a
	// NOTIFY, which would serialise commits.
	pollInterval  = 100 * time.Millisecond
	fetchCooldown = 50 * time.Millisecond
	// jobTimeout is for jobs that do not name one of their own.
	jobTimeout = time.Minute
	// rescueAfter must be longer than any job may run. It is for workers that do not show
	// that they live; the others' jobs are given back within seconds (event.Presence).
	rescueAfter = time.Hour
)

// How long jobs that have ended are kept. What was given up stays until somebody must have
// seen it.
const (
	keepCompleted = 24 * time.Hour
	keepCancelled = 7 * 24 * time.Hour
	keepDiscarded = 90 * 24 * time.Hour
)

// limits are how many jobs of each queue a worker runs at once at most, whatever it is
// configured to. Costing has one that works and one that finds so; exports hold a snapshot
// of the database each.
var limits = map[string]int{Default: 16, Costing: 2, Document: 16, Printing: 8, Outbound: 16, Export: 2, Audit: 1, Upkeep: 1}

// Queues are all queues that are worked.
var Queues = slices.Sorted(maps.Keys(limits))

// workers is how many jobs of a queue run at once.
func workers(queue string, maxWorkers int) int { return min(limits[queue], maxWorkers) }

// Connections is how many connections to the database a worker may need at once, so that no
// queue waits for another one's.
func Connections(maxWorkers int) int {
	const (
		others    = 4 // River's own, and reports of progress
		perExport = 2 // one reads while the other one writes
	)
	n := others + workers(Export, maxWorkers)*(perExport-1)
	for _, queue := range Queues {
		n += workers(queue, maxWorkers)
	}
	return n
}

// Jobs is what the rooms register: who works which kind, and what runs by the clock.
type Jobs struct {
	kinds    []string
	workers  *river.Workers
	periodic []*river.PeriodicJob
}

// NewJobs is empty.
func NewJobs() *Jobs { return &Jobs{workers: river.NewWorkers()} }

// Add registers the worker of a kind of job.
func Add[T river.JobArgs](jobs *Jobs, worker river.Worker[T]) {
	river.AddWorker(jobs.workers, worker)
	var args T
	jobs.kinds = append(jobs.kinds, args.Kind())
}

// Kinds are the kinds of job that have a worker.
func (j *Jobs) Kinds() []string { return j.kinds }

// Daily registers a job that runs once in a day of UTC, whenever workers start.
func (j *Jobs) Daily(queue string, args func() river.JobArgs) {
	const day = 24 * time.Hour
	j.periodic = append(j.periodic, river.NewPeriodicJob(
		river.PeriodicInterval(time.Hour),
		func() (river.JobArgs, *river.InsertOpts) {
			return args(), &river.InsertOpts{Queue: queue, UniqueOpts: river.UniqueOpts{ByArgs: true, ByPeriod: day}}
		},
		&river.PeriodicJobOpts{RunOnStart: true},
	))
}

// Every registers a job that is inserted by the clock, and once at every start.
func (j *Jobs) Every(interval time.Duration, args func() river.JobArgs) {
	j.periodic = append(j.periodic, river.NewPeriodicJob(
		river.PeriodicInterval(interval),
		func() (river.JobArgs, *river.InsertOpts) {
			return args(), &river.InsertOpts{UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: []rivertype.JobState{
				rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable, rivertype.JobStateRunning, rivertype.JobStateScheduled,
			}}}
		},
		&river.PeriodicJobOpts{RunOnStart: true},
	))
}

// Options of a client.
type Options struct {
	// Name of the worker, under which it takes jobs; River makes one up without it.
	Name string
	// MaxWorkers is how many jobs of one queue run at once; 8 unless said otherwise. Queues
	// whose jobs are heavy run fewer.
	MaxWorkers int
	// Log receives failures. Nothing is logged without it.
	Log *slog.Logger
}

// NewClient works the given jobs on the given database.
func NewClient(primary *pg.Primary, jobs *Jobs, options Options) (*river.Client[pgx.Tx], error) {
	if options.MaxWorkers == 0 {
		options.MaxWorkers = 8
	}
	if options.Log == nil {
		options.Log = slog.New(slog.DiscardHandler)
	}
	queues := map[string]river.QueueConfig{}
	for _, name := range Queues {
		queues[name] = river.QueueConfig{MaxWorkers: workers(name, options.MaxWorkers)}
	}
	client, err := river.NewClient(riverpgxv5.New(primary.Pool), &river.Config{
		ID:                          options.Name,
		Schema:                      Schema,
		Queues:                      queues,
		Workers:                     jobs.workers,
		PeriodicJobs:                jobs.periodic,
		FetchPollInterval:           pollInterval,
		FetchCooldown:               fetchCooldown,
		PollOnly:                    true,
		JobTimeout:                  jobTimeout,
		RescueStuckJobsAfter:        rescueAfter,
		CompletedJobRetentionPeriod: keepCompleted,
		CancelledJobRetentionPeriod: keepCancelled,
		DiscardedJobRetentionPeriod: keepDiscarded,
		ErrorHandler:                errorHandler{options.Log},
		Logger:                      options.Log,
	})
	if err != nil {
		return nil, fmt.Errorf("set up the queue: %w", err)
	}
	return client, nil
}

// errorHandler tells the log of every failed attempt; River tries again by its own plan.
type errorHandler struct{ log *slog.Logger }

// HandleError logs a failure.
func (h errorHandler) HandleError(ctx context.Context, job *rivertype.JobRow, err error) *river.ErrorHandlerResult {
	h.log.LogAttrs(ctx, slog.LevelError, "job failed", append(describe(job), slog.Any("cause", err))...)
	return nil
}

// HandlePanic logs a panic.
func (h errorHandler) HandlePanic(ctx context.Context, job *rivertype.JobRow, value any, trace string) *river.ErrorHandlerResult {
	h.log.LogAttrs(ctx, slog.LevelError, "job panicked", append(describe(job), slog.String("panic", fmt.Sprint(value)), slog.String("stack", trace))...)
	return nil
}

func describe(job *rivertype.JobRow) []slog.Attr {
	return []slog.Attr{
		slog.Int64("job", job.ID), slog.String("kind", job.Kind), slog.String("queue", job.Queue),
		slog.Int("attempt", job.Attempt), slog.Int("max_attempts", job.MaxAttempts),
	}
}
