package costing_test

import (
	"context"
	"testing"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/millrace-erp/millrace/internal/costing"
	"github.com/millrace-erp/millrace/internal/pg"
	"github.com/millrace-erp/millrace/internal/queue"
	"github.com/millrace-erp/millrace/internal/testdb"
)

// TestCostingFollowsTheFeed: what comes to the feed wakes costing, in whichever process, while
// more is posted; in the end all is costed by few jobs, and none is left.
func TestCostingFollowsTheFeed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	i := b.items(t, "fifo", "moving_average", "fifo")
	post := func(times int) {
		for range times {
			b.receive(t, "ACME", i+"-M", "10", "KGM", "2.5")
			b.Post(t, "/v1/scrappings", m{"item": i + "-M", "from": "A", "quantity": "3", "reason": "BAD"}).Want(201)
		}
	}
	post(20)
	if _, err := b.DB.Pool.Exec(t.Context(), `SELECT event.advance_log(1000)`); err != nil {
		t.Fatal(err)
	}

	primary := &pg.Primary{Pool: b.DB.As(t, testdb.WorkerRole)}
	ran := make(chan int64, 1000)
	for range 2 { // two processes
		jobs := queue.NewJobs()
		costing.RegisterJobs(jobs, primary)
		client, err := queue.NewClient(primary, jobs, queue.Options{MaxWorkers: 4})
		if err != nil {
			t.Fatal(err)
		}
		events, cancel := client.Subscribe(river.EventKindJobCompleted, river.EventKindJobFailed)
		t.Cleanup(cancel)
		go func() {
			for event := range events {
				if event.Job.State != rivertype.JobStateCompleted {
					t.Errorf("job failed: %v", event.Job.Errors)
				}
				ran <- event.Job.ID
			}
		}()
		if err := client.Start(context.WithoutCancel(t.Context())); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			defer cancel()
			if err := client.Stop(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	post(20)
	if _, err := b.DB.Pool.Exec(t.Context(), `SELECT event.advance_log(1000)`); err != nil {
		t.Fatal(err)
	}

	open, costed := 1, 0
	for wait := 0; wait < 600 && (open > 0 || costed < 80); wait++ {
		time.Sleep(50 * time.Millisecond)
		if _, err := b.DB.Pool.Exec(t.Context(), `SELECT event.wake_consumers()`); err != nil {
			t.Fatal(err)
		}
		if err := b.DB.Pool.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM river.river_job WHERE kind = 'costing_advance' AND finalized_at IS NULL),
			(SELECT count(*) FROM costing.movement_cost)`).Scan(&open, &costed); err != nil {
			t.Fatal(err)
		}
	}
	if open != 0 || costed != 80 {
		t.Errorf("%d jobs left, %d movements costed", open, costed)
	}
	if len(ran) > 60 {
		t.Errorf("%d jobs ran for 80 movements", len(ran))
	}
	wants(t, b.item(t, i+"-M"), m{"quantity": "280", "value": "700"})
}
