package queue_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/millrace-erp/millrace/internal/pg"
	"github.com/millrace-erp/millrace/internal/queue"
	"github.com/millrace-erp/millrace/internal/testdb"
)

type weighArgs struct {
	LotID int64  `json:"lot_id,string"`
	Note  string `json:"note"`
}

func (weighArgs) Kind() string { return "queue_test_weigh" }

type weigher struct {
	river.WorkerDefaults[weighArgs]
	worked chan *river.Job[weighArgs]
	fail   bool
}

func (w *weigher) Work(_ context.Context, job *river.Job[weighArgs]) error {
	w.worked <- job
	if w.fail {
		return errors.New("the scale is broken")
	}
	return nil
}

func start(t *testing.T, db *testdb.DB, w *weigher) {
	t.Helper()
	jobs := queue.NewJobs()
	queue.Add(jobs, w)
	client, err := queue.NewClient(&pg.Primary{Pool: db.Pool}, jobs, queue.Options{MaxWorkers: 2})
	if err != nil {
		t.Fatal(err)
	}
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

// TestJobInsertedBySQL holds event.insert_job to River's contract: but for its times, the
// row is the one that River itself inserts, and it is worked.
func TestJobInsertedBySQL(t *testing.T) {
	t.Parallel()
	db := testdb.New(t)
	ctx := t.Context()

	jobs := queue.NewJobs()
	queue.Add(jobs, &weigher{})
	inserter, err := queue.NewClient(&pg.Primary{Pool: db.Pool}, jobs, queue.Options{})
	if err != nil {
		t.Fatal(err)
	}
	byRiver, err := inserter.Insert(ctx, weighArgs{LotID: 42, Note: "Grüße"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var id int64
	err = db.Pool.QueryRow(ctx, `SELECT event.insert_job('queue_test_weigh', '{"lot_id": "42", "note": "Grüße"}')`).Scan(&id)
	if err != nil {
		t.Fatal(err)
	}
	bySQL, err := inserter.JobGet(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := shape(t, bySQL), shape(t, byRiver.Job); got != want {
		t.Errorf("SQL inserts\n%s\nRiver inserts\n%s", got, want)
	}

	w := &weigher{worked: make(chan *river.Job[weighArgs], 2)}
	start(t, db, w)
	for range 2 {
		select {
		case job := <-w.worked:
			if job.Args != (weighArgs{LotID: 42, Note: "Grüße"}) {
				t.Errorf("worked %+v", job.Args)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("the job was not worked")
		}
	}
}

// shape is a job without what differs from row to row.
func shape(t *testing.T, job *rivertype.JobRow) string {
	t.Helper()
	c := *job
	var args any
	if err := json.Unmarshal(c.EncodedArgs, &args); err != nil {
		t.Fatal(err)
	}
	c.ID, c.EncodedArgs, c.CreatedAt, c.ScheduledAt = 0, nil, time.Time{}, time.Time{}
	b, err := json.Marshal(struct {
		Args any
		Row  rivertype.JobRow
	}{args, c})
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestJobOfAnAbortedTransaction: work that never happened causes no job.
func TestJobOfAnAbortedTransaction(t *testing.T) {
	t.Parallel()
	db := testdb.New(t)
	tx, err := db.Pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), `SELECT event.insert_job('queue_test_weigh', '{}')`); err != nil {
		t.Fatal(err)
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	var n int
	if err := db.Pool.QueryRow(t.Context(), `SELECT count(*) FROM river.river_job`).Scan(&n); err != nil || n != 0 {
		t.Errorf("%d jobs, %v", n, err)
	}
}

// TestFailedJobStays: a job that fails is tried again, not lost.
func TestFailedJobStays(t *testing.T) {
	t.Parallel()
	db := testdb.New(t)
	w := &weigher{worked: make(chan *river.Job[weighArgs], 8), fail: true}
	start(t, db, w)
	var id int64
	err := db.Pool.QueryRow(t.Context(), `SELECT event.insert_job('queue_test_weigh', '{"lot_id": "1", "note": ""}', 'document', 2)`).Scan(&id)
	if err != nil {
		t.Fatal(err)
	}
	<-w.worked
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		var state string
		var failures int
		err := db.Pool.QueryRow(t.Context(), `SELECT state::text, coalesce(cardinality(errors), 0) FROM river.river_job WHERE id = $1`, id).Scan(&state, &failures)
		if err != nil {
			t.Fatal(err)
		}
		if failures > 0 && state != "running" && state != "discarded" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("state %s with %d errors", state, failures)
		}
	}
}

type blockArgs struct{}

func (blockArgs) Kind() string { return "queue_test_block" }

// blocker keeps its place until it is let go.
type blocker struct {
	river.WorkerDefaults[blockArgs]
	let chan struct{}
}

func (w *blocker) Work(ctx context.Context, _ *river.Job[blockArgs]) error {
	select {
	case <-w.let:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// TestCostingNeverStarvesLabels: with a thousand jobs of costing waiting and all of its
// workers busy, every other queue still works, and costing has no more workers than its own.
func TestCostingNeverStarvesLabels(t *testing.T) {
	t.Parallel()
	db := testdb.New(t)
	w, block := &weigher{worked: make(chan *river.Job[weighArgs], 8)}, &blocker{let: make(chan struct{})}
	jobs := queue.NewJobs()
	queue.Add(jobs, w)
	queue.Add(jobs, block)
	if _, err := db.Pool.Exec(t.Context(), `SELECT event.insert_job('queue_test_block', '{}', 'costing', 3) FROM generate_series(1, 1000)`); err != nil {
		t.Fatal(err)
	}
	client, err := queue.NewClient(&pg.Primary{Pool: db.Pool}, jobs, queue.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Start(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := client.StopAndCancel(ctx); err != nil {
			t.Error(err)
		}
	}()
	count := func(state string) (n int) {
		t.Helper()
		if err := db.Pool.QueryRow(t.Context(), `SELECT count(*) FROM river.river_job WHERE kind = 'queue_test_block' AND state = $1::river.river_job_state`, state).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for deadline := time.Now().Add(20 * time.Second); count("running") < 2; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("costing does not run")
		}
	}
	for _, name := range queue.Queues {
		if name == queue.Costing {
			continue
		}
		if _, err := db.Pool.Exec(t.Context(), `SELECT event.insert_job('queue_test_weigh', '{"lot_id": "1", "note": ""}', $1, 4)`, name); err != nil {
			t.Fatal(err)
		}
		select {
		case job := <-w.worked:
			if job.Queue != name {
				t.Errorf("worked a job of %s", job.Queue)
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("a job of queue %s waits behind costing", name)
		}
	}
	if running, waiting := count("running"), count("available"); running != 2 || waiting != 998 {
		t.Errorf("%d jobs of costing run and %d wait, want 2 and 998", running, waiting)
	}
	close(block.let)
}

// TestStoppingGivesBack: what does not end in time when a worker is stopped is another
// worker's, at once and as if it had not been begun.
func TestStoppingGivesBack(t *testing.T) {
	t.Parallel()
	db := testdb.New(t)
	jobs := queue.NewJobs()
	queue.Add(jobs, &blocker{let: make(chan struct{})})
	client, err := queue.NewClient(&pg.Primary{Pool: db.Pool}, jobs, queue.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Start(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Pool.Exec(t.Context(), `SELECT event.insert_job('queue_test_block', '{}')`); err != nil {
		t.Fatal(err)
	}
	read := func() (state string, attempt, errors int) {
		t.Helper()
		err := db.Pool.QueryRow(t.Context(), `SELECT state::text, attempt, coalesce(cardinality(errors), 0) FROM river.river_job`).Scan(&state, &attempt, &errors)
		if err != nil {
			t.Fatal(err)
		}
		return state, attempt, errors
	}
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if state, _, _ := read(); state == "running" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the job does not run")
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := client.StopAndCancel(ctx); err != nil {
		t.Fatal(err)
	}
	if state, attempt, errors := read(); state != "available" || attempt != 0 || errors != 0 {
		t.Errorf("the job is %s, attempt %d, %d errors", state, attempt, errors)
	}
}
