package event

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/millrace-erp/millrace/internal/event/internal/db"
)

const (
	// sequencerBatch is how many events move to the feed in one transaction.
	sequencerBatch = 1000
	// Between two looks into an empty outbox lies the shortest pause at first, and up to
	// the longest when nothing comes.
	shortestPause = 25 * time.Millisecond
	longestPause  = 200 * time.Millisecond
	// standbyPause lies between two tries to take over from another sequencer, or to
	// reach a database that is away.
	standbyPause = time.Second
)

// Sequencer moves committed events from the outbox to the feed. Any number may run; the one
// whose session holds the advisory lock works, and when that session ends, however it ends,
// another one takes over.
type Sequencer struct {
	// URL names the database, without a pooler in between: the lock is the session's.
	URL string
	// Log receives changes of role and failures. Nothing is logged without it.
	Log *slog.Logger
}

// Run works until ctx ends. It outlives the database's absence.
func (s Sequencer) Run(ctx context.Context) {
	if s.Log == nil {
		s.Log = slog.New(slog.DiscardHandler)
	}
	for ctx.Err() == nil {
		if err := s.session(ctx); err != nil && ctx.Err() == nil {
			s.Log.WarnContext(ctx, "sequencer lost its session", "cause", err)
		}
		sleep(ctx, standbyPause/2+rand.N(standbyPause))
	}
}

// session works on one connection until it breaks or ctx ends.
func (s Sequencer) session(ctx context.Context) error {
	connection, err := pgx.Connect(ctx, s.URL)
	if err != nil {
		return err
	}
	defer func() {
		// The lock goes with the session; a clean end gives it to the next one at once.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = connection.Close(ctx)
	}()
	queries := db.New(connection)
	for {
		isLocked, err := queries.TryLockSequencer(ctx)
		if err != nil {
			return err
		}
		if isLocked {
			s.Log.InfoContext(ctx, "sequencer works")
			return advance(ctx, queries)
		}
		if !sleep(ctx, standbyPause) {
			return nil
		}
	}
}

// advance moves events as they come.
func advance(ctx context.Context, queries *db.Queries) error {
	pause := shortestPause
	for {
		moved, err := queries.AdvanceLog(ctx, sequencerBatch)
		if err != nil {
			return err
		}
		switch {
		case moved == sequencerBatch:
			pause = 0
		case moved > 0:
			pause = shortestPause
		default:
			pause = min(max(pause*2, shortestPause), longestPause)
		}
		if !sleep(ctx, pause) {
			return nil
		}
	}
}

// sleep says whether it slept to the end.
func sleep(ctx context.Context, pause time.Duration) bool {
	if pause == 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
