package httpapi_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/millrace-erp/millrace/internal/httpapi"
	"github.com/millrace-erp/millrace/internal/problem"
)

// limited is an API with the rates that cmd/api has unless told otherwise.
func limited(rates httpapi.Rates) func(token, address, method, path string, header ...string) *httptest.ResponseRecorder {
	api := httpapi.New(httpapi.Options{Authenticator: deviceNamed{}, Rates: rates})
	httpapi.Command[echo, echoed](api, httpapi.CommandSpec{OperationID: "echo-item", Scope: "inventory:write", Path: "/v1/echoes", Tag: "Test", Summary: "Echo"},
		func(context.Context, json.RawMessage, json.RawMessage) (row, error) {
			return row{Status: 201, Body: []byte(`{"item": "PP-NAT"}`)}, nil
		})
	httpapi.Stream[struct{}, echoed](api, httpapi.ReadSpec{OperationID: "follow-echoes", Scope: "inventory:write", Path: "/v1/stream", Tag: "Test", Summary: "Follow"}, "Echoes.",
		func(context.Context, *struct{}) (httpapi.Streamed, error) {
			return httpapi.Streamed{Events: func(ctx context.Context, _ *httpapi.EventStream) { <-ctx.Done() }}, nil
		})
	api.Public("/oauth2/token", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadRequest) }))
	return func(token, address, method, path string, header ...string) *httptest.ResponseRecorder {
		body := ""
		if method == http.MethodPost {
			body = good
		}
		ctx, stop := context.WithCancel(context.Background())
		defer stop()
		r := httptest.NewRequestWithContext(ctx, method, path, strings.NewReader(body))
		if body == "" {
			r.Body, r.ContentLength = http.NoBody, 0
		}
		r.RemoteAddr = address
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Idempotency-Key", key)
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		for i := 0; i+1 < len(header); i += 2 {
			r.Header.Add(header[i], header[i+1])
		}
		w := httptest.NewRecorder()
		api.ServeHTTP(w, r)
		return w
	}
}

// deviceNamed takes "bad" for no token, and any other one for that of the device or client it names.
type deviceNamed struct{}

func (deviceNamed) Authenticate(ctx context.Context, r *http.Request, token string) (httpapi.Principal, error) {
	if token == "bad" {
		return httpapi.Principal{}, httpapi.Unauthorized()
	}
	return named{}.Authenticate(ctx, r, token)
}

var usual = httpapi.Rates{
	Device: httpapi.Rate{PerSecond: 100, Burst: 1000}, Client: httpapi.Rate{PerSecond: 1000, Burst: 5000}, Address: httpapi.Rate{PerSecond: 20, Burst: 200}, Streams: 2,
}

const tablet = "10.20.0.7:4711"

func TestRates(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		send := limited(usual)
		// A shift: 60 scans in 20 seconds, for an hour's third, and nobody is held up.
		for range 20 * 60 {
			if w := send("press-3", tablet, "POST", "/v1/echoes"); w.Code != 201 {
				t.Fatalf("a scan was answered with %d", w.Code)
			}
			time.Sleep(time.Second / 3)
		}
		// Back in the network: 200 taps at once, beside all that its screens read.
		for range 200 {
			send("press-3", tablet, "POST", "/v1/echoes")
			if w := send("press-3", tablet, "GET", "/healthz"); w.Code != 200 {
				t.Fatalf("got %d", w.Code)
			}
			if w := send("press-3", tablet, "GET", "/metrics"); w.Code != 200 {
				t.Fatalf("a read was answered with %d", w.Code)
			}
		}
		// Gone wild.
		refused, last := 0, (*httptest.ResponseRecorder)(nil)
		for range 5000 {
			if w := send("press-3", tablet, "POST", "/v1/echoes"); w.Code != 201 {
				refused, last = refused+1, w
			}
		}
		if refused != 5000-600 {
			t.Errorf("%d of 5000 refused", refused)
		}
		if last.Code != 429 || last.Header().Get("Retry-After") != "1" || last.Header().Get("RateLimit") != `"device";r=0;t=1` ||
			last.Header().Get("RateLimit-Policy") != `"device";q=1000;w=10` || !strings.Contains(last.Body.String(), "/problems/too-many-requests") {
			t.Errorf("got %d %v %s", last.Code, last.Header(), last.Body)
		}
		// The others, its address and health do not notice; after the pause it goes on itself.
		for _, ok := range []*httptest.ResponseRecorder{
			send("press-4", tablet, "POST", "/v1/echoes"), send("client:planner", tablet, "POST", "/v1/echoes"),
		} {
			if ok.Code != 201 {
				t.Errorf("another one got %d", ok.Code)
			}
		}
		if w := send("press-3", tablet, "GET", "/healthz"); w.Code != 200 {
			t.Errorf("health: %d", w.Code)
		}
		if w := send("bad", tablet, "GET", "/v1/echoes"); w.Code != 401 {
			t.Errorf("a stranger at the same address: %d", w.Code)
		}
		time.Sleep(time.Second)
		if w := send("press-3", tablet, "POST", "/v1/echoes"); w.Code != 201 {
			t.Errorf("after the pause: %d", w.Code)
		}
	})
}

