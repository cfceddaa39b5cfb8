package event_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/millrace-erp/millrace/internal/event"
	"github.com/millrace-erp/millrace/internal/httpapi"
	"github.com/millrace-erp/millrace/internal/httpapi/httpapitest"
	"github.com/millrace-erp/millrace/internal/testdb"
)

// The command under test: it counts up, and refuses what it is told to refuse.
const commandSQL = `
CREATE SCHEMA trial;
CREATE TABLE trial.effect (number text PRIMARY KEY, seen_at timestamptz NOT NULL DEFAULT clock_timestamp());
CREATE TABLE trial.gate (is_open boolean NOT NULL);
INSERT INTO trial.gate VALUES (false);
CREATE FUNCTION trial.do_thing(p_context jsonb, p_command jsonb) RETURNS event.answer LANGUAGE plpgsql AS $$
DECLARE
	v_answer event.answer := event.begin_request('do-thing', p_context, p_command);
BEGIN
	IF v_answer.is_replayed THEN
		RETURN v_answer;
	END IF;
	IF p_command ->> 'number' LIKE 'refuse%' AND NOT (SELECT is_open FROM trial.gate) THEN
		RAISE EXCEPTION 'the gate is shut' USING ERRCODE = 'MR201', DETAIL = '{"gate": "shut"}', HINT = 'Open it.';
	END IF;
	IF p_command ->> 'number' LIKE 'slow%' THEN
		PERFORM pg_sleep(1);
	END IF;
	INSERT INTO trial.effect (number) VALUES (p_command ->> 'number');
	RETURN event.finish_request(p_context, 201, jsonb_build_object('number', p_command ->> 'number'));
END $$`

type thing struct {
	Number httpapi.Code `json:"number"`
	Note   string       `json:"note,omitempty"`
}

type row struct {
	Status     int32
	Body       json.RawMessage
	IsReplayed bool
}

type testBundle struct {
	db  *testdb.DB
	url string
}

func setup(t *testing.T) *testBundle {
	t.Helper()
	db := testdb.New(t)
	if _, err := db.Pool.Exec(t.Context(), commandSQL); err != nil {
		t.Fatal(err)
	}
	// Every command takes a scope, this one too.
	if _, err := db.Pool.Exec(t.Context(), `CREATE OR REPLACE FUNCTION event.required_scope(p_operation text) RETURNS text
		LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$ SELECT 'inventory:write' $$`); err != nil {
		t.Fatal(err)
	}
	api := httpapi.New(httpapi.Options{Authenticator: httpapitest.Authenticator(), Refusals: event.NewRequests(db.Pool)})
	httpapi.Command[thing, thing](api, httpapi.CommandSpec{OperationID: "do-thing", Scope: "inventory:write", Path: "/v1/things", Tag: "Trial", Summary: "Do a thing"},
		func(ctx context.Context, requestContext, command json.RawMessage) (r row, err error) {
			err = db.Pool.QueryRow(ctx, `SELECT status, body, is_replayed FROM trial.do_thing($1, $2)`, requestContext, command).
				Scan(&r.Status, &r.Body, &r.IsReplayed)
			return r, err
		})
	server := httptest.NewServer(api)
	t.Cleanup(server.Close)
	return &testBundle{db: db, url: server.URL}
}

type answer struct {
	status   int
	replayed bool
	header   http.Header
	body     string
}

func (b *testBundle) post(t *testing.T, key, body string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.url+"/v1/things", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+httpapitest.Token())
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", key)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Error(err)
		return answer{}
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Error(err)
	}
	return answer{resp.StatusCode, resp.Header.Get("Idempotent-Replayed") == "true", resp.Header, string(text)}
}

func (b *testBundle) effects(t *testing.T) int {
	t.Helper()
	var n int
	if err := b.db.Pool.QueryRow(t.Context(), `SELECT count(*) FROM trial.effect`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestSameRequestTakesEffectOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	key := httpapitest.Key()
	first := b.post(t, key, `{"number": "1", "note": "x"}`)
	if first.status != 201 || first.replayed || first.body != `{"number": "1"}` {
		t.Fatalf("got %+v", first)
	}
	// The same document, written differently.
	second := b.post(t, `"`+strings.ToUpper(key)+`"`, `{"note":"\u0078","number":"1"}`)
	if second.status != 201 || !second.replayed || second.body != first.body {
		t.Errorf("got %+v", second)
	}
	other := b.post(t, key, `{"number": "2", "note": "x"}`)
	if other.status != 422 || !strings.Contains(other.body, "idempotency-key-reused") {
		t.Errorf("got %+v", other)
	}
	if n := b.effects(t); n != 1 {
		t.Errorf("%d effects", n)
	}
}

// TestRefusedRequestStaysRefused: the reason has gone by the time a late duplicate comes,
// and the client has been told that nothing was done.
func TestRefusedRequestStaysRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	key := httpapitest.Key()
	first := b.post(t, key, `{"number": "refuse-1"}`)
	if first.status != 409 || first.replayed || first.header.Get("Content-Type") != "application/problem+json" || !strings.Contains(first.body, `"gate": "shut"`) {
		t.Fatalf("got %+v", first)
	}
	if _, err := b.db.Pool.Exec(t.Context(), `UPDATE trial.gate SET is_open = true`); err != nil {
		t.Fatal(err)
	}
	second := b.post(t, key, `{"number": "refuse-1"}`)
	if second.status != 409 || !second.replayed || second.body != first.body || second.header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("got %+v", second)
	}
	if b.effects(t) != 0 {
		t.Error("a refused request took effect")
	}
	if fresh := b.post(t, httpapitest.Key(), `{"number": "refuse-1"}`); fresh.status != 201 {
		t.Errorf("got %+v", fresh)
	}
	// Under a new key the same number meets the table's own rule.
	again := b.post(t, httpapitest.Key(), `{"number": "refuse-1"}`)
	if again.status != 409 || !strings.Contains(again.body, "already-exists") || strings.Contains(again.body, "trial") {
		t.Errorf("got %+v", again)
	}
}

