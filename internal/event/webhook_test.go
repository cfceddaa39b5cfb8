package event_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/millrace-erp/millrace/internal/event"
	"github.com/millrace-erp/millrace/internal/httpapi/httpapitest"
	"github.com/millrace-erp/millrace/internal/remote"
	"github.com/millrace-erp/millrace/internal/sealbox"
	"github.com/millrace-erp/millrace/internal/testdb"
)

type m = map[string]any

// here lets webhooks come to the receivers of the tests.
var here = remote.Public(netip.MustParsePrefix("127.0.0.0/8"))

// message is what a receiver got.
type message struct {
	id, signature, body string
	header              http.Header
	Type                string    `json:"type"`
	Timestamp           time.Time `json:"timestamp"`
	Position            int64     `json:"position"`
	Data                m         `json:"data"`
}

// receiver is an endpoint over TLS. answer, when it is set, says what it answers.
type receiver struct {
	*httptest.Server
	answer   func(w http.ResponseWriter, got message) // nil: 204
	mu       sync.Mutex
	messages []message
}

func receive(t *testing.T, answer func(w http.ResponseWriter, got message)) *receiver {
	t.Helper()
	r := &receiver{answer: answer}
	r.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		body, err := io.ReadAll(request.Body)
		if err != nil {
			t.Error(err)
		}
		got := message{id: request.Header.Get("webhook-id"), signature: request.Header.Get("webhook-signature"), body: string(body), header: request.Header}
		if err := json.Unmarshal(body, &got); err != nil {
			t.Errorf("%v in %s", err, body)
		}
		r.mu.Lock()
		r.messages = append(r.messages, got)
		r.mu.Unlock()
		if r.answer == nil {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		r.answer(w, got)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) got() []message {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]message(nil), r.messages...)
}

// roots trusts the receivers: httptest gives all of them the same certificate.
func roots(r *receiver) *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(r.Certificate())
	return pool
}