func TestRatesOfStrangers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rates := usual
		rates.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("10.99.0.1/32")}
		send := limited(rates)
		statuses := func(token, address, method, path string, header ...string) map[int]int {
			got := map[int]int{}
			for range 250 {
				got[send(token, address, method, path, header...).Code]++
			}
			return got
		}
		if got := statuses("bad", tablet, "GET", "/v1/echoes"); got[401] != 200 || got[429] != 50 {
			t.Errorf("bad tokens: %v", got)
		}
		if got := statuses("", "10.20.0.8:1", "GET", "/v1/echoes"); got[401] != 200 || got[429] != 50 {
			t.Errorf("no tokens: %v", got)
		}
		if got := statuses("", "10.20.0.9:1", "POST", "/oauth2/token"); got[400] != 200 || got[429] != 50 {
			t.Errorf("log-ins: %v", got)
		}
		if w := send("", "10.20.0.10:1", "POST", "/oauth2/token", "Content-Encoding", "gzip"); w.Code != 415 {
			t.Errorf("a compressed log-in: %d", w.Code)
		}
		// A tablet behind the address of a flood works on.
		if w := send("press-3", tablet, "POST", "/v1/echoes"); w.Code != 201 {
			t.Errorf("a good token at a bad address: %d", w.Code)
		}
		// Another address of the same host is none.
		statuses("bad", "[2001:db8::1]:1", "GET", "/v1/echoes")
		if w := send("bad", "[2001:db8::ffff:2]:1", "GET", "/v1/echoes"); w.Code != 429 {
			t.Errorf("the next address of the same network: %d", w.Code)
		}
		if w := send("bad", "[2001:db8:1::1]:1", "GET", "/v1/echoes"); w.Code != 401 {
			t.Errorf("another network: %d", w.Code)
		}
		// Whoever says that it is someone else is not believed, unless it is a proxy.
		statuses("bad", "192.0.2.1:1", "GET", "/v1/echoes", "X-Forwarded-For", "203.0.113.1")
		if w := send("bad", "192.0.2.1:1", "GET", "/v1/echoes", "X-Forwarded-For", "203.0.113.2"); w.Code != 429 {
			t.Errorf("a forged address: %d", w.Code)
		}
		statuses("bad", "127.0.0.1:1", "GET", "/v1/echoes", "X-Forwarded-For", "198.51.100.1, 203.0.113.9, 10.99.0.1")
		if w := send("bad", "127.0.0.1:1", "GET", "/v1/echoes", "X-Forwarded-For", "198.51.100.2", "X-Forwarded-For", "203.0.113.9"); w.Code != 429 {
			t.Errorf("the client of two proxies, with a forged one in front: %d", w.Code)
		}
		if w := send("bad", "127.0.0.1:1", "GET", "/v1/echoes", "X-Forwarded-For", "203.0.113.10"); w.Code != 401 {
			t.Errorf("another client of the proxy: %d", w.Code)
		}
	})
}

// TestMemoryOfRates: an attacker with a million addresses takes a bounded room, and no one's right to be told apart
// who was known before.
func TestMemoryOfRates(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		limiter := httpapi.NewLimiter("address", httpapi.Rate{PerSecond: 10, Burst: 10}, 100)
		limiter.Take("known")
		for i := range 10_000 {
			limiter.Take(strconv.Itoa(i))
		}
		if limiter.Len() > 101 {
			t.Errorf("%d keys are remembered", limiter.Len())
		}
		if _, ok := limiter.Take("known"); !ok {
			t.Error("one who was known is refused")
		}
		if _, ok := limiter.Take("a stranger"); ok {
			t.Error("the flood has no end")
		}
		time.Sleep(10 * time.Second)
		if _, ok := limiter.Take("a stranger"); !ok {
			t.Error("does not forget")
		}
		if limiter.Len() > 2 {
			t.Errorf("%d keys are remembered after the flood", limiter.Len())
		}
	})
}

