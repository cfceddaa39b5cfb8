package event_test

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/millrace-erp/millrace/internal/event"
	"github.com/millrace-erp/millrace/internal/httpapi"
	"github.com/millrace-erp/millrace/internal/httpapi/httpapitest"
	"github.com/millrace-erp/millrace/internal/pg"
	"github.com/millrace-erp/millrace/internal/queue"
	"github.com/millrace-erp/millrace/internal/testdb"
)

// insertJob makes a job in the given state, as if it had come there.
func insertJob(t *testing.T, db *testdb.DB, kind, args, state string) string {
	t.Helper()
	var id int64
	err := db.Pool.QueryRow(t.Context(), `
		WITH job AS (SELECT event.insert_job($1, $2, 'document') AS id) SELECT job.id FROM job`, kind, args).Scan(&id)
	if err != nil {
		t.Fatal(err)
	}
	if state != "available" {
		_, err = db.Pool.Exec(t.Context(), `
			UPDATE river.river_job SET state = $2::river.river_job_state, attempt = 25, attempted_at = clock_timestamp(),
				finalized_at = CASE WHEN $2 IN ('completed', 'discarded', 'cancelled') THEN clock_timestamp() END
			WHERE id = $1`, id, state)
		if err != nil {
			t.Fatal(err)
		}
	}
	return strconv.FormatInt(id, 10)
}

func fail(t *testing.T, db *testdb.DB, job, reason, trace string) {
	t.Helper()
	entry, err := json.Marshal(map[string]any{"at": time.Now(), "attempt": 1, "error": reason, "trace": trace})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Pool.Exec(t.Context(), `UPDATE river.river_job SET errors = array_append(errors, $2::jsonb) WHERE id = $1::bigint`, job, entry); err != nil {
		t.Fatal(err)
	}
}

// TestDeadJobsAreListedWithTheirReason, and tried again by the API, once however often it
// is asked.
func TestDeadJobsAreListedWithTheirReason(t *testing.T) {
	t.Parallel()
	api := httpapitest.New(t)
	insertJob(t, api.DB, "costing_advance", `{}`, "available")
	dead := insertJob(t, api.DB, "document_render", `{"kind": "invoice", "number": "INV-1"}`, "discarded")
	fail(t, api.DB, dead, "the font is missing", "")

	var page httpapi.Page[event.Job]
	api.Get(t, "/v1/jobs?state=discarded").Want(200).JSON(&page)
	if len(page.Items) != 1 {
		t.Fatalf("listed %+v", page.Items)
	}
	job := page.Items[0]
	if job.Number != dead || job.Reason == nil || *job.Reason != "the font is missing" || job.About["number"] != "INV-1" || job.About["kind"] != "invoice" {
		t.Errorf("listed %+v", job)
	}
	api.Get(t, "/v1/jobs?kind=costing_advance").Want(200).JSON(&page)
	if len(page.Items) != 1 || page.Items[0].State != "available" {
		t.Errorf("by kind: %+v", page.Items)
	}
	api.Get(t, "/v1/jobs?state=lost").Want(422)
	api.Get(t, "/v1/jobs/999").Want(404)
	api.Get(t, "/v1/jobs/x").Want(404)

	key := httpapitest.Key()
	body := map[string]string{"job": dead}
	api.PostKey(t, key, "/v1/job-retries", body).Want(200).JSON(&job)
	if job.State != "available" || job.MaxAttempts != 26 {
		t.Errorf("retried: %+v", job)
	}
	if again := api.PostKey(t, key, "/v1/job-retries", body).Want(200); !again.Replayed {
		t.Error("the second request was not a replay")
	}
	api.Post(t, "/v1/job-retries", body).Problem("job-not-retryable", 409)
	api.Post(t, "/v1/job-retries", map[string]string{"job": "4711"}).Problem("unknown-job", 422)

	api.Post(t, "/v1/job-cancellations", body).Want(200).JSON(&job)
	if job.State != "cancelled" || job.EndedAt == nil {
		t.Errorf("cancelled: %+v", job)
	}
	api.Post(t, "/v1/job-cancellations", body).Problem("job-has-ended", 409)
	api.Post(t, "/v1/job-cancellations", map[string]string{"job": "-1"}).Problem("unknown-job", 422)
}

// TestJobsPageByPage: every job is on one page.
func TestJobsPageByPage(t *testing.T) {
	t.Parallel()
	api := httpapitest.New(t)
	for range 5 {
		insertJob(t, api.DB, "document_render", `{}`, "available")
	}
	seen := map[string]bool{}
	for path := "/v1/jobs?limit=2"; path != ""; {
		var page httpapi.Page[event.Job]
		api.Get(t, path).Want(200).JSON(&page)
		for _, job := range page.Items {
			seen[job.Number] = true
		}
		path = ""
		if page.Next != nil {
			path = "/v1/jobs?limit=2&after=" + *page.Next
		}
	}
	if len(seen) != 5 {
		t.Errorf("saw %v", seen)
	}
}