// deliver runs webhooks until the test ends.
func deliver(t *testing.T, api *httpapitest.API, webhooks event.Webhooks) {
	t.Helper()
	webhooks.Database = api.DB.Pool
	if webhooks.Box == nil {
		webhooks.Box = httpapitest.Box()
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	stopped := make(chan struct{})
	go func() { webhooks.Run(ctx); close(stopped) }()
	t.Cleanup(func() { stop(); <-stopped })
}

func execute(t *testing.T, api *httpapitest.API, sql string, values ...any) {
	t.Helper()
	if _, err := api.DB.Pool.Exec(context.Background(), sql, values...); err != nil {
		t.Fatal(err)
	}
}

func number(t *testing.T, api *httpapitest.API, sql string, values ...any) (n int64) {
	t.Helper()
	if err := api.DB.Pool.QueryRow(context.Background(), sql, values...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// publish writes events and numbers them.
func publish(t *testing.T, api *httpapitest.API, topic string, count int) {
	t.Helper()
	execute(t, api, `SELECT event.publish($1, n, jsonb_build_object('n', n)) FROM generate_series(1, $2) AS n`, topic, count)
	execute(t, api, `SELECT event.advance_log(1000000)`)
}

// until waits for what must come to be.
func until(t *testing.T, what string, isSo func() bool) {
	t.Helper()
	for deadline := time.Now().Add(60 * time.Second); !isSo(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("waited in vain: " + what)
		}
	}
}

func endpoint(t *testing.T, api *httpapitest.API, code, url string, topics ...string) (secret string) {
	t.Helper()
	secret = api.Post(t, "/v1/webhook-endpoints", m{"code": code, "url": url, "topics": topics}).Want(200).Text("secret")
	execute(t, api, `SELECT event.advance_log(1000000)`)
	return secret
}

// due ends every back-off.
func due(t *testing.T, api *httpapitest.API) {
	t.Helper()
	execute(t, api, `UPDATE event.webhook_delivery SET next_attempt_at = clock_timestamp() WHERE next_attempt_at > clock_timestamp()`)
}

// TestWebhooksAreSignedAndInOrder: every event of its topics comes once and in order, and
// the Standard Webhooks project's own library takes its signature.
func TestWebhooksAreSignedAndInOrder(t *testing.T) {
	t.Parallel()
	api := httpapitest.New(t)
	all, few := receive(t, nil), receive(t, nil)
	publish(t, api, "before.happened", 3) // not for endpoints that come later
	secret := endpoint(t, api, "ALL", all.URL+"/hook?tenant=1")
	endpoint(t, api, "FEW", few.URL, "invoice.*", "shipment.posted")
	deliver(t, api, event.Webhooks{Guard: here, RootCAs: roots(all)})
	publish(t, api, "invoice.issued", 20)
	publish(t, api, "movement.posted", 2500) // more than is read at once
	publish(t, api, "shipment.posted", 20)
	publish(t, api, "shipment.reversed", 5)

	head := number(t, api, `SELECT position FROM event.log_head`)
	until(t, "all events", func() bool {
		return number(t, api, `SELECT count(*) FROM event.consumer WHERE name LIKE 'webhook:%' AND position = (SELECT position FROM event.log_head)`) == 2
	})
	verifier, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	first := number(t, api, `SELECT max(position) FROM event.log WHERE topic = 'before.happened'`) + 1
	got := all.got()
	if int64(len(got)) != head-first+1 {
		t.Fatalf("%d messages of %d", len(got), head-first+1)
	}
	for i, g := range got {
		if g.Position != first+int64(i) || !strings.HasSuffix(g.id, "_"+strconv.FormatInt(g.Position, 10)) {
			t.Fatalf("message %d is %d (%s)", i, g.Position, g.id)
		}
		if err := verifier.Verify([]byte(g.body), g.header); err != nil {
			t.Fatal(err)
		}
		if err := verifier.Verify([]byte(strings.Replace(g.body, `"n"`, `"N"`, 1)+" "), g.header); err == nil {
			t.Fatal("a forged body passes")
		}
	}
	topics := map[string]int{}
	last := int64(0)
	for _, g := range few.got() {
		topics[g.Type]++
		if g.Position <= last {
			t.Errorf("%d after %d", g.Position, last)
		}
		last = g.Position
	}
	if fmt.Sprint(topics) != "map[invoice.issued:20 shipment.posted:20]" {
		t.Errorf("got %v", topics)
	}

	// A ping goes to the one that it is for, whatever its topics.
	api.Post(t, "/v1/webhook-pings", m{"endpoint": "FEW"}).Want(201)
	execute(t, api, `SELECT event.advance_log(1000)`)
	until(t, "the ping", func() bool { g := few.got(); return g[len(g)-1].Type == "webhook_endpoint.pinged" })
	// An endpoint has a message before its attempt is recorded.
	until(t, "the end", func() bool {
		return number(t, api, `SELECT count(*) FROM event.consumer WHERE name LIKE 'webhook:%' AND position = (SELECT position FROM event.log_head)`) == 2
	})
	for _, g := range all.got() {
		if g.Type == "webhook_endpoint.pinged" {
			t.Error("another's ping")
		}
	}
	until(t, "the record of the ping", func() bool {
		return number(t, api, `SELECT count(*) FROM event.webhook_attempt WHERE topic = 'webhook_endpoint.pinged'`) == 1
	})
	attempts := api.Get(t, "/v1/webhook-attempts?endpoint=FEW&limit=2").Want(200)
	if attempts.Len("items") != 2 || attempts.Text("items", 0, "topic") != "webhook_endpoint.pinged" || attempts.Value("items", 0, "status") != 204.0 {
		t.Errorf("%s", attempts.Body)
	}
	page := api.Get(t, "/v1/webhook-attempts?endpoint=FEW&limit=500&after="+attempts.Text("next")).Want(200)
	if page.Len("items") != 39 {
		t.Errorf("%d more attempts", page.Len("items"))
	}
}

// TestSecretIsToldOnce: a secret is in the answer that made it, and nowhere else that
// people, replicas or backups of logs read.
func TestSecretIsToldOnce(t *testing.T) {
	t.Parallel()
	api := httpapitest.New(t)
	key := httpapitest.Key()
	body := m{"code": "SHOP", "url": "https://shop.example/hook"}
	first := api.PostKey(t, key, "/v1/webhook-endpoints", body).Want(200)
	secret := first.Text("secret")
	if !strings.HasPrefix(secret, "whsec_") || len(secret) < 40 {
		t.Fatalf("secret %q", secret)
	}
	for name, answer := range map[string]*httpapitest.Answer{
		"replay":  api.PostKey(t, key, "/v1/webhook-endpoints", body).Want(200),
		"replace": api.Post(t, "/v1/webhook-endpoints", body).Want(200),
		"get":     api.Get(t, "/v1/webhook-endpoints/SHOP").Want(200),
		"list":    api.Get(t, "/v1/webhook-endpoints").Want(200),
	} {
		if strings.Contains(string(answer.Body), "whsec_") {
			t.Errorf("%s tells the secret: %s", name, answer.Body)
		}
	}
	rotated := api.Post(t, "/v1/webhook-secret-rotations", m{"endpoint": "SHOP"}).Want(201)
	second := rotated.Text("secret")
	if second == secret || rotated.Len("secrets") != 2 {
		t.Errorf("%s", rotated.Body)
	}
	execute(t, api, `SELECT event.advance_log(1000)`)
	for _, table := range []string{"event.request", "event.log", "event.inbox", "audit.entry", "event.webhook_endpoint", "event.webhook_secret", "event.webhook_delivery", "river.river_job"} {
		for _, s := range []string{secret, second} {
			raw := strings.TrimPrefix(s, "whsec_")
			hex := number(t, api, `SELECT count(*) FROM `+table+` AS t WHERE strpos(t::text, $1) > 0 OR strpos(t::text, encode(decode($1, 'base64'), 'hex')) > 0`, raw)
			if hex != 0 {
				t.Errorf("%s holds a secret", table)
			}
		}
	}
	if n := number(t, api, `SELECT count(*) FROM audit.entry WHERE table_name = 'webhook_endpoint'`); n == 0 {
		t.Error("the endpoint is not audited")
	}
	for _, address := range []string{"ftp://shop.example/", "https://user:pass@shop.example/", "https://shop.example/#x", "https:///x", "https://shop example/", "javascript:alert(1)", "https://shop.example\\@10.0.0.1/"} {
		if answer := api.Post(t, "/v1/webhook-endpoints", m{"code": "BAD", "url": address}); answer.Status != 422 {
			t.Errorf("%s: %d", address, answer.Status)
		}
	}
	api.Post(t, "/v1/webhook-endpoints", m{"code": "BAD", "url": "https://a.example/", "topics": []string{"no topic"}}).Want(422)
}

// TestSecretsAreSealed: those that a release before left in the clear, and those whose key is to go, are sealed with the
// current key; messages are signed with them all the while. Sealed for one endpoint, a secret is none of another's.
func TestSecretsAreSealed(t *testing.T) {
	t.Parallel()
	api := httpapitest.New(t)
	old, young := sealbox.NewKey(), sealbox.NewKey()
	before, err := sealbox.Parse(old)
	if err != nil {
		t.Fatal(err)
	}
	both, err := sealbox.Parse(young, old)
	if err != nil {
		t.Fatal(err)
	}
	clear, replaced, swapped := receive(t, nil), receive(t, nil), receive(t, nil)
	endpoint(t, api, "CLEAR", clear.URL, "invoice.*")
	endpoint(t, api, "REPLACED", replaced.URL, "invoice.*")
	endpoint(t, api, "SWAPPED", swapped.URL, "invoice.*")
	keep := func(code string, secret, sealed []byte) {
		execute(t, api, `UPDATE event.webhook_secret AS s SET secret = $2, sealed = $3 FROM event.webhook_endpoint AS e WHERE e.id = s.endpoint_id AND e.code = $1`, code, secret, sealed)
	}
	secret := bytes.Repeat([]byte("x1"), 16)
	keep("CLEAR", secret, nil)
	keep("REPLACED", nil, before.Seal(secret, "webhook/REPLACED"))
	keep("SWAPPED", nil, both.Seal(secret, "webhook/REPLACED"))
	deliver(t, api, event.Webhooks{Guard: here, RootCAs: roots(clear), Box: both})
	publish(t, api, "invoice.issued", 3)
	until(t, "all events", func() bool { return len(clear.got()) >= 3 && len(replaced.got()) >= 3 })
	verifier, err := standardwebhooks.NewWebhookRaw(secret)
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range append(clear.got(), replaced.got()...) {
		if err := verifier.Verify([]byte(g.body), g.header); err != nil {
			t.Error(err)
		}
	}
	rows, err := api.DB.Pool.Query(t.Context(), `SELECT e.code, s.secret, s.sealed FROM event.webhook_secret AS s JOIN event.webhook_endpoint AS e ON e.id = s.endpoint_id WHERE e.code <> 'SWAPPED'`)
	if err != nil {
		t.Fatal(err)
	}
	var code string
	var open, sealed []byte
	if _, err := pgx.ForEachRow(rows, []any{&code, &open, &sealed}, func() error {
		if got, err := both.Open(sealed, "webhook/"+code); open != nil || !both.IsCurrent(sealed) || err != nil || !bytes.Equal(got, secret) {
			t.Errorf("%s: %v", code, err)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	until(t, "the failure", func() bool {
		attempts := api.Get(t, "/v1/webhook-attempts?endpoint=SWAPPED").Want(200)
		return attempts.Len("items") > 0 && strings.Contains(attempts.Text("items", 0, "reason"), "cannot be opened")
	})
	if len(swapped.got()) != 0 {
		t.Error("signed with the secret of another endpoint")
	}
}

// TestRotationSignsTwice: until the overlap ends, receivers that know the old secret and
// those that know the new one both verify.
func TestRotationSignsTwice(t *testing.T) {
	t.Parallel()
	api := httpapitest.New(t)
	r := receive(t, nil)
	old := endpoint(t, api, "R", r.URL, "trial.happened")
	deliver(t, api, event.Webhooks{Guard: here, RootCAs: roots(r)})
	verifies := func(secret string, g message) bool {
		v, err := standardwebhooks.NewWebhook(secret)
		if err != nil {
			t.Fatal(err)
		}
		return v.Verify([]byte(g.body), g.header) == nil
	}
	next := func() message {
		had := len(r.got())
		publish(t, api, "trial.happened", 1)
		until(t, "a message", func() bool { return len(r.got()) > had })
		return r.got()[had]
	}
	young := api.Post(t, "/v1/webhook-secret-rotations", m{"endpoint": "R", "overlap_hours": 1}).Want(201).Text("secret")
	if g := next(); !verifies(old, g) || !verifies(young, g) || strings.Count(g.signature, "v1,") != 2 {
		t.Errorf("signature %q", g.signature)
	}
	execute(t, api, `UPDATE event.webhook_secret SET expires_at = clock_timestamp() WHERE expires_at IS NOT NULL`)
	if g := next(); verifies(old, g) || !verifies(young, g) {
		t.Errorf("signature %q after the overlap", g.signature)
	}
	newest := api.Post(t, "/v1/webhook-secret-rotations", m{"endpoint": "R", "overlap_hours": 0}).Want(201).Text("secret")
	if g := next(); verifies(young, g) || !verifies(newest, g) {
		t.Errorf("signature %q without overlap", g.signature)
	}
	execute(t, api, `SELECT event.prune_webhooks(1000)`)
	if n := number(t, api, `SELECT count(*) FROM event.webhook_secret`); n != 1 {
		t.Errorf("%d secrets are kept", n)
	}
}

// TestFailuresAreTriedAgainInOrder: an event that fails is sent again under its webhook-id
// before any later one, and every attempt is listed.
func TestFailuresAreTriedAgainInOrder(t *testing.T) {
	t.Parallel()
	api := httpapitest.New(t)
	tries := map[int64]int{}
	var mu sync.Mutex
	r := receive(t, func(w http.ResponseWriter, got message) {
		mu.Lock()
		defer mu.Unlock()
		tries[got.Position]++
		switch n := got.Data["n"]; {
		case n == 2.0 && tries[got.Position] <= 3:
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(http.StatusServiceUnavailable)
		case n == 3.0 && tries[got.Position] <= 1:
			panic(http.ErrAbortHandler) // the connection breaks
		}
	})
	endpoint(t, api, "R", r.URL, "trial.happened")
	deliver(t, api, event.Webhooks{Guard: here, RootCAs: roots(r)})
	publish(t, api, "trial.happened", 4)
	until(t, "the first failure", func() bool { return number(t, api, `SELECT failures FROM event.webhook_delivery`) == 1 })
	if n := number(t, api, `SELECT count(*) FROM event.webhook_delivery WHERE next_attempt_at > clock_timestamp() + interval '5 seconds'`); n != 1 {
		t.Error("Retry-After was not heeded")
	}
	shown := api.Get(t, "/v1/webhook-endpoints/R").Want(200)
	if shown.Value("failures") != 1.0 || shown.Value("failing_since") == nil || shown.Value("next_attempt_at") == nil || shown.Value("behind") == 0.0 {
		t.Errorf("%s", shown.Body)
	}
	until(t, "all of them", func() bool {
		due(t, api)
		return number(t, api, `SELECT count(*) FROM event.webhook_attempt WHERE is_delivered`) == 4
	})
	var order []string
	ids := map[int64]string{}
	for _, g := range r.got() {
		order = append(order, fmt.Sprint(g.Data["n"]))
		if ids[g.Position] != "" && ids[g.Position] != g.id {
			t.Errorf("event %d came as %s and as %s", g.Position, ids[g.Position], g.id)
		}
		ids[g.Position] = g.id
	}
	if got := strings.Join(order, " "); got != "1 2 2 2 2 3 3 4" {
		t.Errorf("order %s", got)
	}
	var text string
	if err := api.DB.Pool.QueryRow(t.Context(), `SELECT string_agg(coalesce(status::text, '-') || ' ' || coalesce(reason, 'ok'), ', ' ORDER BY id) FROM event.webhook_attempt`).Scan(&text); err != nil {
		t.Fatal(err)
	}
	if text != "200 ok, 503 it answered 503, 503 it answered 503, 503 it answered 503, 200 ok, - EOF, 200 ok, 200 ok" {
		t.Errorf("attempts: %s", text)
	}
	if n := number(t, api, `SELECT failures FROM event.webhook_delivery`); n != 0 {
		t.Errorf("%d failures after all went well", n)
	}
}

// TestGoneAndFailingEndpointsAreDisabled, hold back no retention, and go on where they
// stood when somebody enables them.
func TestGoneAndFailingEndpointsAreDisabled(t *testing.T) {
	t.Parallel()
	api := httpapitest.New(t)
	var status atomic.Int32
	status.Store(http.StatusGone)
	r := receive(t, func(w http.ResponseWriter, _ message) { w.WriteHeader(int(status.Load())) })
	endpoint(t, api, "R", r.URL, "trial.happened")
	deliver(t, api, event.Webhooks{Guard: here, RootCAs: roots(r), DisableAfter: time.Hour})
	disabled := func() bool {
		return number(t, api, `SELECT count(*) FROM event.webhook_endpoint WHERE NOT is_enabled`) == 1
	}
	publish(t, api, "trial.happened", 2)
	until(t, "disabled by 410", disabled)
	if n := len(r.got()); n != 1 {
		t.Errorf("%d calls to what is gone", n)
	}
	if n := number(t, api, `SELECT count(*) FROM event.consumer WHERE name LIKE 'webhook:%'`); n != 0 {
		t.Error("a disabled endpoint is a consumer")
	}
	execute(t, api, `SELECT event.advance_log(1000)`)
	if n := number(t, api, `SELECT count(*) FROM event.log WHERE topic = 'webhook_endpoint.disabled' AND payload ->> 'endpoint' = 'R'`); n != 1 {
		t.Error("nobody is told")
	}
	api.Post(t, "/v1/webhook-pings", m{"endpoint": "R"}).Problem("webhook-endpoint-disabled", 409)
	api.Post(t, "/v1/webhook-pings", m{"endpoint": "NOBODY"}).Problem("unknown-webhook-endpoint", 422)

	// Days of failure, seen from their end.
	status.Store(http.StatusInternalServerError)
	api.Post(t, "/v1/webhook-endpoints", m{"code": "R", "url": r.URL, "topics": []string{"trial.happened"}}).Want(200)
	until(t, "a failure", func() bool { return number(t, api, `SELECT failures FROM event.webhook_delivery`) > 0 })
	execute(t, api, `UPDATE event.webhook_delivery SET failing_since = failing_since - interval '61 minutes'`)
	until(t, "disabled by failures", func() bool { due(t, api); return disabled() })
	shown := api.Get(t, "/v1/webhook-endpoints/R").Want(200)
	if reason := shown.Text("disabled_reason"); !strings.Contains(reason, "every attempt since") || !strings.Contains(reason, "it answered 500") {
		t.Errorf("reason %q", reason)
	}

	if n := number(t, api, `SELECT count(*) FROM event.list_findings() WHERE subject = 'webhook R' AND finding LIKE '%gets nothing since%'`); n != 1 {
		t.Error("the doctor does not tell")
	}

	status.Store(http.StatusOK)
	publish(t, api, "trial.happened", 1)
	api.Post(t, "/v1/webhook-endpoints", m{"code": "R", "url": r.URL, "topics": []string{"trial.happened"}}).Want(200)
	until(t, "the rest", func() bool {
		return number(t, api, `SELECT count(*) FROM event.webhook_attempt WHERE is_delivered`) == 3
	})

	// By hand, while retention goes on: what is lost is lost, and delivery goes on behind it.
	api.Post(t, "/v1/webhook-endpoints", m{"code": "R", "url": r.URL, "topics": []string{"trial.happened"}, "is_enabled": false}).Want(200)
	publish(t, api, "trial.happened", 5)
	execute(t, api, `SET session_replication_role = replica; DELETE FROM event.log WHERE position <= (SELECT position - 2 FROM event.log_head); UPDATE event.log_head SET dropped_to = position - 2; SET session_replication_role = origin`)
	api.Post(t, "/v1/webhook-endpoints", m{"code": "R", "url": r.URL, "topics": []string{"trial.happened"}}).Want(200)
	until(t, "what is kept", func() bool {
		return number(t, api, `SELECT count(*) FROM event.webhook_attempt WHERE is_delivered`) == 5
	})
	if shown := api.Get(t, "/v1/webhook-endpoints/R").Want(200); shown.Value("is_enabled") != true || shown.Value("disabled_reason") != nil {
		t.Errorf("%s", shown.Body)
	}
}

// TestSlowEndpointDelaysNoOther: while one receiver holds its answer, the other gets
// everything.
func TestSlowEndpointDelaysNoOther(t *testing.T) {
	t.Parallel()
	api := httpapitest.New(t)
	held := make(chan struct{})
	slow := receive(t, func(w http.ResponseWriter, _ message) { <-held })
	quick := receive(t, nil)
	endpoint(t, api, "A", slow.URL, "trial.happened")
	endpoint(t, api, "B", quick.URL, "trial.happened")
	deliver(t, api, event.Webhooks{Guard: here, RootCAs: roots(slow), Timeout: 30 * time.Second, Lease: time.Minute})
	publish(t, api, "trial.happened", 300)
	until(t, "the slow one has a call", func() bool { return len(slow.got()) == 1 })
	until(t, "the quick one has all", func() bool { return len(quick.got()) == 300 })
	if n := len(slow.got()); n != 1 {
		t.Errorf("the slow one has %d calls at once", n)
	}
	close(held)
}

// TestSlowAnswerIsAFailure, and so are a redirect, which is not followed, and whatever is
// no answer; an answer without end is not read to its end.
func TestSlowAnswerIsAFailure(t *testing.T) {
	t.Parallel()
	api := httpapitest.New(t)
	target := receive(t, nil)
	var held sync.WaitGroup
	held.Add(1)
	redirecting := receive(t, func(w http.ResponseWriter, _ message) {
		w.Header().Set("Location", target.URL)
		w.WriteHeader(http.StatusTemporaryRedirect)
	})
	slow := receive(t, func(http.ResponseWriter, message) { held.Wait() })
	endless := receive(t, func(w http.ResponseWriter, got message) {
		chunk := make([]byte, 1<<16)
		for {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	})
	t.Cleanup(held.Done)
	endpoint(t, api, "REDIRECT", redirecting.URL, "trial.happened")
	endpoint(t, api, "SLOW", slow.URL, "trial.happened")
	endpoint(t, api, "ENDLESS", endless.URL, "trial.happened")
	deliver(t, api, event.Webhooks{Guard: here, RootCAs: roots(slow), Timeout: time.Second})
	publish(t, api, "trial.happened", 1)
	reason := func(code string) string {
		var text string
		err := api.DB.Pool.QueryRow(t.Context(), `
			SELECT coalesce(min(coalesce(a.reason, 'delivered')), '') FROM event.webhook_attempt AS a JOIN event.webhook_endpoint AS e ON e.id = a.endpoint_id WHERE e.code = $1`, code).Scan(&text)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	for code, want := range map[string]string{"REDIRECT": "it answered 307: redirects are not followed", "SLOW": "no answer within 1s", "ENDLESS": "delivered"} {
		until(t, code, func() bool { return reason(code) != "" })
		if got := reason(code); got != want {
			t.Errorf("%s: %q", code, got)
		}
	}
	if len(target.got()) != 0 {
		t.Error("a redirect was followed")
	}
}

// TestPrivateAddressesAreRefused: neither an address nor a name leads into the plant's own
// networks, unless the worker is configured to call there; and nothing goes out in the clear.
func TestPrivateAddressesAreRefused(t *testing.T) {
	t.Parallel()
	api := httpapitest.New(t)
	r := receive(t, nil)
	plain := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("called") }))
	t.Cleanup(plain.Close)
	_, port, _ := strings.Cut(strings.TrimPrefix(r.URL, "https://"), ":")
	addresses := map[string]string{
		"LOOPBACK": r.URL, "NAME": "https://localhost:" + port + "/", "MAPPED": "https://[::ffff:127.0.0.1]:" + port + "/",
		"DECIMAL": "https://2130706433:" + port + "/", "PRIVATE": "https://10.1.2.3/", "METADATA": "https://169.254.169.254/latest", "PLAIN": plain.URL,
	}
	for code, url := range addresses {
		endpoint(t, api, code, url, "trial.happened")
	}
	deliver(t, api, event.Webhooks{Guard: remote.Public(), RootCAs: roots(r), Timeout: 5 * time.Second})
	publish(t, api, "trial.happened", 1)
	for code := range addresses {
		until(t, code, func() bool {
			return number(t, api, `SELECT count(*) FROM event.webhook_attempt AS a JOIN event.webhook_endpoint AS e ON e.id = a.endpoint_id WHERE e.code = $1`, code) > 0
		})
		shown := api.Get(t, "/v1/webhook-attempts?endpoint="+code).Want(200)
		reason := shown.Text("items", 0, "reason")
		switch {
		case code == "PLAIN" && strings.Contains(reason, "not https://"):
		case code == "DECIMAL": // names no machine
		case !strings.Contains(reason, "is not one that may be called"):
			t.Errorf("%s: %s", code, reason)
		}
	}
	if len(r.got()) != 0 {
		t.Error("the receiver was called")
	}
}

// TestRedelivery: delivery goes on at any position that the feed holds, before or behind.
func TestRedelivery(t *testing.T) {
	t.Parallel()
	api := httpapitest.New(t)
	r := receive(t, nil)
	endpoint(t, api, "R", r.URL, "trial.happened")
	deliver(t, api, event.Webhooks{Guard: here, RootCAs: roots(r)})
	publish(t, api, "trial.happened", 10)
	until(t, "all", func() bool { return len(r.got()) == 10 })
	before := r.got()
	head := number(t, api, `SELECT position FROM event.log_head`)
	api.Post(t, "/v1/webhook-redeliveries", m{"endpoint": "R", "position": before[6].Position}).Want(201)
	until(t, "the last four again", func() bool { return len(r.got()) == 14 })
	for i, g := range r.got()[10:] {
		if g.id != before[6+i].id || g.body != before[6+i].body {
			t.Errorf("%d came again as another: %s", g.Position, g.id)
		}
	}
	for _, position := range []int64{head + 100, 9007199254740991} {
		api.Post(t, "/v1/webhook-redeliveries", m{"endpoint": "R", "position": position}).Problem("position-not-kept", 422)
	}
	execute(t, api, `SET session_replication_role = replica; DELETE FROM event.log WHERE position <= 5; UPDATE event.log_head SET dropped_to = 5; SET session_replication_role = origin`)
	api.Post(t, "/v1/webhook-redeliveries", m{"endpoint": "R", "position": 5}).Problem("position-not-kept", 422)
	api.Post(t, "/v1/webhook-redeliveries", m{"endpoint": "X", "position": 6}).Problem("unknown-webhook-endpoint", 422)
}

// TestRedeliveryDuringACall: what is under way when the position is moved does not move it
// back.
func TestRedeliveryDuringACall(t *testing.T) {
	t.Parallel()
	api := httpapitest.New(t)
	held := make(chan struct{})
	var once sync.Once
	r := receive(t, func(http.ResponseWriter, message) { once.Do(func() { <-held }) })
	endpoint(t, api, "R", r.URL, "trial.happened")
	deliver(t, api, event.Webhooks{Guard: here, RootCAs: roots(r)})
	publish(t, api, "trial.happened", 3)
	until(t, "a call", func() bool { return len(r.got()) == 1 })
	third := number(t, api, `SELECT max(position) FROM event.log WHERE topic = 'trial.happened'`)
	api.Post(t, "/v1/webhook-redeliveries", m{"endpoint": "R", "position": third}).Want(201)
	until(t, "the third", func() bool { return len(r.got()) == 2 })
	close(held)
	until(t, "both recorded", func() bool {
		return number(t, api, `SELECT count(*) FROM event.webhook_attempt WHERE is_delivered`) == 2
	})
	if got := r.got(); got[1].Position != third {
		t.Errorf("got %d", got[1].Position)
	}
	if n := number(t, api, `SELECT position FROM event.consumer WHERE name = 'webhook:R'`); n < third {
		t.Errorf("the position went back to %d", n)
	}
}

// TestNewAddressAtOnce: what is saved during a call holds from the next call on.
func TestNewAddressAtOnce(t *testing.T) {
	t.Parallel()
	api := httpapitest.New(t)
	held := make(chan struct{})
	before := receive(t, func(http.ResponseWriter, message) { <-held })
	after := receive(t, nil)
	endpoint(t, api, "R", before.URL, "trial.happened")
	deliver(t, api, event.Webhooks{Guard: here, RootCAs: roots(before), Timeout: 30 * time.Second})
	publish(t, api, "trial.happened", 50)
	until(t, "a call", func() bool { return len(before.got()) == 1 })
	api.Post(t, "/v1/webhook-endpoints", m{"code": "R", "url": after.URL, "topics": []string{"trial.happened"}}).Want(200)
	until(t, "all at the new address", func() bool { return len(after.got()) == 50 })
	close(held)
	until(t, "the end of the first call", func() bool { return number(t, api, `SELECT count(*) FROM event.webhook_attempt`) == 51 })
	if n := len(before.got()); n != 1 {
		t.Errorf("%d calls to the old address", n)
	}
}

// TestManyEndpointsAndWorkers: of three workers one at a time serves an endpoint, so that
// each gets every event once and in order.
func TestManyEndpointsAndWorkers(t *testing.T) {
	t.Parallel()
	api := httpapitest.New(t)
	const endpoints, events = 20, 60
	var mu sync.Mutex
	got := map[string][]int64{}
	r := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, request *http.Request) {
		var g message
		if err := json.NewDecoder(request.Body).Decode(&g); err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		got[request.URL.Path] = append(got[request.URL.Path], g.Position)
	}))
	t.Cleanup(r.Close)
	pool := x509.NewCertPool()
	pool.AddCert(r.Certificate())
	for i := range endpoints {
		endpoint(t, api, fmt.Sprintf("E%d", i), fmt.Sprintf("%s/%d", r.URL, i), "trial.happened")
	}
	for range 3 {
		deliver(t, api, event.Webhooks{Guard: here, RootCAs: pool})
	}
	for range 4 {
		publish(t, api, "trial.happened", events/4)
	}
	until(t, "all", func() bool {
		return number(t, api, `SELECT count(*) FROM event.consumer AS c, event.log_head AS h WHERE c.name LIKE 'webhook:%' AND c.position = h.position`) == endpoints
	})
	mu.Lock()
	defer mu.Unlock()
	for path, positions := range got {
		for i, position := range positions {
			if i > 0 && position != positions[i-1]+1 {
				t.Fatalf("%s: %d after %d", path, position, positions[i-1])
			}
		}
		if len(positions) != events {
			t.Errorf("%s got %d of %d", path, len(positions), events)
		}
	}
	if len(got) != endpoints {
		t.Errorf("%d endpoints of %d", len(got), endpoints)
	}
}

// TestLargeEvents: what is read at once is bounded by its bytes as well, and an event that
// is larger than that comes all the same.
func TestLargeEvents(t *testing.T) {
	t.Parallel()
	api := httpapitest.New(t)
	r := receive(t, nil)
	endpoint(t, api, "R", r.URL, "trial.happened")
	deliver(t, api, event.Webhooks{Guard: here, RootCAs: roots(r), Timeout: 30 * time.Second})
	execute(t, api, `SELECT event.publish('trial.happened', n, jsonb_build_object('n', n, 'text', repeat('x', CASE n WHEN 3 THEN 6000000 ELSE 1500000 END))) FROM generate_series(1, 7) AS n`)
	publish(t, api, "other.happened", 3)
	until(t, "all", func() bool {
		return number(t, api, `SELECT h.position - c.position FROM event.consumer AS c, event.log_head AS h WHERE c.name = 'webhook:R'`) == 0
	})
	var order []string
	for _, g := range r.got() {
		order = append(order, fmt.Sprint(g.Data["n"]))
	}
	if got := strings.Join(order, " "); got != "1 2 3 4 5 6 7" {
		t.Errorf("order %s", got)
	}
}

// workerURL makes this test binary a worker that is killed.
const workerURL = "MILLRACE_TEST_WEBHOOK_WORKER"

// TestMain runs the tests, or the worker of TestKilledWorkers.
func TestMain(main *testing.M) {
	url := os.Getenv(workerURL)
	if url == "" {
		os.Exit(main.Run())
	}
	pool, err := pgxpool.New(context.Background(), url)
	if err != nil {
		panic(err)
	}
	event.Webhooks{Database: pool, Box: httpapitest.Box(), Guard: here, AllowHTTP: true, Timeout: time.Second, Lease: 2 * time.Second}.Run(context.Background())
}

// TestKilledWorkers: two workers are killed in the midst of deliveries, again and again, one
// after the other. Every event comes at least once, in order, and what comes twice is the
// one that was under way, under the same webhook-id.
func TestKilledWorkers(t *testing.T) {
	t.Parallel()
	api := httpapitest.New(t)
	const events, kills = 400, 8
	var mu sync.Mutex
	var positions []int64
	ids := map[int64]string{}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, request *http.Request) {
		var got message
		if err := json.NewDecoder(request.Body).Decode(&got); err != nil {
			return // killed while it wrote
		}
		mu.Lock()
		positions = append(positions, got.Position)
		if id := request.Header.Get("webhook-id"); ids[got.Position] == "" {
			ids[got.Position] = id
		} else if ids[got.Position] != id {
			t.Errorf("event %d came as %s and as %s", got.Position, ids[got.Position], id)
		}
		mu.Unlock()
		time.Sleep(3 * time.Millisecond) // time to be killed in
	}))
	t.Cleanup(server.Close)
	endpoint(t, api, "R", server.URL, "trial.happened")
	publish(t, api, "trial.happened", events)
	first := number(t, api, `SELECT min(position) FROM event.log WHERE topic = 'trial.happened'`)
	count := func() int { mu.Lock(); defer mu.Unlock(); return len(ids) }

	start := func() *exec.Cmd {
		worker := exec.Command(os.Args[0])
		worker.Env = append(os.Environ(), workerURL+"="+api.DB.URLAs(testdb.WorkerRole))
		worker.Stderr = os.Stderr
		if err := worker.Start(); err != nil {
			t.Fatal(err)
		}
		return worker
	}
	workers := []*exec.Cmd{start(), start()}
	kill := func(worker *exec.Cmd) {
		_ = worker.Process.Kill()
		_ = worker.Wait() // killed
	}
	t.Cleanup(func() {
		for _, worker := range workers {
			kill(worker)
		}
	})
	for range kills {
		had := count()
		until(t, "deliveries", func() bool { return count() >= min(had+20, events) })
		// Both, so that the one that delivers is hit.
		for i := range workers {
			kill(workers[i])
		}
		workers[0], workers[1] = start(), start()
	}
	until(t, "all events", func() bool { return count() == events })
	until(t, "all recorded", func() bool {
		return number(t, api, `SELECT c.position - h.position FROM event.consumer AS c, event.log_head AS h WHERE c.name = 'webhook:R'`) == 0
	})
	mu.Lock()
	defer mu.Unlock()
	want, twice := first, 0
	for _, position := range positions {
		switch position {
		case want:
			want++
		case want - 1:
			twice++
		default:
			t.Fatalf("position %d where %d was due", position, want)
		}
	}
	if want != first+events || twice > 2*kills {
		t.Errorf("ended at %d of %d, %d came twice", want, first+events, twice)
	}
	t.Logf("%d of %d events came twice over %d kills", twice, events, kills)
}
