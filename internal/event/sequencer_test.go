package event_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/millrace-erp/millrace/internal/event"
	"github.com/millrace-erp/millrace/internal/testdb"
)

// TestSequencerTakesOver: several sequencers number every event once and without a gap,
// and the feed goes on when the one that works goes away.
func TestSequencerTakesOver(t *testing.T) {
	t.Parallel()
	db := testdb.New(t)

	var stops []context.CancelFunc
	var running sync.WaitGroup
	for range 3 {
		ctx, stop := context.WithCancel(t.Context())
		stops = append(stops, stop)
		running.Go(func() { event.Sequencer{URL: db.URLAs(testdb.WorkerRole)}.Run(ctx) })
	}
	t.Cleanup(func() {
		for _, stop := range stops {
			stop()
		}
		running.Wait()
	})

	const posters, each = 8, 50
	publish := func() {
		var posting sync.WaitGroup
		for range posters {
			posting.Go(func() {
				for range each {
					if _, err := db.Pool.Exec(context.Background(), `SELECT event.publish('test.happened', 1, '{"n": 1}')`); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		posting.Wait()
	}
	publish()
	await(t, db, posters*each)

	// End the working session the hard way, as a crash of its host would.
	var killed int
	err := db.Pool.QueryRow(t.Context(), `
		SELECT count(pg_terminate_backend(l.pid)) FROM pg_locks AS l
		WHERE l.locktype = 'advisory' AND l.granted AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())`).Scan(&killed)
	if err != nil || killed != 1 {
		t.Fatalf("killed %d, %v", killed, err)
	}
	publish()
	await(t, db, 2*posters*each)
}

// TestABacklogIsNumberedInOrder: many events wait and more come, the sequencer is killed on the
// way and somebody else numbers beside it; each is numbered once, those of a writer in order.
func TestABacklogIsNumberedInOrder(t *testing.T) {
	t.Parallel()
	db := testdb.New(t)
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	t.Cleanup(func() {
		stop()
		running.Wait()
	})
	const backlog, writers, each = 32_000, 4, 200
	publish := func(writer, from, to int) {
		if _, err := db.Pool.Exec(ctx, `SELECT event.publish('test.happened', $1, jsonb_build_object('n', g)) FROM generate_series($2::integer, $3) AS g`, writer, from, to); err != nil {
			t.Error(err)
		}
	}
	publish(0, 1, backlog)
	for range 2 {
		running.Go(func() { event.Sequencer{URL: db.URLAs(testdb.WorkerRole)}.Run(ctx) })
	}
	var posting sync.WaitGroup
	for writer := 1; writer <= writers; writer++ {
		posting.Go(func() {
			for n := range each {
				publish(writer, n+1, n+1)
			}
		})
	}
	for range 5 {
		if _, err := db.Pool.Exec(ctx, `SELECT event.advance_log(700)`); err != nil {
			t.Error(err)
		}
		if _, err := db.Pool.Exec(ctx, `
			SELECT pg_terminate_backend(l.pid) FROM pg_locks AS l
			WHERE l.locktype = 'advisory' AND l.granted AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())`); err != nil {
			t.Error(err)
		}
		if _, err := db.Pool.Exec(ctx, `VACUUM event.inbox`); err != nil {
			t.Error(err)
		}
	}
	posting.Wait()
	await(t, db, backlog+writers*each)
	var inOrder, distinct int
	if err := db.Pool.QueryRow(ctx, `
		SELECT count(*) FILTER (WHERE e.n = e.place), count(DISTINCT (e.subject_id, e.n))
		FROM (SELECT subject_id, (payload ->> 'n')::integer AS n, row_number() OVER (PARTITION BY subject_id ORDER BY position) AS place FROM event.log) AS e`,
	).Scan(&inOrder, &distinct); err != nil {
		t.Fatal(err)
	}
	if want := backlog + writers*each; inOrder != want || distinct != want {
		t.Errorf("%d events in their order and %d of them once, want %d", inOrder, distinct, want)
	}
}

// await waits until the feed holds n events, without a gap.
func await(t *testing.T, db *testdb.DB, n int) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		var count, last int
		err := db.Pool.QueryRow(t.Context(), `SELECT count(DISTINCT position), coalesce(max(position), 0) FROM event.log`).Scan(&count, &last)
		if err != nil {
			t.Fatal(err)
		}
		if count != last {
			t.Fatalf("%d events up to position %d", count, last)
		}
		if count == n {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d events of %d", count, n)
		}
	}
}
