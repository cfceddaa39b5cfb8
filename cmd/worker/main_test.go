package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/millrace-erp/millrace/internal/config"
	"github.com/millrace-erp/millrace/internal/httpapi/httpapitest"
	"github.com/millrace-erp/millrace/internal/testdb"
)

func configure(t *testing.T, url string) config.Worker {
	t.Helper()
	cfg, err := config.ReadWorker([]string{"MILLRACE_DATABASE_URL=" + url, "MILLRACE_ENCRYPTION_KEY=" + httpapitest.EncryptionKey, "MILLRACE_LOG_LEVEL=error"})
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// TestWorksAndStops: a worker moves events to the feed, runs its periodic jobs, and stops.
func TestWorksAndStops(t *testing.T) {
	t.Parallel()
	db := testdb.New(t)
	ctx, stop := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	go func() { stopped <- Run(ctx, configure(t, db.URLAs(testdb.WorkerRole))) }()

	if _, err := db.Pool.Exec(t.Context(), `SELECT event.publish('test.happened', 1, '{}')`); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		var moved, done int
		err := db.Pool.QueryRow(t.Context(), `
			SELECT (SELECT count(*) FROM event.log),
				(SELECT count(*) FROM river.river_job WHERE kind = 'event_ensure_partitions' AND state = 'completed')`).Scan(&moved, &done)
		if err != nil {
			t.Fatal(err)
		}
		if moved == 1 && done > 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d events moved, %d jobs done", moved, done)
		}
	}
	stop()
	select {
	case err := <-stopped:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(20 * time.Second):
		t.Error("does not stop")
	}
}

// TestRefusesALoginWithTooManyRights: as a superuser, or as the other server, it does not start.
func TestRefusesALoginWithTooManyRights(t *testing.T) {
	t.Parallel()
	db := testdb.New(t)
	both := configure(t, db.URLAs(testdb.WorkerRole))
	both.DirectDatabaseURL = configure(t, db.URL).DatabaseURL
	for _, c := range []struct {
		cfg  config.Worker
		want string
	}{
		{configure(t, db.URL), "is a superuser; run `dba roles` and let this server log in as millrace_worker"},
		{configure(t, db.URLAs(testdb.APIRole)), "is that of another program"},
		{both, "is a superuser"},
	} {
		err := Run(t.Context(), c.cfg)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %q", err, c.want)
		}
	}
}

// TestAWorkerThatIsRefusedSaysWhyAndFails: one sentence, and an exit code for the service manager.
func TestAWorkerThatIsRefusedSaysWhyAndFails(t *testing.T) {
	t.Parallel()
	p := startProcess(t, testdb.New(t).URL)
	err := p.Wait()
	if err == nil || !strings.Contains(p.out.String(), "worker: the database login") || strings.Count(p.out.String(), "\n") != 1 {
		t.Errorf("it ended by %v and said %q", err, p.out.String())
	}
}

func TestRefusesAnEmptyDatabase(t *testing.T) {
	t.Parallel()
	err := Run(t.Context(), configure(t, testdb.NewEmpty(t).URL))
	if err == nil || !strings.Contains(err.Error(), "migrate up") {
		t.Errorf("got %v", err)
	}
}

// TestTheWayToPostgresIsTLS: as the api's, and all of its sessions: the pool, the sequencer's, and the one by which it is present.
func TestTheWayToPostgresIsTLS(t *testing.T) {
	t.Parallel()
	secure := testdb.NewSecure(t)
	ctx, stop := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	go func() { stopped <- Run(ctx, configure(t, secure.URLAs(testdb.WorkerRole))) }()
	if _, err := secure.Pool.Exec(t.Context(), `SELECT event.publish('test.happened', 1, '{}')`); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		var isMoved bool
		if err := secure.Pool.QueryRow(t.Context(), `SELECT EXISTS (SELECT FROM event.log)`).Scan(&isMoved); err != nil {
			t.Fatal(err)
		}
		if isMoved {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("no event was moved")
		}
	}
	if clear, all := secure.InTheClear(t, testdb.WorkerRole); clear != 0 || all < 3 {
		t.Errorf("%d of %d sessions are not encrypted", clear, all)
	}
	stop()
	if err := <-stopped; err != nil {
		t.Error(err)
	}
	for url, why := range secure.Wrong(testdb.WorkerRole) {
		if err := Run(t.Context(), configure(t, url)); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("want %q, got %v", why, err)
		}
	}
}
