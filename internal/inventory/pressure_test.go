package inventory

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/millrace-erp/millrace/internal/httpapi"
	"github.com/millrace-erp/millrace/internal/inventory/internal/db"
	"github.com/millrace-erp/millrace/internal/pg"
	"github.com/millrace-erp/millrace/internal/testdb"
)

// anybody takes every token.
type anybody struct{}

func (anybody) Authenticate(context.Context, *http.Request, string) (httpapi.Principal, error) {
	return httpapi.Principal{Subject: "press", Scopes: []string{"inventory:write", "inventory:read"}}, nil
}

// press is a server over HTTP whose poster has little room, and stock that can be locked away from it.
type press struct {
	database *testdb.DB
	poster   *Poster
	server   *httptest.Server
}

func newPress(t *testing.T, room int, timeout time.Duration) *press {
	t.Helper()
	p := &press{database: testdb.New(t)}
	p.execute(t, plant)
	p.execute(t, `SELECT inventory.post_opening_stock('{"key": "018f0000-0000-7000-8000-000000000001", "actor": "t"}', '{"item": "BOLT", "to": "A", "quantity": "1000"}')`)
	primary, err := pg.OpenPrimary(t.Context(), p.database.URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(primary.Close)
	p.poster = NewPoster(primary)
	p.poster.longest = room
	api := httpapi.New(httpapi.Options{Authenticator: anybody{}, Timeout: timeout})
	registerTransfers(api, db.New(primary), p.poster)
	p.server = httptest.NewServer(api)
	t.Cleanup(p.server.Close)
	return p
}

func (p *press) execute(t *testing.T, sql string) {
	t.Helper()
	if _, err := p.database.Pool.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}

// lock keeps every batch waiting until it is undone.
func (p *press) lock(t *testing.T) (unlock func()) {
	t.Helper()
	tx, err := p.database.Pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), `SELECT FROM inventory.balance FOR UPDATE`); err != nil {
		t.Fatal(err)
	}
	return sync.OnceFunc(func() { _ = tx.Rollback(context.Background()) })
}

// transfer moves one piece; n is its key.
func (p *press) transfer(t *testing.T, n int) *http.Response {
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.server.URL+"/v1/transfers", strings.NewReader(`{"item": "BOLT", "from": "A", "to": "B", "quantity": "1"}`))
	if err != nil {
		t.Error(err)
		return &http.Response{}
	}
	request.Header.Set("Authorization", "Bearer any")
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Idempotency-Key", pressKey(n))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Error(err)
		return &http.Response{}
	}
	_ = response.Body.Close()
	return response
}

func pressKey(n int) string { return fmt.Sprintf("018f0000-0000-7000-8000-1%011d", n) }

// eventually waits for what must come.
func eventually(t *testing.T, what string, come func() bool) {
	t.Helper()
	for begun := time.Now(); !come(); time.Sleep(time.Millisecond) {
		if time.Since(begun) > 20*time.Second {
			t.Fatal(what)
		}
	}
}

// holds waits until so many batches are under way and so many commands wait behind them.
func (p *press) holds(t *testing.T, running, waiting int) {
	t.Helper()
	eventually(t, fmt.Sprintf("never %d batches and %d commands", running, waiting), func() bool {
		p.poster.mu.Lock()
		defer p.poster.mu.Unlock()
		return p.poster.running == running && len(p.poster.waiting) == waiting
	})
}

// done holds that exactly these keys, and the opening stock, had an effect.
func (p *press) done(t *testing.T, keys ...int) {
	t.Helper()
	want := map[string]bool{"018f0000-0000-7000-8000-000000000001": true}
	for _, n := range keys {
		want[pressKey(n)] = true
	}
	rows, err := p.database.Pool.Query(t.Context(), `SELECT key::text FROM event.request`)
	if err != nil {
		t.Fatal(err)
	}
	got, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range got {
		if !want[key] {
			t.Errorf("key %s had an effect", key)
		}
	}
	var movements int
	if err := p.database.Pool.QueryRow(t.Context(), `SELECT count(*) FROM inventory.movement`).Scan(&movements); err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want) || movements != len(want) {
		t.Errorf("%d requests and %d movements, want %d", len(got), movements, len(want))
	}
}