// TestJobsTellNoSecrets: neither arguments nor errors carry them to operators.
func TestJobsTellNoSecrets(t *testing.T) {
	t.Parallel()
	api := httpapitest.New(t)
	const secret = "hunter2hunter2"
	for _, reason := range []string{
		"connect to postgres://erp:" + secret + "@db/erp: refused",
		"GET https://carrier.example/label?key=" + secret + ": 500",
		"Authorization: Bearer " + secret,
		`{"api_key":"` + secret + `"}`,
		"password=" + secret + " is wrong",
		"the server said: basic " + secret,
		"Token : '" + secret + "'",
	} {
		job := insertJob(t, api.DB, "queue_test", `{"token": "`+secret+`", "number": ["`+secret+`"], "body": "`+secret+`"}`, "discarded")
		fail(t, api.DB, job, reason, "")
		answer := api.Get(t, "/v1/jobs/"+job).Want(200)
		if strings.Contains(string(answer.Body), secret) {
			t.Errorf("%s: told as %s", reason, answer.Body)
		}
	}
	job := insertJob(t, api.DB, "queue_test", `{}`, "discarded")
	fail(t, api.DB, job, "runtime error: "+secret, "goroutine 1 "+secret)
	if answer := api.Get(t, "/v1/jobs/"+job).Want(200); strings.Contains(string(answer.Body), secret) {
		t.Errorf("a panic is told as %s", answer.Body)
	}
	job = insertJob(t, api.DB, "queue_test", `{}`, "discarded")
	fail(t, api.DB, job, "read document invoice INV-2026-000001: no such token: at line 3", "")
	var document event.Job
	api.Get(t, "/v1/jobs/"+job).Want(200).JSON(&document)
	if document.Reason == nil || !strings.Contains(*document.Reason, "INV-2026-000001") {
		t.Errorf("what is no secret is told as %v", document.Reason)
	}
}