// TestRateIsKept: whatever the pattern, no key gets more than its burst and its rate, and one that waits as it was
// told is let through.
func TestRateIsKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for seed := range uint64(100) {
			random := rand.New(rand.NewPCG(seed, seed))
			rate := httpapi.Rate{PerSecond: 1 + random.IntN(1000), Burst: 1 + random.IntN(100)}
			limiter := httpapi.NewLimiter("device", rate, 10)
			start, through := time.Now(), 0
			for range 300 {
				wait, ok := limiter.Take("key")
				if !ok && random.IntN(2) == 0 {
					time.Sleep(wait)
					if _, ok = limiter.Take("key"); !ok {
						t.Fatalf("seed %d: waited as told, and is refused", seed)
					}
				}
				if ok {
					through++
				}
				if most := float64(rate.Burst) + time.Since(start).Seconds()*float64(rate.PerSecond) + 1; float64(through) > most {
					t.Fatalf("seed %d: %d through, %.1f at most", seed, through, most)
				}
				time.Sleep(time.Duration(random.IntN(20)) * time.Millisecond)
			}
		}
	})
}

func TestStreamsPerDevice(t *testing.T) {
	t.Parallel()
	api := httpapi.New(httpapi.Options{Authenticator: deviceNamed{}, Rates: usual})
	httpapi.Stream[struct{}, echoed](api, httpapi.ReadSpec{OperationID: "follow-echoes", Scope: "inventory:write", Path: "/v1/stream", Tag: "Test", Summary: "Follow"}, "Echoes.",
		func(context.Context, *struct{}) (httpapi.Streamed, error) {
			return httpapi.Streamed{Events: func(ctx context.Context, out *httpapi.EventStream) {
				_ = out.Send([]byte(": here\n\n"))
				<-ctx.Done()
			}}, nil
		})
	server := httptest.NewServer(api)
	t.Cleanup(server.Close)
	follow := func(device string) (int, func()) {
		ctx, stop := context.WithCancel(t.Context())
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/v1/stream", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+device)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, func() { stop(); _ = resp.Body.Close() }
	}
	first, endFirst := follow("press-3")
	second, endSecond := follow("press-3")
	third, endThird := follow("press-3")
	other, endOther := follow("press-4")
	defer endSecond()
	defer endThird()
	defer endOther()
	if first != 200 || second != 200 || third != 429 || other != 200 {
		t.Errorf("got %d %d %d, another device %d", first, second, third, other)
	}
	endFirst()
	for fourth := 429; fourth != 200; { // the server learns of the end in its own time
		var end func()
		fourth, end = follow("press-3")
		end()
		if fourth != 200 && fourth != 429 {
			t.Fatalf("got %d", fourth)
		}
	}
}

// TestStreamsEndWithTheirToken: whose token is good no more hears nothing more, though nobody closes the stream; and
// who is not heard of for a moment keeps it.
func TestStreamsEndWithTheirToken(t *testing.T) {
	t.Parallel()
	keeper := &doorkeeper{known: map[string]httpapi.Principal{}}
	for _, name := range []string{"lost", "kept"} {
		keeper.known[name] = httpapi.Principal{Subject: name, Device: name, Scopes: []string{"inventory:write"}, Expires: time.Now().Add(time.Hour)}
	}
	api := httpapi.New(httpapi.Options{Authenticator: keeper, StreamCheck: 20 * time.Millisecond})
	httpapi.Stream[struct{}, echoed](api, httpapi.ReadSpec{OperationID: "follow-echoes", Scope: "inventory:write", Path: "/v1/stream", Tag: "Test", Summary: "Follow"}, "Echoes.",
		func(context.Context, *struct{}) (httpapi.Streamed, error) {
			return httpapi.Streamed{Events: func(ctx context.Context, out *httpapi.EventStream) {
				for ctx.Err() == nil && out.Send([]byte(": here\n\n")) == nil {
					select {
					case <-ctx.Done():
					case <-time.After(5 * time.Millisecond):
					}
				}
			}}, nil
		})
	server := httptest.NewServer(api)
	t.Cleanup(server.Close)
	follow := func(device string) *bufio.Reader {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/v1/stream", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+device)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = resp.Body.Close() })
		return bufio.NewReader(resp.Body)
	}
	lost, kept := follow("lost"), follow("kept")
	for _, reader := range []*bufio.Reader{lost, kept} {
		if _, err := reader.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	keeper.fail(problem.New(problem.Unavailable, ""))
	for range 50 {
		if _, err := lost.ReadString('\n'); err != nil {
			t.Fatalf("ended while nobody knew: %v", err)
		}
	}
	keeper.fail(nil)
	keeper.forget("lost")
	if _, err := io.Copy(io.Discard, lost); err != nil { // to its end
		t.Error(err)
	}
	if _, err := kept.ReadString('\n'); err != nil {
		t.Errorf("the other one: %v", err)
	}
}

func TestAmbiguousCodes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for code, isGood := range map[string]bool{
		"PP-NAT": true, "Schraube M8 ×20": true, "Größe-Ü": true, "Винт-8": true, "ΑΒΓ-1": true, "İĞŞ": true, "部品-1": true, "µ-42": true, "½": true,
		"\u0410B-1":        false, // a Cyrillic A before a Latin B
		"A\u0392":          false, // a Greek Beta
		"\u0391\u0412":     false, // Greek and Cyrillic
		"Gro\u0308\u00dfe": false, // o and diaeresis apart
		" A":               false, "A ": false, " ": false,
		"A\u00a0B": false, "A\u2009B": false, "A\u3000B": false, // spaces
		"\uff21\uff22": false,                                                                             // full width
		"A\u200bB":     false, "A\u200dB": false, "A\u00adB": false, "A\ufeffB": false, "A\u2060B": false, // of no width
		"A\u202eB": false, "A\u2066B": false, "A\u200fB": false, "\u061cA": false, // of direction
		"A\u0085B": false, "A\u009fB": false, "A\u2028B": false, "A\ue000B": false, "A\U000e0041B": false, // of control, separators, private, tags
	} {
		body, err := json.Marshal(map[string]string{"item": code, "quantity": "1"})
		if err != nil {
			t.Fatal(err)
		}
		a := b.do(t, "POST", "/v1/echoes", string(body), nil)
		if (a.status == 201) != isGood || (!isGood && a.status != 422 && a.status != 400) {
			t.Errorf("%+q: %d %s", code, a.status, a.body)
		}
	}
}

