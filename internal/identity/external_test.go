package identity_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/millrace-erp/millrace/internal/httpapi/httpapitest"
	"github.com/millrace-erp/millrace/internal/identity"
	"github.com/millrace-erp/millrace/internal/problem"
	"github.com/millrace-erp/millrace/internal/testdb"
)

// stranger is another issuer.
type stranger struct {
	*httptest.Server

	key     *rsa.PrivateKey
	fetched atomic.Int32
	isDown  atomic.Bool
	mu      sync.Mutex
	set     jose.JSONWebKeySet
	claimed string // what its document says that it is
}

func newStranger(t *testing.T) *stranger {
	t.Helper()
	s := &stranger{}
	var err error
	if s.key, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		t.Fatal(err)
	}
	s.set.Keys = []jose.JSONWebKey{{Key: &s.key.PublicKey, KeyID: "one", Algorithm: "RS256", Use: "sig"}, {Key: []byte("a secret that was published"), KeyID: "shared"}}
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"issuer": %q, "jwks_uri": %q, "token_endpoint": "x", "authorization_endpoint": "x"}`, s.claimed, s.URL+"/keys")
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		s.fetched.Add(1)
		if s.isDown.Load() {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		_ = json.NewEncoder(w).Encode(s.set)
	})
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	s.claimed = s.URL
	return s
}

func (s *stranger) token(changes m) string {
	now := time.Now().Unix()
	return rs(m{"alg": "RS256", "typ": "at+jwt", "kid": "one", "x5t": "ignored"}, edit(m{
		"iss": s.URL, "aud": "millrace", "sub": "4f1c", "azp": "portal", "preferred_username": "ayse", "iat": now, "exp": now + 300,
		"scope": "openid millrace/catalog:read other/inventory:write", "realm_access": m{"roles": []string{"viewer", "unknown"}}, "sites": []string{"ONE"},
	}, changes), s.key)
}

func TestOtherIssuer(t *testing.T) {
	t.Parallel()
	s := newStranger(t)
	db := testdb.New(t)
	open := func(url string) *identity.Verifier {
		v, err := identity.OpenExternal(db.Pool, identity.ExternalOptions{
			URL: url, Audience: "millrace", Subject: "preferred_username", ScopePrefix: "millrace/", Roles: "realm_access.roles",
		})
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	v := open(s.URL)
	// Many at once, and the issuer is asked once.
	var wait sync.WaitGroup
	for range 30 {
		wait.Go(func() {
			p, err := v.Authenticate(t.Context(), nil, s.token(nil))
			if err != nil {
				t.Error(err)
				return
			}
			if p.Subject != "ayse" || p.Client != "portal" || !p.May("catalog:read") || !p.May("costing:read") || p.May("inventory:write") || p.May("openid") || !slices.Equal(p.Sites, []string{"ONE"}) {
				t.Errorf("%+v", p)
			}
		})
	}
	wait.Wait()
	if n := s.fetched.Load(); n != 1 {
		t.Errorf("asked %d times", n)
	}
	// Unknown kids are refused and fetch nothing for a while; down or not, what is known stays known.
	s.isDown.Store(true)
	for n := range 50 {
		if _, err := v.Authenticate(t.Context(), nil, rs(m{"alg": "RS256", "typ": "at+jwt", "kid": fmt.Sprint(n)}, m{}, s.key)); err == nil {
			t.Error("taken")
		}
	}
	if _, err := v.Authenticate(t.Context(), nil, s.token(m{"jti": "new"})); err != nil || s.fetched.Load() != 1 {
		t.Error(err, s.fetched.Load())
	}
	for name, token := range map[string]string{
		"other issuer": s.token(m{"iss": "https://evil.example"}), "other audience": s.token(m{"aud": "portal"}), "no name": s.token(m{"preferred_username": nil}),
		"shared secret": hs(m{"alg": "HS256", "typ": "at+jwt", "kid": "shared"}, m{"iss": s.URL}, []byte("a secret that was published"), sha256.New),
		"our issuer":    rs(m{"alg": "RS256", "typ": "at+jwt", "kid": "one"}, m{"iss": issuerURL, "aud": "millrace", "sub": "a", "iat": 1, "exp": 9999999999}, s.key),
	} {
		if p, err := v.Authenticate(t.Context(), nil, token); err == nil {
			t.Errorf("%s: %+v", name, p)
		}
	}
	p, err := v.Authenticate(t.Context(), nil, s.token(m{"sites": nil, "scope": nil, "realm_access": nil}))
	if err != nil || p.Sites == nil || len(p.Sites) != 0 || len(p.Scopes) != 0 {
		t.Errorf("%+v, %v", p, err)
	}
	// Our own endpoints are off.
	api := httpapitest.With(t, db, v)
	for _, path := range []string{"/oauth2/token", "/oauth2/revoke", "/oauth2/introspect", "/.well-known/jwks.json", "/.well-known/oauth-authorization-server"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, api.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+s.token(nil))
		if got := api.Do(t, r); got.Status != 404 {
			t.Errorf("%s: %d", path, got.Status)
		}
	}
	// One that cannot be reached, or says that it is another, is no reason to let somebody in.
	for name, v := range map[string]*identity.Verifier{"down": open(s.URL), "nobody": open("http://127.0.0.1:1")} {
		_, err := v.Authenticate(t.Context(), nil, rs(m{"alg": "RS256", "typ": "at+jwt", "kid": "one"}, m{}, s.key))
		var refused *problem.Problem
		if !errors.As(err, &refused) || refused.Status != 503 {
			t.Errorf("%s: %v", name, err)
		}
	}
	s.isDown.Store(false)
	s.claimed = "https://evil.example"
	if _, err := open(s.URL).Authenticate(t.Context(), nil, s.token(nil)); err == nil {
		t.Error("another issuer's document was taken")
	}
	for _, options := range []identity.ExternalOptions{{}, {URL: "http://login.example"}, {URL: "https://login.example?x=1"}, {URL: "https://login.example", Algorithm: "HS256"}, {URL: "https://login.example", Algorithm: "none"}} {
		if _, err := identity.OpenExternal(db.Pool, options); err == nil {
			t.Errorf("%+v was taken", options)
		}
	}
}