// TestRetryAndCancelAreRivers holds both to what River itself does.
func TestRetryAndCancelAreRivers(t *testing.T) {
	t.Parallel()
	api := httpapitest.New(t)
	client, err := queue.NewClient(&pg.Primary{Pool: api.DB.As(t, testdb.WorkerRole)}, queue.NewJobs(), queue.Options{})
	if err != nil {
		t.Fatal(err)
	}
	row := func(job string) string {
		t.Helper()
		id, _ := strconv.ParseInt(job, 10, 64)
		r, err := client.JobGet(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		_, isMarked := marks(t, r)
		finalized := r.FinalizedAt != nil
		return strings.Join([]string{string(r.State), strconv.Itoa(r.Attempt), strconv.Itoa(r.MaxAttempts), strconv.FormatBool(finalized), strconv.FormatBool(isMarked)}, " ")
	}
	for _, state := range []string{"discarded", "cancelled", "retryable", "scheduled"} {
		ours, theirs := insertJob(t, api.DB, "queue_test", `{}`, state), insertJob(t, api.DB, "queue_test", `{}`, state)
		for _, job := range []string{ours, theirs} {
			if _, err := api.DB.Pool.Exec(t.Context(), `UPDATE river.river_job SET metadata = '{"cancel_attempted_at": "2026-01-01"}' WHERE id = $1::bigint`, job); err != nil {
				t.Fatal(err)
			}
		}
		api.Post(t, "/v1/job-retries", map[string]string{"job": ours}).Want(200)
		id, _ := strconv.ParseInt(theirs, 10, 64)
		if _, err := client.JobRetry(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		if got, want := row(ours), row(theirs); got != want {
			t.Errorf("retry of a %s job: ours is %s, River's %s", state, got, want)
		}
	}
	for _, state := range []string{"available", "retryable", "scheduled", "running"} {
		ours, theirs := insertJob(t, api.DB, "queue_test", `{}`, state), insertJob(t, api.DB, "queue_test", `{}`, state)
		api.Post(t, "/v1/job-cancellations", map[string]string{"job": ours}).Want(200)
		id, _ := strconv.ParseInt(theirs, 10, 64)
		if _, err := client.JobCancel(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		if got, want := row(ours), row(theirs); got != want {
			t.Errorf("cancelling a %s job: ours is %s, River's %s", state, got, want)
		}
	}
}

func marks(t *testing.T, r *rivertype.JobRow) (any, bool) {
	t.Helper()
	var metadata map[string]any
	if err := json.Unmarshal(r.Metadata, &metadata); err != nil {
		t.Fatal(err)
	}
	mark, ok := metadata["cancel_attempted_at"]
	return mark, ok
}

type waitArgs struct{}

func (waitArgs) Kind() string { return "event_test_wait" }

// waiter works until it is told to stop, or let go.
type waiter struct {
	river.WorkerDefaults[waitArgs]
	began chan string
	let   chan struct{}
}

func (w *waiter) Work(ctx context.Context, job *river.Job[waitArgs]) error {
	w.began <- job.AttemptedBy[len(job.AttemptedBy)-1]
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-w.let:
		return nil
	}
}

func startWaiter(t *testing.T, db *testdb.DB, name string) (*waiter, *river.Client[pgx.Tx]) {
	t.Helper()
	w := &waiter{began: make(chan string, 8), let: make(chan struct{})}
	jobs := queue.NewJobs()
	queue.Add(jobs, w)
	client, err := queue.NewClient(&pg.Primary{Pool: db.As(t, testdb.WorkerRole)}, jobs, queue.Options{Name: name, MaxWorkers: 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Start(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := client.StopAndCancel(ctx); err != nil {
			t.Error(err)
		}
	})
	return w, client
}

// awaitState polls the state of a job until it is the one wanted.
func awaitState(t *testing.T, db *testdb.DB, job, want string) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		var state string
		if err := db.Pool.QueryRow(t.Context(), `SELECT state::text FROM river.river_job WHERE id = $1::bigint`, job).Scan(&state); err != nil {
			t.Fatal(err)
		}
		if state == want {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("job is %s, not %s", state, want)
		}
	}
}

// TestARunningJobIsCancelled by the API, although nobody listens for notifications.
func TestARunningJobIsCancelled(t *testing.T) {
	t.Parallel()
	api := httpapitest.New(t)
	w, _ := startWaiter(t, api.DB, "")
	job := insertJob(t, api.DB, "event_test_wait", `{}`, "available")
	if _, err := api.DB.Pool.Exec(t.Context(), `SELECT event.report_progress($1::bigint, 1, 40)`, job); err != nil {
		t.Fatal(err)
	}
	<-w.began
	if _, err := api.DB.Pool.Exec(t.Context(), `SELECT event.report_progress($1::bigint, 1, 42), event.report_progress($1::bigint, 2, 43)`, job); err != nil {
		t.Fatal(err)
	}
	var document event.Job
	api.Get(t, "/v1/jobs/"+job).Want(200).JSON(&document)
	if document.Progress == nil || *document.Progress != 42 {
		t.Errorf("progress %v, want 42: only the running attempt reports", document.Progress)
	}
	api.Post(t, "/v1/job-cancellations", map[string]string{"job": job}).Want(200).JSON(&document)
	if document.State == "running" && !document.IsCancelling {
		t.Errorf("cancelling: %+v", document)
	}
	awaitState(t, api.DB, job, "cancelled")
}

// TestJobsOfADeadWorkerAreGivenBack within seconds, and those of a living one are not.
func TestJobsOfADeadWorkerAreGivenBack(t *testing.T) {
	t.Parallel()
	db := testdb.New(t)
	living, dead := event.NewWorkerName(), event.NewWorkerName()
	ctx, leave := context.WithCancel(t.Context())
	wait, err := event.Presence{URL: db.URLAs(testdb.WorkerRole), Worker: living}.Start(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer wait()
	defer leave()

	run := func(worker string, attempt int, metadata string) string {
		t.Helper()
		job := insertJob(t, db, "event_test_wait", `{}`, "available")
		_, err := db.Pool.Exec(t.Context(), `
			UPDATE river.river_job SET state = 'running', attempt = $2, attempted_at = clock_timestamp(), attempted_by = ARRAY['first', $3], metadata = $4
			WHERE id = $1::bigint`, job, attempt, worker, metadata)
		if err != nil {
			t.Fatal(err)
		}
		return job
	}
	ofTheLiving, ofOthers := run(living, 1, `{}`), run("somebody-else", 1, `{}`)
	ofTheDead, isDeadly, isCancelling := run(dead, 25, `{}`), run(dead, 1, `{"crashes": 99}`), run(dead, 1, `{"cancel_attempted_at": "2026-01-01"}`)
	awaitState(t, db, ofTheDead, "available")
	awaitState(t, db, isDeadly, "discarded")
	awaitState(t, db, isCancelling, "cancelled")
	for _, job := range []string{ofTheLiving, ofOthers} {
		awaitState(t, db, job, "running")
	}
	var reason string
	var attempt int
	err = db.Pool.QueryRow(t.Context(), `SELECT errors[1] ->> 'error', attempt FROM river.river_job WHERE id = $1::bigint`, ofTheDead).Scan(&reason, &attempt)
	if err != nil || !strings.Contains(reason, "worker ended") || attempt != 24 {
		t.Errorf("reason %q, attempt %d, %v", reason, attempt, err)
	}

	// A session that breaks under a worker that lives costs it nothing.
	if _, err := db.Pool.Exec(t.Context(), `
		SELECT pg_terminate_backend(l.pid) FROM pg_locks AS l
		WHERE l.locktype = 'advisory' AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
			AND ((l.classid::bigint << 32) | l.objid::bigint) = hashtextextended($1, 905)`, living); err != nil {
		t.Fatal(err)
	}
	second := run(dead, 1, `{}`)
	awaitState(t, db, second, "available") // it is there again, and gives back
	awaitState(t, db, ofTheLiving, "running")
}
