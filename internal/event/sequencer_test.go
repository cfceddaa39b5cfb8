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
		running.Go(func() { event.Sequencer{URL: db.URL}.Run(ctx) })
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
