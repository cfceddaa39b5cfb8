package costing

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/millrace-erp/millrace/internal/costing/internal/db"
	"github.com/millrace-erp/millrace/internal/pace"
	"github.com/millrace-erp/millrace/internal/pg"
	"github.com/millrace-erp/millrace/internal/queue"
)

const (
	// eventsAtOnce and movementsAtOnce bound one transaction each: a job that is killed
	// loses that much work and no more. Many movements at once cost half of what few do.
	eventsAtOnce    = 5000
	movementsAtOnce = 5000
	// pause is how long costing lets movements gather before it looks again.
	pause = time.Second
	// leastRate is how many movements a second costing does at least, however busy the others
	// are, as long as the machine lets it.
	leastRate = 3000
	// waitForOther is when a job looks again while another one is costing.
	waitForOther = time.Second
	// jobTimeout is for a long way to catch up; the next job goes on where this one ended.
	jobTimeout = 10 * time.Minute
)

// RegisterJobs adds the job that follows the feed.
func RegisterJobs(jobs *queue.Jobs, primary *pg.Primary) {
	queue.Add(jobs, &advancer{queries: db.New(primary)})
}

// Advance costs whatever the feed tells of. The sequencer inserts it when there is something and none waits.
type Advance struct{}

// Kind names the job in the database.
func (Advance) Kind() string { return "costing_advance" }

type advancer struct {
	river.WorkerDefaults[Advance]
	queries *db.Queries
	running sync.Mutex
	pace    pace.Throttle
}

// Timeout of one run.
func (*advancer) Timeout(*river.Job[Advance]) time.Duration { return jobTimeout }

// Work costs everything that was in the feed before it began. Each step is a transaction of its
// own that moves the cursor with its effect, so a run may end anywhere and begin again.
func (w *advancer) Work(ctx context.Context, job *river.Job[Advance]) error {
	if !w.running.TryLock() {
		return river.JobSnooze(waitForOther)
	}
	defer w.running.Unlock()

	client, err := river.ClientFromContextSafely[pgx.Tx](ctx)
	if err != nil {
		return fmt.Errorf("advance costing: %w", err)
	}
	// One run does the work of all jobs that wait: what they stand for was committed with them.
	if _, err := client.JobDeleteMany(ctx, river.NewJobDeleteManyParams().
		Kinds(job.Kind).
		States(rivertype.JobStateAvailable, rivertype.JobStateScheduled, rivertype.JobStateRetryable).
		First(1000)); err != nil {
		return fmt.Errorf("take the waiting jobs: %w", err)
	}
	costed, err := cost(ctx, w.queries, w.rest)
	if err != nil {
		return err
	}
	if costed > 0 {
		// As long as something comes this job stays, and costs once in a while what has gathered.
		return river.JobSnooze(pause)
	}
	return nil
}

// rest gives way to those who post, after a piece of work: however far costing is behind, most
// of the machine is theirs.
func (w *advancer) rest(ctx context.Context, took time.Duration, movements int) error {
	written, err := w.queries.CountWritten(ctx)
	if err != nil {
		return fmt.Errorf("see how much is posted: %w", err)
	}
	w.pace.Note(written, time.Now())
	select {
	case <-time.After(w.pace.Rest(took, movements, leastRate)):
	case <-ctx.Done():
	}
	return nil
}

// Queries is what CatchUp needs of the database.
type Queries interface {
	AdvanceLog(ctx context.Context, rowLimit int32) (int32, error)
	Advance(ctx context.Context, rowLimit int32) (int32, error)
}

// CatchUp numbers what was posted and costs it, until nothing is left.
func CatchUp(ctx context.Context, queries Queries) error {
	for {
		events, err := queries.AdvanceLog(ctx, eventsAtOnce)
		if err != nil {
			return fmt.Errorf("advance the feed: %w", err)
		}
		if events == 0 {
			break
		}
	}
	_, err := cost(ctx, queries, func(context.Context, time.Duration, int) error { return nil })
	return err
}

// cost values what the feed holds, until nothing is left, and rests after each transaction
// that did not find the end. It says how much it read.
func cost(ctx context.Context, queries Queries, rest func(context.Context, time.Duration, int) error) (int, error) {
	costed := 0
	for {
		began := time.Now()
		movements, err := queries.Advance(ctx, movementsAtOnce)
		if err != nil {
			return costed, fmt.Errorf("advance costing: %w", err)
		}
		costed += int(movements)
		if movements == 0 {
			return costed, nil
		}
		if movements >= movementsAtOnce/2 {
			if err := rest(ctx, time.Since(began), int(movements)); err != nil {
				return costed, err
			}
		}
	}
}
