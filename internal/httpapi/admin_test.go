package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/millrace-erp/millrace/internal/httpapi"
)

// doorkeeper knows tokens by their text.
type doorkeeper struct {
	mu    sync.Mutex
	known map[string]httpapi.Principal
	cause error // for which nobody is known
}

func (d *doorkeeper) Authenticate(_ context.Context, _ *http.Request, token string) (httpapi.Principal, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.cause != nil {
		return httpapi.Principal{}, d.cause
	}
	p, isKnown := d.known[token]
	if !isKnown {
		return httpapi.Principal{}, httpapi.Unauthorized()
	}
	return p, nil
}

func (d *doorkeeper) fail(cause error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.cause = cause
}

func (d *doorkeeper) forget(token string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.known, token)
}

// pages are the guarded pages of a test.
type pages struct {
	*httpapi.Admin

	keeper *doorkeeper
	acts   []httpapi.Act
	reason error // for which nothing can be recorded
	got    []string
	log    bytes.Buffer
}

func newPages(t *testing.T) *pages {
	t.Helper()
	soon := time.Now().Add(10 * time.Minute)
	p := &pages{keeper: &doorkeeper{known: map[string]httpapi.Principal{
		"good":  {Subject: "erika", Device: "OFFICE-1", Scopes: []string{"jobs:admin"}, Expires: soon},
		"read":  {Subject: "max", Scopes: []string{"jobs:read", "inventory:write"}, Expires: soon},
		"site":  {Subject: "uwe", Scopes: []string{"jobs:admin"}, Sites: []string{"ELBE"}, Expires: soon},
		"brief": {Subject: "brief", Scopes: []string{"jobs:admin"}, Expires: time.Now().Add(30 * time.Second)},
	}}}
	inner := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" || r.Header.Get("Cookie") != "" {
			t.Error("credentials went on")
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		p.got = append(p.got, r.Method+" "+r.URL.Path+" "+string(body))
		_, _ = io.WriteString(w, "in")
	})
	p.Admin = httpapi.NewAdmin(httpapi.AdminOptions{
		Prefix: "/jobs", Scope: "jobs:admin", Authenticator: p.keeper, Log: slog.New(slog.NewJSONHandler(&p.log, nil)),
		Rates: httpapi.Rates{Address: httpapi.Rate{PerSecond: 1, Burst: 1000}},
		Record: func(_ context.Context, act httpapi.Act) error {
			p.acts = append(p.acts, act)
			return p.reason
		},
	}, inner)
	return p
}

