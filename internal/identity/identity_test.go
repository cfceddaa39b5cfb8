package identity_test

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/millrace-erp/millrace/internal/httpapi/httpapitest"
	"github.com/millrace-erp/millrace/internal/identity"
	"github.com/millrace-erp/millrace/internal/testdb"
)

const issuerURL = "https://millrace.test"

// bundle is an API with its own issuer, and the first client.
type bundle struct {
	*httpapitest.API

	issuer *identity.Issuer
	secret string // of the client admin
	token  string // of it
	log    *logBuffer
}

func issuerOver(t testing.TB, db *testdb.DB, log io.Writer) *identity.Issuer {
	t.Helper()
	issuer, err := identity.Open(t.Context(), db.Pool, identity.Options{
		URL: issuerURL, Box: httpapitest.Box(), Log: slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if err != nil {
		t.Fatal(err)
	}
	return issuer
}

func setup(t testing.TB) *bundle {
	t.Helper()
	b := &bundle{log: &logBuffer{}}
	db := testdb.New(t)
	b.issuer = issuerOver(t, db, b.log)
	b.API = httpapitest.With(t, db, b.issuer)
	var err error
	b.secret, err = identity.Bootstrap(t.Context(), db.Pool, "admin", "administrator", "*")
	if err != nil {
		t.Fatal(err)
	}
	b.token = b.clientToken(t)
	return b
}

// another is a second process over the same database.
func (b *bundle) another(t testing.TB) *bundle {
	t.Helper()
	other := *b
	other.API = httpapitest.With(t, b.DB, issuerOver(t, b.DB, b.log))
	return &other
}

type oauth struct {
	Status int
	Header http.Header
	Text   string

	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int    `json:"expires_in"`
	RefreshToken string `json:"refresh_token"`
	Scope        string `json:"scope"`
	Operator     string `json:"operator"`
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
	Error        string `json:"error"`
	Description  string `json:"error_description"`
	Active       bool   `json:"active"`
	Subject      string `json:"sub"`
}

// form posts to an endpoint, with the client's secret in the header if there is one.
func form(t testing.TB, address, client, secret string, values ...string) oauth {
	t.Helper()
	body := url.Values{}
	for i := 0; i < len(values); i += 2 {
		body.Set(values[i], values[i+1])
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(body.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if client != "" {
		r.SetBasicAuth(url.QueryEscape(client), url.QueryEscape(secret))
	}
	return send(t, r)
}

func send(t testing.TB, r *http.Request) oauth {
	t.Helper()
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := oauth{Status: resp.StatusCode, Header: resp.Header, Text: string(text)}
	if len(text) > 0 {
		if err := json.Unmarshal(text, &a); err != nil {
			t.Fatalf("%v in %s", err, text)
		}
	}
	if got := resp.Header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control %q", got)
	}
	return a
}

func (a oauth) want(t testing.TB, status int, code string) oauth {
	t.Helper()
	if a.Status != status || a.Error != code {
		t.Fatalf("got %d %s, want %d %s: %s", a.Status, a.Error, status, code, a.Text)
	}
	return a
}

func (b *bundle) oauth(t testing.TB, client, secret string, values ...string) oauth {
	t.Helper()
	return form(t, b.URL+"/oauth2/token", client, secret, values...)
}

func (b *bundle) clientToken(t testing.TB) string {
	t.Helper()
	return b.oauth(t, "admin", b.secret, "grant_type", "client_credentials").want(t, 200, "").AccessToken
}

// post sends a command with the administrator's token.
func (b *bundle) post(t testing.TB, path string, body any) *httpapitest.Answer {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return b.send(t, b.token, http.MethodPost, path, string(text))
}

func (b *bundle) send(t testing.TB, token, method, path, body string) *httpapitest.Answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, b.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Idempotency-Key", httpapitest.Key())
	}
	return b.Do(t, r)
}

type m = map[string]any

// pair makes a device and gives its secret.
func (b *bundle) pair(t testing.TB, device string) string {
	t.Helper()
	b.post(t, "/v1/devices", m{"code": device, "name": "At the gate", "roles": []string{"operator"}, "sites": []string{"*"}}).Want(200)
	code := b.post(t, "/v1/pairing-codes", m{"device": device}).Want(201).Text("code")
	return b.oauth(t, "", "", "grant_type", identity.PairingGrant, "pairing_code", code).want(t, 200, "").ClientSecret
}

const pin = "739152"

// hire makes an operator with a badge and a PIN.
func (b *bundle) hire(t testing.TB, number string) (badge string) {
	t.Helper()
	badge = "badge-" + number
	b.post(t, "/v1/operators", m{"number": number, "name": "Ayşe " + number, "roles": []string{"operator"}, "sites": []string{"*"}}).Want(200)
	b.post(t, "/v1/badges", m{"badge": badge, "operator": number}).Want(200)
	b.post(t, "/v1/operator-pins", m{"operator": number, "pin": pin}).Want(200)
	return badge
}

func (b *bundle) logIn(t testing.TB, device, secret, badge, pin string) oauth {
	t.Helper()
	return b.oauth(t, device, secret, "grant_type", identity.BadgeGrant, "badge", badge, "pin", pin)
}

// eventually fails the test when it does not become true within seconds.
func eventually(t testing.TB, what string, isSo func() bool) {
	t.Helper()
	for range 200 {
		if isSo() {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("never: " + what)
}

type logBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// TestWayOfAnOperator: from nothing to a posting, and back out.
func TestWayOfAnOperator(t *testing.T) {
	t.Parallel()
	b := setup(t)
	secret := b.pair(t, "TAB-01")
	badge := b.hire(t, "O-7")
	in := b.logIn(t, "TAB-01", secret, badge, pin).want(t, 200, "")
	if in.TokenType != "Bearer" || in.ExpiresIn < 500 || in.ExpiresIn > 600 || in.Operator != "O-7" || !strings.Contains(in.Scope, "inventory:write") {
		t.Errorf("%+v", in)
	}
	b.send(t, in.AccessToken, "GET", "/v1/items", "").Want(200)
	b.send(t, in.AccessToken, "GET", "/v1/sessions", "") // whether this is allowed is not for here
	next := b.oauth(t, "TAB-01", secret, "grant_type", "refresh_token", "refresh_token", in.RefreshToken).want(t, 200, "")
	if next.RefreshToken == in.RefreshToken || next.RefreshToken == "" || next.Scope != in.Scope {
		t.Errorf("%+v", next)
	}
	if got := form(t, b.URL+"/oauth2/introspect", "admin", b.secret, "token", next.AccessToken).want(t, 200, ""); !got.Active || got.Subject != "O-7" {
		t.Errorf("%+v", got)
	}
	// Log out.
	form(t, b.URL+"/oauth2/revoke", "TAB-01", secret, "token", next.RefreshToken).want(t, 200, "")
	b.send(t, next.AccessToken, "GET", "/v1/items", "").Want(401)
	b.send(t, in.AccessToken, "GET", "/v1/items", "").Want(401)
	b.oauth(t, "TAB-01", secret, "grant_type", "refresh_token", "refresh_token", next.RefreshToken).want(t, 400, "invalid_grant")
	if got := form(t, b.URL+"/oauth2/introspect", "admin", b.secret, "token", next.AccessToken).want(t, 200, ""); got.Active {
		t.Errorf("%+v", got)
	}
}
