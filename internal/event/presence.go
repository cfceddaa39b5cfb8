package event

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/millrace-erp/millrace/internal/event/internal/db"
)

const (
	// rollCallPause lies between two looks for jobs whose worker is gone. They are given
	// back at the second look that finds them: a worker whose connection broke takes its
	// lock again before.
	rollCallPause = 2 * time.Second
	// maxHostLength keeps the names of workers within what River takes.
	maxHostLength = 40
)

// NewWorkerName is the name of a worker process, different for each. Presence looks after
// the jobs of workers with such names only.
func NewWorkerName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unnamed"
	}
	return fmt.Sprintf("millrace-worker-%.*s-%d-%s", maxHostLength, host, os.Getpid(), rand.Text()[:10])
}

// Presence shows that a worker lives, by a lock of its session, and gives the jobs of
// workers that are no more back to those that are: without it, what a worker was killed
// over would lie for as long as the longest job may run.
type Presence struct {
	// URL names the database, without a pooler in between: the lock is the session's.
	URL string
	// Worker is the name under which the worker takes its jobs.
	Worker string
	// Log receives what was given back, and failures. Nothing is logged without it.
	Log *slog.Logger
}

// Start takes the lock, which must be held before the first job is taken, and holds it
// until ctx ends. It outlives the database's absence.
func (p Presence) Start(ctx context.Context) (wait func(), err error) {
	if p.Log == nil {
		p.Log = slog.New(slog.DiscardHandler)
	}
	connection, err := p.show(ctx)
	if err != nil {
		return nil, fmt.Errorf("show that the worker lives: %w", err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			err := p.rollCall(ctx, connection)
			end(ctx, connection)
			if ctx.Err() != nil {
				return
			}
			p.Log.WarnContext(ctx, "presence lost its session", "cause", err)
			for connection, err = p.show(ctx); err != nil; connection, err = p.show(ctx) {
				if !sleep(ctx, standbyPause/4) {
					return
				}
			}
		}
	}()
	return func() { <-done }, nil
}

// show takes the lock on a connection of its own.
func (p Presence) show(ctx context.Context) (*pgx.Conn, error) {
	connection, err := pgx.Connect(ctx, p.URL)
	if err != nil {
		return nil, err
	}
	for {
		isLocked, err := db.New(connection).TryLockPresence(ctx, p.Worker)
		if err != nil {
			end(ctx, connection)
			return nil, err
		}
		if isLocked {
			return connection, nil
		}
		// A session of ours that broke is still there for the server.
		if !sleep(ctx, standbyPause/4) {
			end(ctx, connection)
			return nil, ctx.Err()
		}
	}
}

// rollCall gives back what dead workers hold, until the session breaks or ctx ends.
func (p Presence) rollCall(ctx context.Context, connection *pgx.Conn) error {
	queries := db.New(connection)
	suspects := map[db.ListOrphanedJobsRow]bool{}
	for sleep(ctx, rollCallPause) {
		orphans, err := queries.ListOrphanedJobs(ctx)
		if err != nil {
			return err
		}
		var jobs []int64
		var attempts []int32
		found := make(map[db.ListOrphanedJobsRow]bool, len(orphans))
		for _, orphan := range orphans {
			found[orphan] = true
			if suspects[orphan] {
				jobs, attempts = append(jobs, orphan.JobID), append(attempts, orphan.Attempt)
			}
		}
		suspects = found
		if len(jobs) == 0 {
			continue
		}
		givenBack, err := queries.GiveBackJobs(ctx, jobs, attempts)
		if err != nil {
			return err
		}
		p.Log.WarnContext(ctx, "jobs of a worker that is no more are given back", "count", givenBack)
	}
	return ctx.Err()
}

// end closes a session; its locks go with it.
func end(ctx context.Context, connection *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_ = connection.Close(ctx)
}
