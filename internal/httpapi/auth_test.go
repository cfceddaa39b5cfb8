package httpapi_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/millrace-erp/millrace/internal/httpapi"
)

// guard knows one principal.
type guard struct{ principal httpapi.Principal }

// somebody sends what is sent with the token of these tests.
var somebody = guard{httpapi.Principal{Subject: "Ayşe \"Y\" <a&b>\u2028", Device: `\press-3`, Scopes: []string{"inventory:write"}}}

func (g guard) Authenticate(_ context.Context, _ *http.Request, given string) (httpapi.Principal, error) {
	if given != "good" && given != token {
		return httpapi.Principal{}, httpapi.Unauthorized()
	}
	return g.principal, nil
}

// TestPrincipal: what the authenticator says is what SQL is told.
func TestPrincipal(t *testing.T) {
	t.Parallel()
	var got string
	api := httpapi.New(httpapi.Options{Authenticator: guard{httpapi.Principal{
		Subject: `O-"7"`, Device: "press-3", Scopes: []string{"inventory:read", "inventory:write"}, Sites: []string{},
	}}})
	httpapi.Command[echo, echoed](api, httpapi.CommandSpec{OperationID: "echo-item", Scope: "inventory:write", Path: "/v1/echoes", Tag: "Test", Summary: "Echo"},
		func(ctx context.Context, requestContext, _ json.RawMessage) (row, error) {
			got = string(requestContext)
			if p := httpapi.PrincipalOf(ctx); !p.May("inventory:read") || p.May("inventory:close") || p.May("") {
				t.Errorf("%+v", p)
			}
			return row{Status: 201, Body: []byte(`{"item": "A"}`)}, nil
		})
	r := httptest.NewRequestWithContext(t.Context(), "POST", "/v1/echoes", strings.NewReader(good))
	r.Header.Set("Authorization", "bearer good")
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Idempotency-Key", key)
	r.Header.Set("X-Request-Id", "my-request-1")
	r.Header.Set("Millrace-Operator", "somebody else")
	w := httptest.NewRecorder()
	api.ServeHTTP(w, r)
	want := `{"key":"` + key + `","actor":"O-\"7\"","device":"press-3","request_id":"my-request-1","scopes":["inventory:read","inventory:write"],"sites":[]}`
	if w.Code != 201 || got != want {
		t.Errorf("%d: SQL got %s\nwant %s", w.Code, got, want)
	}
}

// TestChallenge: RFC 6750, section 3.
func TestChallenge(t *testing.T) {
	t.Parallel()
	const bare, invalid = `Bearer realm="millrace"`, `error="invalid_token"`
	api := httpapi.New(httpapi.Options{Authenticator: guard{}})
	for name, tt := range map[string]struct {
		credentials []string
		challenge   string
	}{
		"none":         {nil, bare},
		"empty":        {[]string{""}, bare},
		"bad":          {[]string{"Bearer bad"}, invalid},
		"no token":     {[]string{"Bearer "}, invalid},
		"two":          {[]string{"Bearer good", "Bearer good"}, invalid},
		"other scheme": {[]string{"Basic good"}, invalid},
		"huge":         {[]string{"Bearer " + strings.Repeat("x", 10_000)}, invalid},
	} {
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/v1/x", nil)
		r.Header["Authorization"] = tt.credentials
		api.ServeHTTP(w, r)
		got := w.Header().Get("WWW-Authenticate")
		if w.Code != 401 || !strings.HasPrefix(got, bare) || (tt.challenge == bare) != (got == bare) || !strings.Contains(got, tt.challenge) {
			t.Errorf("%s: %d %s", name, w.Code, got)
		}
	}
}

// TestPublic: such a path takes what it takes, without a token, and everything below it.
func TestPublic(t *testing.T) {
	t.Parallel()
	api := httpapi.New(httpapi.Options{})
	api.Public("/oauth2/token", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) }))
	api.Public("/floor/", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	for path, want := range map[string]int{
		"/oauth2/token": 202, "/oauth2/token/": 401, "/oauth2": 401, "/floor/": 418, "/floor/js/app.js": 418, "/floor": 401, "/": 401, "/oauth2/token?a=1&a=2": 400,
	} {
		w := httptest.NewRecorder()
		api.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "POST", path, strings.NewReader("a=b")))
		if w.Code != want || w.Header().Get("X-Content-Type-Options") != "nosniff" || w.Header().Get("X-Request-Id") == "" {
			t.Errorf("%s: %d %v", path, w.Code, w.Header())
		}
	}
}
