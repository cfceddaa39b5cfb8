package event_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/millrace-erp/millrace/internal/event"
	"github.com/millrace-erp/millrace/internal/pg"
	"github.com/millrace-erp/millrace/internal/testdb"
)

// TestConsumersTakeEffectOnce: the same reader runs several times over, fails in the middle
// and loses its sessions; every event has its effect once, in order.
func TestConsumersTakeEffectOnce(t *testing.T) {
	t.Parallel()
	db := testdb.New(t)
	ctx := t.Context()
	exec := func(sql string, args ...any) {
		t.Helper()
		if _, err := db.Pool.Exec(ctx, sql, args...); err != nil {
			t.Fatal(err)
		}
	}
	const events = 500
	exec(`CREATE TABLE public.effect (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, position bigint NOT NULL UNIQUE, n integer NOT NULL)`)
	exec(`SELECT event.publish('test.happened', g, jsonb_build_object('n', g)) FROM generate_series(1, $1) AS g`, events)
	exec(`SELECT event.ensure_consumer('late')`)
	exec(`SELECT event.ensure_consumer('effects', 0)`)
	exec(`SELECT event.advance_log(1000)`)
	exec(`SELECT event.ensure_consumer('effects')`) // keeps its position

	primary := &pg.Primary{Pool: db.Pool}
	failure := errors.New("made to fail")
	effect := func(ctx context.Context, tx pgx.Tx, items []event.Item) error {
		for _, item := range items {
			if _, err := tx.Exec(ctx, `INSERT INTO public.effect (position, n) VALUES ($1, ($2::jsonb ->> 'n')::integer)`, item.Position, string(item.Payload)); err != nil {
				return err
			}
			if rand.IntN(50) == 0 {
				return failure
			}
			if rand.IntN(100) == 0 {
				_, _ = tx.Exec(ctx, `SELECT pg_terminate_backend(pg_backend_pid())`) // its answer is the broken connection
			}
		}
		return nil
	}
	var running sync.WaitGroup
	for range 4 {
		running.Go(func() {
			for failures := 0; ; {
				read, err := event.Consume(ctx, primary, "effects", int32(1+rand.IntN(20)), effect)
				if err != nil {
					if failures++; failures > 1000 {
						t.Error(err)
						return
					}
					continue
				}
				if read == 0 {
					return
				}
			}
		})
	}
	running.Wait()
	var count, inOrder, position int
	err := db.Pool.QueryRow(ctx, `SELECT count(*), count(*) FILTER (WHERE e.follows), (SELECT position FROM event.consumer WHERE name = 'effects')
		FROM (SELECT position = n AND position > coalesce(lag(position) OVER (ORDER BY id), 0) AS follows FROM public.effect) AS e`).Scan(&count, &inOrder, &position)
	if err != nil || count != events || inOrder != events || position != events {
		t.Errorf("%d effects, %d in order, position %d, %v", count, inOrder, position, err)
	}
	if _, err := event.Consume(ctx, primary, "nobody", 1, effect); err == nil || !strings.Contains(err.Error(), "no reader nobody") {
		t.Errorf("got %v", err)
	}
	// A reader that was registered before the events were numbered begins with them.
	read, err := event.Consume(ctx, primary, "late", 1000, func(context.Context, pgx.Tx, []event.Item) error { return nil })
	if err != nil || read != events {
		t.Errorf("read %d, %v", read, err)
	}
}

// TestReadersAreWoken: a reader that has something to read gets one job, not one for every
// event, and none when it has read all; the doctor names who lags, and the status says how far.
func TestReadersAreWoken(t *testing.T) {
	t.Parallel()
	b := setupFeed(t, event.FeedOptions{})
	ctx := t.Context()
	b.exec(t, `UPDATE event.consumer SET job_kind = NULL`)
	b.exec(t, `SELECT event.ensure_consumer('test', NULL, 'test_read', '{"of": "test"}', 'outbound', 4)`)
	waiting := func() (jobs int) {
		t.Helper()
		if err := b.db.Pool.QueryRow(ctx, `SELECT count(*) FROM river.river_job
			WHERE kind = 'test_read' AND state = 'available' AND args = '{"of": "test"}' AND queue = 'outbound' AND priority = 4`).Scan(&jobs); err != nil {
			t.Fatal(err)
		}
		return jobs
	}
	for range 5 {
		b.publish(t, 10, "test.happened", `{}`)
		time.Sleep(150 * time.Millisecond)
	}
	await(t, b.db, 50)
	for deadline := time.Now().Add(20 * time.Second); waiting() == 0 && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond)
	}
	if n := waiting(); n != 1 {
		t.Errorf("%d jobs wait", n)
	}
	for what, want := range map[string]float64{`position{consumer="test"}`: 0, `lag_events{consumer="test"}`: 50, `lag_events{consumer="costing"}`: 50} {
		if got := b.metric(t, "millrace_consumer_"+what); got != want {
			t.Errorf("%s is %v, want %v", what, got, want)
		}
	}
	if lag := b.metric(t, `millrace_consumer_lag_seconds{consumer="test"}`); lag <= 0 || lag > 60 {
		t.Errorf("%v seconds behind", lag)
	}
	// While one runs, new events leave one more; a run that reads all leaves none.
	b.exec(t, `UPDATE river.river_job SET state = 'running' WHERE kind = 'test_read'`)
	b.publish(t, 1, "test.happened", `{}`)
	for deadline := time.Now().Add(20 * time.Second); waiting() == 0 && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond)
	}
	if n := waiting(); n != 1 {
		t.Errorf("%d jobs wait behind the one that runs", n)
	}
	b.exec(t, `DELETE FROM river.river_job WHERE kind = 'test_read'`)
	b.exec(t, `UPDATE event.consumer SET position = (SELECT position FROM event.log_head)`)
	b.exec(t, `SELECT event.wake_consumers()`)
	if n := waiting(); n != 0 {
		t.Errorf("%d jobs wait for nothing", n)
	}
	// Two days behind.
	b.exec(t, `INSERT INTO event.inbox (topic, subject_id, payload, ordinal, recorded_at)
		VALUES ('test.happened', 1, '{}', nextval('event.inbox_ordinal'), now() - interval '20 days')`)
	await(t, b.db, 52)
	findings, err := event.Findings(ctx, b.db.Pool)
	if err != nil {
		t.Fatal(err)
	}
	found := fmt.Sprint(findings)
	for _, sentence := range []string{"reader test of the feed is 1 events", "reader test of the feed keeps events"} {
		if !strings.Contains(found, sentence) {
			t.Errorf("no finding says that %s", sentence)
		}
	}
}
