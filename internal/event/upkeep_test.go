package event_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/millrace-erp/millrace/internal/event"
	"github.com/millrace-erp/millrace/internal/pg"
	"github.com/millrace-erp/millrace/internal/queue"
	"github.com/millrace-erp/millrace/internal/testdb"
	millracesql "github.com/millrace-erp/millrace/sql"
)

// runUpkeep runs a worker of the upkeep until all of today's is done.
func runUpkeep(t *testing.T, db *testdb.DB) {
	t.Helper()
	primary := &pg.Primary{Pool: db.As(t, testdb.WorkerRole)}
	jobs := queue.NewJobs()
	event.RegisterUpkeep(jobs, primary)
	client, err := queue.NewClient(primary, jobs, queue.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Start(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := client.Stop(ctx); err != nil {
			t.Error(err)
		}
	}()
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		var done int
		if err := db.Pool.QueryRow(t.Context(), `SELECT count(*) FROM river.river_job WHERE queue = 'upkeep' AND state = 'completed'`).Scan(&done); err != nil {
			t.Fatal(err)
		}
		if done == 2 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d jobs of the upkeep are done", done)
		}
	}
}

// tomorrow makes the upkeep due again.
func tomorrow(t *testing.T, db *testdb.DB) {
	t.Helper()
	if _, err := db.Pool.Exec(t.Context(), `DELETE FROM river.river_job WHERE queue = 'upkeep'`); err != nil {
		t.Fatal(err)
	}
}

// TestBrokenInvariantsAreTold: the worker runs every check once a day; what it finds stands
// in the findings and in the feed until it is mended.
func TestBrokenInvariantsAreTold(t *testing.T) {
	t.Parallel()
	db := testdb.New(t)
	checks, err := millracesql.Checks()
	if err != nil {
		t.Fatal(err)
	}
	told := func() (findings, topics string) {
		t.Helper()
		all, err := event.Findings(t.Context(), db.Pool)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range all {
			if strings.HasPrefix(f.Subject, "check") {
				findings += f.Severity + " " + f.Finding + "\n"
			}
		}
		if err := db.Pool.QueryRow(t.Context(), `SELECT coalesce(string_agg(topic, ' ' ORDER BY ordinal), '') FROM event.inbox WHERE topic LIKE 'check.%'`).Scan(&topics); err != nil {
			t.Fatal(err)
		}
		return findings, topics
	}
	exec := func(sql string) {
		t.Helper()
		if _, err := db.Pool.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}

	runUpkeep(t, db)
	var ran int
	if err := db.Pool.QueryRow(t.Context(), `SELECT count(*) FROM event.check_result WHERE failure IS NULL`).Scan(&ran); err != nil || ran != len(checks) {
		t.Errorf("%d of %d checks ran (%v)", ran, len(checks), err)
	}
	if findings, topics := told(); findings != "" || topics != "" {
		t.Errorf("all is well, and told is %q, %q", findings, topics)
	}

	exec(`UPDATE event.consumer SET position = 1 + (SELECT h.position FROM event.log_head AS h) WHERE name = 'costing'`)
	for range 2 {
		tomorrow(t, db)
		runUpkeep(t, db)
		findings, topics := told()
		if !strings.Contains(findings, "error 1 rows break the invariant event/consumer_is_not_ahead") || topics != "check.broken" {
			t.Errorf("told %q, %q", findings, topics)
		}
	}

	exec(`UPDATE event.consumer SET position = position - 1 WHERE name = 'costing'`)
	tomorrow(t, db)
	runUpkeep(t, db)
	if findings, topics := told(); findings != "" || topics != "check.broken check.mended" {
		t.Errorf("mended, and told is %q, %q", findings, topics)
	}

	exec(`SELECT event.record_check('inventory/slow', '1 s', NULL, NULL, 'it took too long')`)
	if findings, _ := told(); !strings.Contains(findings, "warning the invariant inventory/slow could not be checked") {
		t.Errorf("told %q", findings)
	}
	tomorrow(t, db)
	runUpkeep(t, db)
	if findings, _ := told(); findings != "" {
		t.Errorf("a check that is no more is told of: %q", findings)
	}
}

// TestOldRequestsAreForgotten, and younger ones are not.
func TestOldRequestsAreForgotten(t *testing.T) {
	t.Parallel()
	db := testdb.New(t)
	_, err := db.Pool.Exec(t.Context(), `
		INSERT INTO event.request (key, fingerprint, operation, status, actor, recorded_at)
		SELECT gen_random_uuid(), sha256('x'), 'do-thing', 201, 'tester', clock_timestamp() - make_interval(days => n)
		FROM generate_series(1, 59) AS n`)
	if err != nil {
		t.Fatal(err)
	}
	runUpkeep(t, db)
	var left, oldest int
	err = db.Pool.QueryRow(t.Context(), `SELECT count(*), max(extract(day FROM clock_timestamp() - recorded_at)) FROM event.request`).Scan(&left, &oldest)
	if err != nil || left != 29 || oldest != 29 {
		t.Errorf("%d requests are left, the oldest of %d days (%v)", left, oldest, err)
	}
}
