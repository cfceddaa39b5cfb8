package event

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/millrace-erp/millrace/internal/event/internal/db"
	"github.com/millrace-erp/millrace/internal/pace"
)

const (
	// sequencerBatch is how many events a look moves to the feed at most. To take them the
	// whole outbox is read; when there were as many as that there may be very many, and
	// listedAtOnce of them are listed, so that it need not be read for every batch. They move
	// in small batches while somebody posts: the log of a large one, written at its commit,
	// makes every other commit wait.
	sequencerBatch = 4000
	smallBatch     = 1000
	quietBatch     = 50_000
	listedAtOnce   = 1_000_000
	// largeInbox is an outbox, in bytes, of which who takes over does not read all to find out
	// that it is behind.
	largeInbox = 16 << 20
	// Between two looks into an empty outbox lies the short pause as long as something
	// came of late, and the long one in the quiet. A look costs some 0.1 ms and writes
	// nothing; to number an event among many takes a tenth of what one alone takes, so
	// when manyEvents come in a second the pause is longer.
	shortPause = 20 * time.Millisecond
	longPause  = 40 * time.Millisecond
	busyPause  = 50 * time.Millisecond
	manyEvents = 400
	ofLate     = 5 * time.Second
	// vacuumEvery is how many events are moved until the room they left is made free: a look
	// passes over it, and autovacuum comes once a minute at best.
	vacuumEvery = 2000
	// After a look or a vacuum this many times as long is rested.
	lookRest, vacuumRest = 3, 50
	// catchUpRate is how many events the sequencer numbers, when it is behind, for each one
	// that comes meanwhile: it gives way to those who post, and yet comes to an end.
	catchUpRate = 1.5
	// notePause lies between two looks, when it is not behind, at how many post.
	notePause = time.Second
	// restPause lies between two looks, while it rests, at how many they are.
	restPause = 250 * time.Millisecond
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
	s := sequencing{queries: queries, isDue: true}
	// What a backlog has left is an outbox that is empty and large; whoever worked before us
	// may have gone with the readers not woken.
	isLarge, dead := true, 0
	var nextVacuum, lastLook time.Time
	size, err := queries.GetInboxSize(ctx)
	if err == nil && size >= largeInbox {
		err = s.catchUp(ctx, 0)
	}
	if err != nil {
		return err
	}
	for {
		began := time.Now()
		moved, err := queries.AdvanceLog(ctx, sequencerBatch)
		if err != nil {
			return err
		}
		now := time.Now()
		took := now.Sub(began)
		if now.Sub(s.lastNoted) >= notePause {
			if err := s.note(ctx); err != nil {
				return err
			}
		}
		if moved > 0 {
			s.lastMoved, s.isDue = now, true
			dead += int(moved)
		}
		switch {
		case moved == sequencerBatch:
			isLarge = true
			if err := s.catchUp(ctx, took); err != nil {
				return err
			}
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
		if err := s.wake(ctx); err != nil {
			return err
		}
		if moved == sequencerBatch {
			continue // while we caught up more has come
		}
		pause := longPause
		switch {
		case float64(moved) > manyEvents*began.Sub(lastLook).Seconds():
			pause = busyPause
		case now.Sub(s.lastMoved) < ofLate:
			pause = shortPause
		}
		lastLook = began
		if !sleep(ctx, max(pause, lookRest*took)) {
			return nil
		}
	}
}

// sequencing is what the working sequencer remembers.
type sequencing struct {
	queries                         *db.Queries
	throttle                        pace.Throttle
	lastMoved, lastWoken, lastNoted time.Time
	isDue                           bool // readers must be woken
}

// catchUp moves what waits by now, after a full batch that took so long, and gives way to
// those who post meanwhile.
func (s *sequencing) catchUp(ctx context.Context, took time.Duration) error {
	// Who takes over does not know yet how many post.
	for err := s.note(ctx); !s.throttle.IsKnown(); err = s.note(ctx) {
		if err != nil || !sleep(ctx, restPause) {
			return err
		}
	}
	for done := sequencerBatch; ; {
		if err := s.rest(ctx, took, done); err != nil {
			return err
		}
		began := time.Now()
		list, err := s.queries.ListWaiting(ctx, listedAtOnce)
		if err != nil || list.Waiting == 0 {
			return err
		}
		waiting, isMore := int(list.Waiting), list.Waiting == listedAtOnce
		batch, places := "", strings.Trim(list.Places, "{}")
		listed := time.Since(began) / time.Duration(waiting) // each of them carries its share
		for waiting > 0 {
			began = time.Now()
			done = min(s.throttle.AtOnce(smallBatch, quietBatch), waiting)
			batch, places = cutPlaces(places, done)
			waiting -= done
			if _, err := s.queries.NumberEvents(ctx, "{"+batch+"}", list.Newest); err != nil {
				return err
			}
			s.lastMoved, s.isDue = time.Now(), true
			took = s.lastMoved.Sub(began) + listed*time.Duration(done)
			if err := s.wake(ctx); err != nil {
				return err
			}
			if waiting > 0 {
				if err := s.rest(ctx, took, done); err != nil {
					return err
				}
			}
		}
		if !isMore {
			return nil
		}
	}
}

// cutPlaces takes the first n off places as Postgres writes an array of them, "(0,1)","(0,2)",
// but for its braces.
func cutPlaces(places string, n int) (first, rest string) {
	end := -len(`,`)
	for range n {
		end += len(`,`)
		end += strings.IndexByte(places[end:], ')') + len(`)"`)
	}
	return places[:end], strings.TrimPrefix(places[end:], ",")
}

// note looks how many post.
func (s *sequencing) note(ctx context.Context) error {
	written, err := s.queries.CountWritten(ctx)
	if err == nil {
		s.lastNoted = time.Now()
		s.throttle.Note(written, s.lastNoted)
	}
	return err
}

// rest gives way to those who post, after a piece of work, as long as they do.
func (s *sequencing) rest(ctx context.Context, took time.Duration, done int) error {
	for began := time.Now(); ; {
		if err := s.note(ctx); err != nil {
			return err
		}
		left := s.throttle.Rest(took, done, catchUpRate*s.throttle.Rate()) - time.Since(began)
		if left <= 0 || !sleep(ctx, min(left, restPause)) {
			return ctx.Err()
		}
	}
}

// wake inserts the jobs of readers that have something to read, not too often.
func (s *sequencing) wake(ctx context.Context) error {
	now := time.Now()
	if since := now.Sub(s.lastWoken); (!s.isDue || since < wakePause) && since < repairPause {
		return nil
	}
	if _, err := s.queries.WakeConsumers(ctx); err != nil {
		return err
	}
	s.lastWoken, s.isDue = now, false
	return nil
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