// ask sends a request with headers, name and value by turns.
func (p *pages) ask(t *testing.T, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	var r *http.Request
	if body == "" {
		r = httptest.NewRequestWithContext(t.Context(), method, path, nil)
	} else {
		r = httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	return w
}

// signIn gives the cookie of a browser that shows the token.
func (p *pages) signIn(t *testing.T, token string) *http.Cookie {
	t.Helper()
	w := p.ask(t, "POST", "/jobs/session", "", "Authorization", "Bearer "+token, "Sec-Fetch-Site", "same-origin", "Origin", "http://example.com")
	if w.Code != http.StatusNoContent || len(w.Result().Cookies()) != 1 {
		t.Fatalf("signing in: %d %s", w.Code, w.Body)
	}
	return w.Result().Cookies()[0]
}

// TestOnlyAdministratorsGetThrough: who has a token with the scope for all sites, and nobody else, whatever is asked for.
func TestOnlyAdministratorsGetThrough(t *testing.T) {
	t.Parallel()
	for _, trial := range []struct {
		name    string
		headers []string
		status  int
	}{
		{"nothing", nil, 401},
		{"a token", []string{"Authorization", "Bearer good"}, 200},
		{"a token that is none", []string{"Authorization", "Bearer admin-token-of-the-tests"}, 401},
		{"a token without the scope", []string{"Authorization", "Bearer read"}, 403},
		{"a token for some sites", []string{"Authorization", "Bearer site"}, 403},
		{"a password", []string{"Authorization", "Basic YWRtaW46Z29vZA=="}, 401},
		{"two tokens", []string{"Authorization", "Bearer good", "Authorization", "Bearer good"}, 401},
		{"an empty token", []string{"Authorization", "Bearer "}, 401},
		{"a cookie that is none", []string{"Cookie", "__Secure-millrace-pages=good", "Sec-Fetch-Site", "same-origin"}, 401},
		{"an empty cookie", []string{"Cookie", "__Secure-millrace-pages=", "Sec-Fetch-Site", "same-origin"}, 401},
	} {
		for _, request := range [][2]string{{"GET", "/jobs/"}, {"GET", "/jobs/api/jobs"}, {"GET", "/jobs/assets/x.js"}, {"POST", "/jobs/api/jobs/delete"}, {"PUT", "/jobs/api/queues/default/pause"}} {
			p := newPages(t)
			body := ""
			if request[0] == "POST" {
				body = `{"ids":["1"]}`
			}
			w := p.ask(t, request[0], request[1], body, trial.headers...)
			if w.Code != trial.status || (len(p.got) > 0) != (trial.status == 200) {
				t.Errorf("%s: %s: %d, want %d", trial.name, request, w.Code, trial.status)
			}
			if (w.Code != http.StatusOK) != (w.Header().Get("WWW-Authenticate") != "" || w.Header().Get("Content-Type") == "application/problem+json") {
				t.Errorf("%s: %s is answered as %q", trial.name, request, w.Header())
			}
			for name, want := range map[string]string{"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"} {
				if got := w.Header().Get(name); got != want {
					t.Errorf("%s: %s is %q", trial.name, name, got)
				}
			}
			if policy := w.Header().Get("Content-Security-Policy"); !strings.Contains(policy, "script-src 'self';") || !strings.Contains(policy, "frame-ancestors 'none'") {
				t.Errorf("%s: the policy is %q", trial.name, policy)
			}
		}
	}
	// Whoever knows nobody lets nobody in.
	nobody := httpapi.NewAdmin(httpapi.AdminOptions{Prefix: "/jobs", Scope: "jobs:admin"}, http.NotFoundHandler())
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/jobs/", nil)
	r.Header.Set("Authorization", "Bearer good")
	w := httptest.NewRecorder()
	nobody.ServeHTTP(w, r)
	if w.Code != http.StatusUnauthorized {
		t.Errorf("without anybody who knows tokens: %d", w.Code)
	}
}

// TestEveryUseOfThePagesIsRecorded: who signs in and out, and what is asked for, before it is done; what cannot be recorded is not done. Looking
// stands in the log with who looked. Neither holds the token or the cookie.
func TestEveryUseOfThePagesIsRecorded(t *testing.T) {
	t.Parallel()
	p := newPages(t)
	cookie := p.signIn(t, "good")
	browser := []string{"Cookie", cookie.Name + "=" + cookie.Value, "Sec-Fetch-Site", "same-origin"}
	if w := p.ask(t, "GET", "/jobs/api/jobs", "", browser...); w.Code != 200 {
		t.Fatal(w.Code, w.Body)
	}
	if w := p.ask(t, "POST", "/jobs/api/jobs/cancel", `{"ids":["7"]}`, browser...); w.Code != 200 {
		t.Fatal(w.Code, w.Body)
	}
	if w := p.ask(t, "PUT", "/jobs/api/queues/default/pause", "", "Authorization", "Bearer good"); w.Code != 200 {
		t.Fatal(w.Code, w.Body)
	}
	if w := p.ask(t, "DELETE", "/jobs/session", "", browser...); w.Code != 204 {
		t.Fatal(w.Code, w.Body)
	}
	var told []string
	for _, act := range p.acts {
		if act.Principal.Subject != "erika" || act.Principal.Device != "OFFICE-1" || act.RequestID == "" {
			t.Errorf("%s was recorded of %+v in %q", act.Action, act.Principal, act.RequestID)
		}
		told = append(told, act.Action+" "+string(act.Asked))
	}
	if got := strings.Join(told, "; "); got != `sign-in ; POST /api/jobs/cancel {"ids":["7"]}; PUT /api/queues/default/pause ; sign-out ` {
		t.Errorf("recorded was %s", got)
	}
	if got := strings.Join(p.got, "; "); got != `GET /jobs/api/jobs ; POST /jobs/api/jobs/cancel {"ids":["7"]}; PUT /jobs/api/queues/default/pause ` {
		t.Errorf("done was %s", got)
	}
	lines := strings.Split(strings.TrimSpace(p.log.String()), "\n")
	if len(lines) != 5 {
		t.Errorf("%d records in the log", len(lines))
	}
	for _, line := range lines {
		var record struct{ Operator, Device, Path string }
		if err := json.Unmarshal([]byte(line), &record); err != nil || record.Operator != "erika" || record.Device != "OFFICE-1" || !strings.HasPrefix(record.Path, "/jobs/") {
			t.Errorf("%v: %s", err, line)
		}
		if strings.Contains(line, cookie.Value) || strings.Contains(line, "good") {
			t.Errorf("a secret in the log: %s", line)
		}
	}
	if w := p.ask(t, "GET", "/jobs/api/jobs", "", browser...); w.Code != 401 {
		t.Errorf("after signing out: %d", w.Code)
	}

	p.got, p.reason = nil, errors.New("the database is gone")
	if w := p.ask(t, "POST", "/jobs/api/jobs/delete", `{"ids":["7"]}`, "Authorization", "Bearer good"); w.Code != 503 || len(p.got) != 0 {
		t.Errorf("what could not be recorded: %d, %v", w.Code, p.got)
	}
	if w := p.ask(t, "POST", "/jobs/session", "", "Authorization", "Bearer good"); w.Code != 503 || len(w.Result().Cookies()) != 0 {
		t.Errorf("signing in that could not be recorded: %d", w.Code)
	}
}

// TestPagesAreSafeFromOtherSites: a browser that is signed in does nothing for pages of other sites, nor for those of other ports of
// the same host, which it sends cookies for; and nobody is signed in by another one's page.
func TestPagesAreSafeFromOtherSites(t *testing.T) {
	t.Parallel()
	p := newPages(t)
	cookie := p.signIn(t, "good")
	if !cookie.HttpOnly || !cookie.Secure || cookie.SameSite != http.SameSiteStrictMode || cookie.Path != "/jobs/" || cookie.Domain != "" ||
		!strings.HasPrefix(cookie.Name, "__Secure-") || cookie.MaxAge <= 0 || cookie.MaxAge > 600 || len(cookie.Value) < 40 {
		t.Errorf("the cookie is %v", cookie)
	}
	session := cookie.Name + "=" + cookie.Value
	for _, trial := range []struct {
		name, method, path, body string
		headers                  []string
		status                   int
	}{
		{"a form of another site", "POST", "/jobs/api/jobs/delete", `{"ids":["1"]}`, []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"}, 403},
		{"a form of another port", "POST", "/jobs/api/jobs/delete", `{"ids":["1"]}`, []string{"Sec-Fetch-Site", "same-site", "Origin", "http://example.com:9"}, 403},
		{"an old browser's form", "POST", "/jobs/api/jobs/delete", `{"ids":["1"]}`, []string{"Origin", "https://evil.example"}, 403},
		{"a form without a word", "POST", "/jobs/api/jobs/delete", `{"ids":["1"]}`, nil, 403},
		{"a form of nowhere", "POST", "/jobs/api/jobs/delete", `{"ids":["1"]}`, []string{"Origin", "null"}, 403},
		{"an address that was typed is no write", "POST", "/jobs/api/jobs/delete", `{"ids":["1"]}`, []string{"Sec-Fetch-Site", "none"}, 403},
		{"a put of another site", "PUT", "/jobs/api/queues/default/pause", "", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"a script of another port reads", "GET", "/jobs/api/jobs", "", []string{"Sec-Fetch-Site", "same-site"}, 403},
		{"a frame of another site", "GET", "/jobs/", "", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Dest", "iframe"}, 403},
		{"signing out by another site", "DELETE", "/jobs/session", "", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"another method by a header", "POST", "/jobs/api/jobs/delete", `{}`, []string{"Sec-Fetch-Site", "same-origin", "X-HTTP-Method-Override", "DELETE"}, 400},
		{"compressed", "POST", "/jobs/api/jobs/delete", `{}`, []string{"Sec-Fetch-Site", "same-origin", "Content-Encoding", "gzip"}, 415},
		{"a member twice", "POST", "/jobs/api/jobs/delete", `{"ids":["1"],"ids":["2"]}`, []string{"Sec-Fetch-Site", "same-origin"}, 400},
		{"two sessions", "GET", "/jobs/api/jobs", "", []string{"Sec-Fetch-Site", "same-origin", "Cookie", session}, 401},
		{"a method of nobody's", "TRACE", "/jobs/", "", nil, 405},
	} {
		before := len(p.got)
		w := p.ask(t, trial.method, trial.path, trial.body, append([]string{"Cookie", session}, trial.headers...)...)
		if w.Code != trial.status || len(p.got) != before {
			t.Errorf("%s: %d, want %d; done was %v", trial.name, w.Code, trial.status, p.got[before:])
		}
		for name := range w.Header() {
			if strings.HasPrefix(name, "Access-Control-") {
				t.Errorf("%s: %s", trial.name, name)
			}
		}
	}
	plain := httptest.NewRequestWithContext(t.Context(), "POST", "/jobs/api/jobs/delete", strings.NewReader(`{"ids":["1"]}`))
	plain.Header.Set("Content-Type", "text/plain") // as a form can
	plain.Header.Set("Cookie", session)
	plain.Header.Set("Sec-Fetch-Site", "same-origin")
	w := httptest.NewRecorder()
	p.ServeHTTP(w, plain)
	if w.Code != http.StatusUnsupportedMediaType {
		t.Errorf("JSON as plain text: %d", w.Code)
	}
	for _, headers := range [][]string{
		{"Cookie", session, "Sec-Fetch-Site", "same-origin"},
		{"Authorization", "Bearer good", "Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"},
		nil,
	} {
		if w := p.ask(t, "POST", "/jobs/session", "", headers...); w.Code < 400 || len(w.Result().Cookies()) != 0 {
			t.Errorf("signed in by %q: %d", headers, w.Code)
		}
	}
	if w := p.ask(t, "GET", "/jobs/api/jobs", "", "Cookie", session, "Sec-Fetch-Site", "none"); w.Code != 200 {
		t.Errorf("an address that was typed: %d", w.Code)
	}
	if w := p.ask(t, "POST", "/jobs/api/jobs/cancel", `{"ids":["1"]}`, "Cookie", session, "Sec-Fetch-Site", "same-origin", "Origin", "http://example.com"); w.Code != 200 {
		t.Errorf("a page of ours: %d", w.Code)
	}
}

// TestSignedInOnlyAsLongAsTheToken: the token behind the cookie is looked at for each request, and ends both.
func TestSignedInOnlyAsLongAsTheToken(t *testing.T) {
	t.Parallel()
	p := newPages(t)
	cookie := p.signIn(t, "good")
	if brief := p.signIn(t, "brief"); brief.MaxAge > 30 {
		t.Errorf("the cookie outlives its token: %v", brief)
	}
	browser := []string{"Cookie", cookie.Name + "=" + cookie.Value, "Sec-Fetch-Site", "same-origin"}
	p.keeper.forget("good")
	if w := p.ask(t, "GET", "/jobs/api/jobs", "", browser...); w.Code != 401 {
		t.Errorf("after the token was revoked: %d", w.Code)
	}
	for _, token := range []string{"read", "site", "nobody"} {
		if w := p.ask(t, "POST", "/jobs/session", "", "Authorization", "Bearer "+token); w.Code < 400 || len(w.Result().Cookies()) != 0 {
			t.Errorf("%s signed in: %d", token, w.Code)
		}
	}
	// Whoever shows a page is asked to sign in, and a program is told so.
	w := p.ask(t, "GET", "/jobs/", "", "Accept", "text/html,application/xhtml+xml")
	if w.Code != 401 || !strings.Contains(w.Body.String(), `src="/jobs/sign-in/page.js"`) || strings.Contains(w.Body.String(), "<script>") {
		t.Errorf("the page to sign in: %d %s", w.Code, w.Body)
	}
	for _, path := range []string{"/jobs/sign-in", "/jobs/sign-in/page.js", "/jobs/sign-in/page.css"} {
		if w := p.ask(t, "GET", path, ""); w.Code != 200 {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	for _, path := range []string{"/jobs/sign-in/index.html", "/jobs/sign-in/../api/jobs", "/jobsx/", "/api/jobs", "/metrics"} {
		if w := p.ask(t, "GET", path, ""); w.Code != 404 && w.Code != 401 {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	if len(p.got) != 0 {
		t.Errorf("went on: %v", p.got)
	}
}

// TestSigningInIsBounded: who tries tokens has to wait.
func TestSigningInIsBounded(t *testing.T) {
	t.Parallel()
	p := newPages(t)
	last := 0
	for range 1100 {
		if last = p.ask(t, "POST", "/jobs/session", "", "Authorization", "Bearer guess").Code; last != 401 {
			break
		}
	}
	if last != http.StatusTooManyRequests {
		t.Errorf("answered %d", last)
	}
	if w := p.ask(t, "GET", "/jobs/api/jobs", "", "Authorization", "Bearer good"); w.Code != 200 {
		t.Errorf("a good token from there: %d", w.Code)
	}
}