// TestSameRequestAtOnce: of twenty copies at the same time one takes effect; the others
// get its answer or are told to come back.
func TestSameRequestAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	key := httpapitest.Key()
	answers := make([]answer, 20)
	var posting sync.WaitGroup
	for i := range answers {
		posting.Go(func() { answers[i] = b.post(t, key, `{"number": "slow-1"}`) })
	}
	posting.Wait()
	fresh := 0
	for _, a := range answers {
		switch {
		case a.status == 201 && !a.replayed:
			fresh++
		case a.status == 201:
		case a.status == 409 && strings.Contains(a.body, "request-in-progress") && a.header.Get("Retry-After") == "1":
		default:
			t.Errorf("got %+v", a)
		}
	}
	if fresh != 1 || b.effects(t) != 1 {
		t.Errorf("%d fresh answers, %d effects", fresh, b.effects(t))
	}
	if last := b.post(t, key, `{"number": "slow-1"}`); last.status != 201 || !last.replayed {
		t.Errorf("got %+v", last)
	}
}

// TestClientHangsUp: a request whose client has gone runs to its end, and its answer waits.
func TestClientHangsUp(t *testing.T) {
	t.Parallel()
	b := setup(t)
	key := httpapitest.Key()
	ctx, hangUp := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, b.url+"/v1/things", strings.NewReader(`{"number": "slow-2"}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+httpapitest.Token())
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", key)
	done := make(chan error, 1)
	go func() {
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			err = fmt.Errorf("answered %d before the client hung up", resp.StatusCode)
			_ = resp.Body.Close()
		}
		done <- err
	}()
	// Seen from the side: a copy of the request that came first would do the work itself.
	for isAsleep := false; !isAsleep; {
		err := b.db.Pool.QueryRow(t.Context(), `SELECT EXISTS (
			SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep')`).Scan(&isAsleep)
		if err != nil {
			t.Fatal(err)
		}
		if !isAsleep && b.effects(t) == 1 {
			t.Fatal("the request ended before it was seen")
		}
	}
	if a := b.post(t, key, `{"number": "slow-2"}`); a.status != 409 {
		t.Errorf("got %+v while the first runs", a)
	}
	hangUp()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	for {
		a := b.post(t, key, `{"number": "slow-2"}`)
		if a.status == 409 {
			continue
		}
		if a.status != 201 || !a.replayed || b.effects(t) != 1 {
			t.Errorf("got %+v, %d effects", a, b.effects(t))
		}
		return
	}
}

// TestBrokenConnections: sessions that are cut off under load cost no request its single
// effect.
func TestBrokenConnections(t *testing.T) {
	t.Parallel()
	b := setup(t)
	stop := make(chan struct{})
	var cutting sync.WaitGroup
	cutting.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			_, err := b.db.Pool.Exec(context.Background(), `
				SELECT pg_terminate_backend(pid), pg_sleep(0.02) FROM pg_stat_activity
				WHERE datname = current_database() AND pid <> pg_backend_pid() ORDER BY random() LIMIT 1`)
			if err != nil {
				continue
			}
		}
	})
	var posting sync.WaitGroup
	const clients, each = 6, 20
	for c := range clients {
		posting.Go(func() {
			for i := range each {
				key, body := httpapitest.Key(), fmt.Sprintf(`{"number": "%d-%d"}`, c, i)
				for try := 0; ; try++ {
					a := b.post(t, key, body)
					if a.status == 201 {
						break
					}
					if (a.status != 503 && !strings.Contains(a.body, "request-in-progress")) || a.header.Get("Retry-After") == "" || try > 100 {
						t.Errorf("got %+v", a)
						return
					}
				}
			}
		})
	}
	posting.Wait()
	close(stop)
	cutting.Wait()
	if n := b.effects(t); n != clients*each {
		t.Errorf("%d effects of %d requests", n, clients*each)
	}
}
