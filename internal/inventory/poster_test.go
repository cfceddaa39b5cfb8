package inventory

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/millrace-erp/millrace/internal/httpapi"
	"github.com/millrace-erp/millrace/internal/pg"
	"github.com/millrace-erp/millrace/internal/problem"
	"github.com/millrace-erp/millrace/internal/testdb"
)

//go:embed testdata/plant.sql
var plant string

// The balance is locked, so batches hang and the queue fills: what does not fit is told to come back, what is over its
// deadline is left out, and nothing of either is done. When the lock is gone everything else is posted.
func TestFullQueue(t *testing.T) {
	t.Parallel()
	database := testdb.New(t)
	for _, sql := range []string{plant, `SELECT inventory.post_opening_stock('{"key": "018f0000-0000-7000-8000-000000000001", "actor": "t"}', '{"item": "BOLT", "to": "A", "quantity": "1000"}')`} {
		if _, err := database.Pool.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	tx, err := database.Pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(context.Background())
	if _, err := tx.Exec(t.Context(), `SELECT FROM inventory.balance FOR UPDATE`); err != nil {
		t.Fatal(err)
	}

	p := NewPoster(&pg.Primary{Pool: database.As(t, testdb.APIRole)})
	p.longest = 20
	transfer := p.post("transfer-stock")
	call := func(ctx context.Context, n int) (httpapi.Answer, error) {
		return transfer(ctx, httpapi.Request{Key: fmt.Sprintf("018f0000-0000-7000-8000-1%011d", n), Actor: "t", Scopes: []string{"inventory:write"}},
			json.RawMessage(`{"item": "BOLT", "from": "A", "to": "B", "quantity": "1"}`))
	}
	waiting := func() int {
		p.mu.Lock()
		defer p.mu.Unlock()
		return len(p.waiting)
	}
	var wait sync.WaitGroup
	posted := make(chan int, 100)
	for n := range posters {
		// The first goes at once, alone; the next one when the first takes too long.
		time.Sleep(time.Duration(n) * 2 * patience)
		wait.Go(func() {
			if answer, err := call(t.Context(), n); err != nil || answer.Status != 201 {
				t.Errorf("%d %v", answer.Status, err)
			}
			posted <- n
		})
		for begun := time.Now(); time.Since(begun) < 10*time.Second; time.Sleep(time.Millisecond) {
			p.mu.Lock()
			running := p.running
			p.mu.Unlock()
			if running == n+1 && waiting() == 0 {
				break
			}
		}
	}
	for n := range 5 {
		wait.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			if _, err := call(ctx, 100+n); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("over its deadline: %v", err)
			}
		})
	}
	for n := range 15 {
		wait.Go(func() {
			if answer, err := call(t.Context(), 200+n); err != nil || answer.Status != 201 {
				t.Errorf("%d %v", answer.Status, err)
			}
			posted <- n
		})
	}
	for waiting() < 20 {
		time.Sleep(time.Millisecond)
	}
	for n := range 10 {
		_, err := call(t.Context(), 300+n)
		if told := problem.From(err); told.Status != 503 || !told.Retryable {
			t.Errorf("a full queue answers %d %v", told.Status, err)
		}
	}
	time.Sleep(100 * time.Millisecond)
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	wait.Wait()

	var movements, requests int
	if err := database.Pool.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM inventory.movement), (SELECT count(*) FROM event.request)`).Scan(&movements, &requests); err != nil {
		t.Fatal(err)
	}
	if want := 1 + len(posted); movements != want || requests != want || len(posted) != posters+15 {
		t.Errorf("%d movements, %d requests, %d posted", movements, requests, len(posted))
	}
	// Told to come back, and back: it goes through.
	if answer, err := call(t.Context(), 300); err != nil || answer.Status != 201 || answer.IsReplayed {
		t.Errorf("back again: %d %v", answer.Status, err)
	}
}

// One key is sent with a transfer while a command that goes by its own call runs under it, holds the key and wants the balance that the
// batch has: the transfer is told that its request is still running, the rest of its batch is posted, and nobody waits in a circle.
func TestKeyOfAnotherCommandUnderWay(t *testing.T) {
	t.Parallel()
	database := testdb.New(t)
	for _, sql := range []string{
		plant,
		`SELECT inventory.post_opening_stock('{"key": "018f0000-0000-7000-8000-000000000001", "actor": "t"}', '{"item": "BOLT", "to": "A", "quantity": "1000000"}')`,
	} {
		if _, err := database.Pool.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	p := NewPoster(&pg.Primary{Pool: database.As(t, testdb.APIRole)})
	batch := func(keys ...string) []*posting {
		all := make([]*posting, len(keys))
		for i, key := range keys {
			all[i] = &posting{ctx: t.Context(), request: Request{
				Request:   httpapi.Request{Key: key, Actor: "t", Scopes: []string{"inventory:write"}},
				Operation: "transfer-stock", Command: json.RawMessage(`{"item": "BOLT", "from": "A", "to": "B", "quantity": "1"}`),
			}}
		}
		return all
	}
	key := func(n int) string { return fmt.Sprintf("018f0000-0000-7000-8000-3%011d", n) }

	tx, err := database.Pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(context.WithoutCancel(t.Context()))
	context3 := fmt.Sprintf(`{"key": %q, "actor": "t"}`, key(3))
	if _, err := tx.Exec(t.Context(), `SELECT event.begin_request('count-stock', $1, '{}')`, context3); err != nil {
		t.Fatal(err)
	}
	held := batch(key(1), key(2), key(3), key(4))
	if err := p.call(held); err != nil {
		t.Fatal(err)
	}
	for i, c := range held {
		if i == 2 {
			if told := problem.From(c.err); c.err == nil || told.Code != "MR903" || !told.Retryable || string(told.Details) != fmt.Sprintf(`{"key":%q}`, key(3)) {
				t.Errorf("the key of a command under way: %v %v", c.answer, c.err)
			}
		} else if c.err != nil || c.answer.Status != 201 {
			t.Errorf("command %d: %v %v", i, c.answer, c.err)
		}
	}
	if _, err := tx.Exec(t.Context(), `SELECT inventory.lock_balances(ARRAY(SELECT ROW(b.item_id, b.location_id, b.lot_id)::inventory.balance_key FROM inventory.balance AS b))`); err != nil {
		t.Fatal(err)
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := p.call(held[2:3]); err != nil || held[2].err != nil || held[2].answer.Status != 201 {
		t.Errorf("sent again: %v %v", held[2].answer, err)
	}

	// The same in a crowd: each key with a transfer and with an opening of stock into the place it comes from, at once.
	var wait sync.WaitGroup
	var mu sync.Mutex
	fates := map[int][]string{}
	for n := 1000; n < 1200; n++ {
		tell := func(format string, args ...any) {
			mu.Lock()
			defer mu.Unlock()
			fates[n] = append(fates[n], fmt.Sprintf(format, args...))
		}
		wait.Go(func() {
			answer, err := p.Post(t.Context(), batch(key(n))[0].request)
			if err != nil {
				tell("transfer %s", problem.From(err).Code)
				return
			}
			tell("transfer %d", answer.Status)
		})
		wait.Go(func() {
			var status int
			err := database.Pool.QueryRow(t.Context(), `SELECT a.status FROM inventory.post_opening_stock($1, '{"item": "BOLT", "to": "A", "quantity": "1"}') AS a`,
				fmt.Sprintf(`{"key": %q, "actor": "t"}`, key(n))).Scan(&status)
			if err != nil {
				tell("opening %s", problem.From(err).Code)
				return
			}
			tell("opening %d", status)
		})
		if n%50 == 49 {
			wait.Wait()
		}
	}
	wait.Wait()
	for n, fate := range fates {
		slices.Sort(fate)
		switch strings.Join(fate, ", ") {
		case "opening 201, transfer MR903", "opening 201, transfer 422", "opening MR902, transfer 201", "opening MR903, transfer 201":
		default:
			t.Errorf("key %d: %v", n, fate)
		}
	}
	var deadlocks int
	if err := database.Pool.QueryRow(t.Context(), `SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()`).Scan(&deadlocks); err != nil {
		t.Fatal(err)
	}
	if deadlocks != 0 {
		t.Errorf("%d deadlocks", deadlocks)
	}
}

// Two processes get the same keys in different orders: their batches do not wait for each other in a circle.
func TestBatchesThatShareKeys(t *testing.T) {
	t.Parallel()
	database := testdb.New(t)
	if _, err := database.Pool.Exec(t.Context(), plant); err != nil {
		t.Fatal(err)
	}
	for round := range 15 {
		batch := func(isReversed bool) []*posting {
			all := make([]*posting, 200)
			for n := range all {
				at := n
				if isReversed {
					at = len(all) - 1 - n
				}
				all[at] = &posting{ctx: t.Context(), request: Request{
					Request:   httpapi.Request{Key: fmt.Sprintf("018f0000-0000-7000-8000-2%05d%06d", round, n), Actor: "t", Scopes: []string{"inventory:write"}},
					Operation: "transfer-stock", Command: json.RawMessage(`{"item": "NOTHING", "from": "A", "to": "B", "quantity": "1"}`),
				}}
			}
			return all
		}
		var wait sync.WaitGroup
		for _, isReversed := range []bool{false, true} {
			wait.Go(func() {
				all := batch(isReversed)
				if err := NewPoster(&pg.Primary{Pool: database.As(t, testdb.APIRole)}).call(all); err != nil {
					t.Error(err)
				}
				for _, c := range all {
					if c.err != nil && problem.From(c.err).Code != "MR903" {
						t.Error(c.err)
					}
				}
			})
		}
		wait.Wait()
	}
	var deadlocks int
	if err := database.Pool.QueryRow(t.Context(), `SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()`).Scan(&deadlocks); err != nil {
		t.Fatal(err)
	}
	if deadlocks != 0 {
		t.Errorf("%d deadlocks", deadlocks)
	}
}