// isRefusedForNow holds that the client is told to come back.
func isRefusedForNow(t *testing.T, response *http.Response) {
	t.Helper()
	if response.StatusCode != http.StatusServiceUnavailable || response.Header.Get("Retry-After") == "" || response.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("%d %v", response.StatusCode, response.Header)
	}
}

// A queue that is full answers 503 with Retry-After, and nothing was done: the same key does it when it comes back.
func TestFullQueueOverHTTP(t *testing.T) {
	t.Parallel()
	const room = 3
	p := newPress(t, room, 0)
	unlock := p.lock(t)
	defer unlock()
	var all sync.WaitGroup
	var keys []int
	for n := range posters + room {
		keys = append(keys, n)
		if n < posters {
			time.Sleep(time.Duration(n) * 2 * patience) // a second batch goes when the first takes too long
		}
		all.Go(func() {
			if response := p.transfer(t, n); response.StatusCode != http.StatusCreated {
				t.Errorf("key %d: %d", n, response.StatusCode)
			}
		})
		p.holds(t, min(n+1, posters), max(0, n+1-posters))
	}
	for n := range 5 {
		isRefusedForNow(t, p.transfer(t, 100+n))
	}
	unlock()
	all.Wait()
	p.done(t, keys...)
	for n := range 5 {
		if response := p.transfer(t, 100+n); response.StatusCode != http.StatusCreated || response.Header.Get("Idempotent-Replayed") != "" {
			t.Errorf("back again: %d %v", response.StatusCode, response.Header)
		}
		keys = append(keys, 100+n)
	}
	p.done(t, keys...)
}

// Commands whose time is over, in a batch under way or waiting for one, are told so and are not done.
func TestDeadlineOverHTTP(t *testing.T) {
	t.Parallel()
	const commands = posters + 3
	p := newPress(t, 100, 500*time.Millisecond)
	unlock := p.lock(t)
	defer unlock()
	var all sync.WaitGroup
	for n := range commands {
		all.Go(func() { isRefusedForNow(t, p.transfer(t, n)) })
	}
	all.Wait()
	// What was sent is called off: no session works at it any more.
	eventually(t, "a batch that nobody waits for goes on", func() bool {
		var others int
		if err := p.database.Pool.QueryRow(t.Context(), `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`).Scan(&others); err != nil {
			t.Fatal(err)
		}
		return others == 0
	})
	unlock()
	p.done(t)
	var keys []int
	for n := range commands {
		if response := p.transfer(t, n); response.StatusCode != http.StatusCreated || response.Header.Get("Idempotent-Replayed") != "" {
			t.Errorf("back again: %d %v", response.StatusCode, response.Header)
		}
		keys = append(keys, n)
	}
	p.done(t, keys...)
}

// A client that leaves in the middle of its request has asked for nothing.
func TestClientThatLeavesInTheMiddle(t *testing.T) {
	t.Parallel()
	p := newPress(t, 100, 0)
	const body = `{"item": "BOLT", "from": "A", "to": "B", "quantity": "1"}`
	request := fmt.Sprintf("POST /v1/transfers HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nIdempotency-Key: %s\r\nContent-Length: %d\r\n\r\n%s", "any", pressKey(1), len(body), body)
	for _, length := range []int{1, len(request) / 2, len(request) - len(body), len(request) - len(body)/2, len(request) - 1} {
		connection, err := net.Dial("tcp", p.server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := connection.Write([]byte(request[:length])); err != nil {
			t.Fatal(err)
		}
		if err := connection.Close(); err != nil {
			t.Fatal(err)
		}
	}
	p.server.Close() // ends when all of them were served
	p.done(t)
}
