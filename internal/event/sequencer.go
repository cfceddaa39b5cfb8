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
	// sequencerBatch is how many events move to the feed in one transaction, and
	// backlogBatch how many after a full one: each batch reads the whole outbox.
	sequencerBatch = 10_000
	backlogBatch   = 250_000
	// Between two looks into an empty outbox lies the short pause as long as something
	// came of late, and the long one in the quiet. A look costs some 0.1 ms and writes
	// nothing.
	shortPause = 20 * time.Millisecond
	longPause  = 40 * time.Millisecond
	ofLate     = 5 * time.Second
	// vacuumEvery is how many events are moved until the room they left is made free: a look
	// passes over it, and autovacuum comes once a minute at best.
	vacuumEvery = 2000
	// After a full batch, a look or a vacuum, this many times as long is rested: whoever posts
	// goes before whoever catches up.
	backlogRest, lookRest, vacuumRest = 2, 3, 50
	// wakePause lies between two rounds of jobs for the readers, which fetch no faster.
	wakePause = 100 * time.Millisecond
	// repairPause lies between two rounds in the quiet: a job that was lost comes again.
	repairPause = 10 * time.Second
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

// advance moves events as they come, and wakes the readers that have a job for it.
func advance(ctx context.Context, queries *db.Queries) error {
	limit := int32(sequencerBatch)
	// Whoever worked before us may have gone between the two.
	isDue := true
	// So is what a backlog has left: an outbox that is empty and large.
	isLarge, dead := true, 0
	var lastMoved, lastWoken, nextVacuum time.Time
	for {
		began := time.Now()
		moved, err := queries.AdvanceLog(ctx, limit)
		if err != nil {
			return err
		}
		now := time.Now()
		took := now.Sub(began)
		isFull := moved == limit
		limit = sequencerBatch
		if isFull {
			limit = backlogBatch
		}
		if moved > 0 {
			lastMoved, isDue = now, true
			dead += int(moved)
			isLarge = isLarge || isFull
		}
		switch {
		case isFull:
		case isLarge:
			err = queries.ShrinkInbox(ctx)
			isLarge, dead = false, 0
		case dead >= vacuumEvery && now.After(nextVacuum):
			err = queries.VacuumInbox(ctx)
			dead = 0
			// A long transaction somewhere keeps it from clearing anything.
			nextVacuum = time.Now().Add(vacuumRest * time.Since(now))
		}
		if err != nil {
			return err
		}
		if sinceWoken := now.Sub(lastWoken); (isDue && sinceWoken >= wakePause) || sinceWoken >= repairPause {
			if _, err := queries.WakeConsumers(ctx); err != nil {
				return err
			}
			lastWoken, isDue = now, false
		}
		var pause time.Duration
		switch {
		case isFull:
			pause = backlogRest * took
		case now.Sub(lastMoved) < ofLate:
			pause = max(shortPause, lookRest*took)
		default:
			pause = max(longPause, lookRest*took)
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
