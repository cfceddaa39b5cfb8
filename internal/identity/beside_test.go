package identity_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/millrace-erp/millrace/internal/httpapi"
	"github.com/millrace-erp/millrace/internal/httpapi/httpapitest"
	"github.com/millrace-erp/millrace/internal/identity"
	"github.com/millrace-erp/millrace/internal/problem"
	"github.com/millrace-erp/millrace/internal/testdb"
)

// elsewhere sends whatever is asked of the issuer to where it really is.
type elsewhere struct{ host string }

func (e elsewhere) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.URL.Scheme, r.URL.Host, r.Host = "http", e.host, ""
	return http.DefaultTransport.RoundTrip(r)
}

// TestBeside: a program that holds no key takes what the issuer signed, for as long as the database says so, and no attack on a token gets
// further there than at the API. It works as the worker's role.
func TestBeside(t *testing.T) {
	t.Parallel()
	b := setup(t)
	address, err := url.Parse(b.URL)
	if err != nil {
		t.Fatal(err)
	}
	beside, err := identity.NewBeside(b.DB.As(t, testdb.WorkerRole), identity.BesideOptions{URL: issuerURL, HTTP: &http.Client{Transport: elsewhere{address.Host}}})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(token string) (httpapi.Principal, int) {
		p, err := beside.Authenticate(t.Context(), nil, token)
		if err != nil {
			return p, problem.From(err).Status
		}
		return p, 200
	}
	p, status := ask(b.token)
	if status != 200 || p.Subject != "admin" || !p.May("jobs:admin") || p.Sites != nil || p.Expires.IsZero() {
		t.Fatalf("%d %+v", status, p)
	}

	kid, key := b.issuer.SigningKey()
	text, err := base64.RawURLEncoding.DecodeString(strings.Split(b.token, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims m
	if err := json.Unmarshal(text, &claims); err != nil {
		t.Fatal(err)
	}
	all := attacks(t, kid, key, b.token)
	for name, strange := range map[string]string{"NUL": kid + "\x00", "SQL": "' OR '1'='1", "a path": "../../" + kid, "another": "another", "line": kid + "\n"} {
		all["kid: "+name] = rs(m{"alg": "RS256", "typ": "at+jwt", "kid": strange}, claims, key)
	}
	header := m{"alg": "RS256", "typ": "at+jwt", "kid": kid}
	for name, changes := range map[string]m{"no session": {"sid": nil}, "unknown session": {"sid": "999999"}, "another subject": {"sub": "root"}, "a device": {"device": "TAB-09"}} {
		all[name] = rs(header, edit(claims, changes), key)
	}
	for name, token := range all {
		if _, status := ask(token); status != 401 {
			t.Errorf("%s: %d", name, status)
		}
	}
	// Whoever stole the key can sign for a session that there is, and gets no more than it may.
	b.post(t, "/v1/sites", m{"code": "ELBE", "name": "Elbe", "country": "DE", "currency": "EUR", "time_zone": "Europe/Berlin"}).Want(200)
	if _, err := identity.Bootstrap(t.Context(), b.DB.Pool, "small", "operator", "ELBE"); err != nil {
		t.Fatal(err)
	}
	small, err := b.issuer.ClientToken(t.Context(), "small")
	if err != nil {
		t.Fatal(err)
	}
	text, err = base64.RawURLEncoding.DecodeString(strings.Split(small, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	var theirs m
	if err := json.Unmarshal(text, &theirs); err != nil {
		t.Fatal(err)
	}
	p, status = ask(rs(header, edit(theirs, m{"scope": "jobs:admin inventory:write", "sites": "*"}), key))
	if status != 200 || p.May("jobs:admin") || !p.May("inventory:write") || !slices.Equal(p.Sites, []string{"ELBE"}) {
		t.Errorf("more than the session may: %d %+v", status, p)
	}
	// And nothing once the key was dropped, though its public half was read a moment ago.
	if _, err := identity.RotateKey(t.Context(), b.DB.Pool, httpapitest.Box(), true); err != nil {
		t.Fatal(err)
	}
	if _, status := ask(b.token); status != 401 {
		t.Errorf("a key that was dropped: %d", status)
	}
	for _, bad := range []string{"", "millrace.plant.example", "http://millrace.plant.example", "ftp://127.0.0.1"} {
		if _, err := identity.NewBeside(b.DB.Pool, identity.BesideOptions{URL: bad}); err == nil {
			t.Errorf("%q is taken for an issuer", bad)
		}
	}
}