// TestAmbiguousCodesDeepInside: codes are found wherever they stand, by both ways of a command.
func TestAmbiguousCodesDeepInside(t *testing.T) {
	t.Parallel()
	short, long := ways()
	for _, body := range []string{
		`{"item":"A","quantity":"1","lines":[{"item":"A"},{"item":"A","scrap":{"reason":"\u0410B"}}]}`,
		`{"item":"A","quantity":"1","part":{"item":"A","lot":"A "}}`,
	} {
		for name, way := range map[string]func(path, body string, header map[string]string) told{"short": short, "long": long} {
			if got := way("/v1/all", body, nil); got.Status != 422 || got.Command != "" || !strings.Contains(got.Body, `"location":"body.`) {
				t.Errorf("%s: %s: %d %s", name, body, got.Status, got.Body)
			}
		}
	}
}

// TestDirectionOfText: free text may be of any script, and may not show what is not there.
func TestDirectionOfText(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for note, want := range map[string]int{
		"شكرا 👨\u200d👩\u200d👧 — €": 201, "a\u2013\u2026\u2028b": 201, "a\u202ab": 400, "a\u202eb": 400, "a\u2066b": 400, "\u2069": 400, "\u2065": 201,
	} {
		body, err := json.Marshal(map[string]string{"item": "A", "quantity": "1", "note": note})
		if err != nil {
			t.Fatal(err)
		}
		if a := b.do(t, "POST", "/v1/echoes", string(body), nil); a.status != want {
			t.Errorf("%+q: %d %s", note, a.status, a.body)
		}
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	api := httpapi.New(httpapi.Options{})
	api.Public("/floor/", httpapi.Pages(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, "<!doctype html>") })))
	for path, policy := range map[string]string{"/floor/": "script-src 'self' 'wasm-unsafe-eval'; style-src 'self';", "/healthz": "default-src 'none'; base-uri 'none'"} {
		w := httptest.NewRecorder()
		api.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", path, nil))
		h := w.Header()
		got := h.Get("Content-Security-Policy")
		if !strings.Contains(got, policy) || strings.Contains(got, "unsafe-inline") || !strings.Contains(got, "frame-ancestors 'none'") {
			t.Errorf("%s: %s", path, got)
		}
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cross-Origin-Opener-Policy": "same-origin",
			"Cross-Origin-Resource-Policy": "same-origin", "Strict-Transport-Security": "",
		} {
			if h.Get(name) != want {
				t.Errorf("%s: %s: %q", path, name, h.Get(name))
			}
		}
		if h.Get("Permissions-Policy") == "" || (path == "/healthz") != (h.Get("Cache-Control") == "no-store") {
			t.Errorf("%s: %v", path, h)
		}
	}
}
