package identity_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"golang.org/x/crypto/argon2"

	"github.com/millrace-erp/millrace/internal/httpapi/httpapitest"
	"github.com/millrace-erp/millrace/internal/identity"
	"github.com/millrace-erp/millrace/internal/sealbox"
)

// TestTokenEndpoint: RFC 6749, 5.2 and what it is to be careful with.
func TestTokenEndpoint(t *testing.T) {
	t.Parallel()
	b := setup(t)
	device := b.pair(t, "TAB-01")
	endpoint := b.URL + "/oauth2/token"
	raw := func(method, address, contentType, authorization, body string) oauth {
		r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", contentType)
		if authorization != "" {
			r.Header.Set("Authorization", authorization)
		}
		return send(t, r)
	}
	const formType = "application/x-www-form-urlencoded"
	basic := func(user, password string) string {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(user)+":"+url.QueryEscape(password)))
	}
	admin := basic("admin", b.secret)
	for name, tt := range map[string]struct {
		got    oauth
		status int
		code   string
	}{
		"get":                {raw("GET", endpoint, formType, "", ""), 405, "invalid_request"},
		"JSON":               {raw("POST", endpoint, "application/json", "", `{"grant_type":"client_credentials"}`), 415, "invalid_request"},
		"in the address":     {raw("POST", endpoint+"?grant_type=client_credentials", formType, admin, ""), 400, "invalid_request"},
		"nothing":            {raw("POST", endpoint, formType, admin, ""), 400, "invalid_request"},
		"twice":              {raw("POST", endpoint, formType, admin, "grant_type=client_credentials&grant_type=client_credentials"), 400, "invalid_request"},
		"not UTF-8":          {raw("POST", endpoint, formType, admin, "grant_type=client_credentials&x=%ff"), 400, "invalid_request"},
		"a NUL":              {raw("POST", endpoint, formType, admin, "grant_type=client_credentials&x=%00"), 400, "invalid_request"},
		"huge":               {raw("POST", endpoint, formType, admin, "grant_type=client_credentials&x="+strings.Repeat("x", 20_000)), 413, "invalid_request"},
		"unknown grant":      {raw("POST", endpoint, formType, admin, "grant_type=password&username=a&password=b"), 400, "unsupported_grant_type"},
		"no client":          {raw("POST", endpoint, formType, "", "grant_type=client_credentials"), 401, "invalid_client"},
		"unknown client":     {raw("POST", endpoint, formType, basic("nobody", b.secret), "grant_type=client_credentials"), 401, "invalid_client"},
		"wrong secret":       {raw("POST", endpoint, formType, basic("admin", b.secret+"x"), "grant_type=client_credentials"), 401, "invalid_client"},
		"other's secret":     {raw("POST", endpoint, formType, basic("admin", device), "grant_type=client_credentials"), 401, "invalid_client"},
		"in two ways":        {raw("POST", endpoint, formType, admin, "grant_type=client_credentials&client_secret="+b.secret), 400, "invalid_request"},
		"two clients":        {raw("POST", endpoint, formType, admin, "grant_type=client_credentials&client_id=other"), 400, "invalid_request"},
		"bearer":             {raw("POST", endpoint, formType, "Bearer "+b.token, "grant_type=client_credentials"), 401, "invalid_client"},
		"device alone":       {raw("POST", endpoint, formType, basic("TAB-01", device), "grant_type=client_credentials"), 400, "unauthorized_client"},
		"badge on no device": {raw("POST", endpoint, formType, admin, "grant_type="+identity.BadgeGrant+"&badge=x&pin=1"), 400, "unauthorized_client"},
		"no scope of its":    {raw("POST", endpoint, formType, admin, "grant_type=client_credentials&scope=nothing:at-all"), 400, "invalid_scope"},
		"no pin":             {raw("POST", endpoint, formType, basic("TAB-01", device), "grant_type="+identity.BadgeGrant+"&badge=x"), 400, "invalid_request"},
		"no code":            {raw("POST", endpoint, formType, "", "grant_type="+identity.PairingGrant), 400, "invalid_request"},
		"wrong code":         {raw("POST", endpoint, formType, "", "grant_type="+identity.PairingGrant+"&pairing_code=ABCDEFGH"), 400, "invalid_grant"},
		"no refresh":         {raw("POST", endpoint, formType, basic("TAB-01", device), "grant_type=refresh_token"), 400, "invalid_request"},
		"unknown refresh":    {raw("POST", endpoint, formType, basic("TAB-01", device), "grant_type=refresh_token&refresh_token=x"), 400, "invalid_grant"},
		"in the form":        {raw("POST", endpoint, formType+"; charset=UTF-8", "", "grant_type=client_credentials&client_id=admin&client_secret="+b.secret), 200, ""},
		"empty parameter":    {raw("POST", endpoint, formType, admin, "grant_type=client_credentials&scope="), 200, ""},
		"less":               {raw("POST", endpoint, formType, admin, "grant_type=client_credentials&scope=catalog:read+unknown:thing"), 200, ""},
	} {
		if tt.got.Status != tt.status || tt.got.Error != tt.code {
			t.Errorf("%s: %d %s", name, tt.got.Status, tt.got.Text)
		}
		if tt.status == 401 && !strings.HasPrefix(tt.got.Header.Get("WWW-Authenticate"), "Basic ") {
			t.Errorf("%s: no challenge", name)
		}
		if name == "less" && tt.got.Scope != "catalog:read" {
			t.Errorf("scope %q", tt.got.Scope)
		}
	}
	for _, path := range []string{"/oauth2/revoke", "/oauth2/introspect"} {
		form(t, b.URL+path, "", "", "token", b.token).want(t, 401, "invalid_client")
		form(t, b.URL+path, "admin", b.secret).want(t, 400, "invalid_request")
		form(t, b.URL+path, "admin", b.secret, "token", "no token").want(t, 200, "")
	}
	// A device learns nothing of others' tokens.
	if got := form(t, b.URL+"/oauth2/introspect", "TAB-01", device, "token", b.token); got.Active {
		t.Error("a device looked into another's token")
	}
	// Nor does revoking others' tokens do anything.
	form(t, b.URL+"/oauth2/revoke", "TAB-01", device, "token", b.token).want(t, 200, "")
	b.send(t, b.token, "GET", "/v1/items", "").Want(200)
}

// TestMetadata: what is announced is there, and the published key verifies what was signed.
func TestMetadata(t *testing.T) {
	t.Parallel()
	b := setup(t)
	read := func(path string, v any) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		if err := json.NewDecoder(resp.Body).Decode(v); err != nil || resp.StatusCode != 200 {
			t.Fatal(path, resp.StatusCode, err)
		}
	}
	var metadata map[string]any
	read("/.well-known/oauth-authorization-server", &metadata)
	if metadata["issuer"] != issuerURL || metadata["token_endpoint"] != issuerURL+"/oauth2/token" || metadata["jwks_uri"] != issuerURL+"/.well-known/jwks.json" {
		t.Errorf("%v", metadata)
	}
	var set jose.JSONWebKeySet
	read("/.well-known/jwks.json", &set)
	signed, err := jose.ParseSignedCompact(b.token, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil || len(set.Keys) != 1 || !set.Keys[0].IsPublic() {
		t.Fatal(err, set)
	}
	header := signed.Signatures[0].Header
	if _, err := signed.Verify(set.Key(header.KeyID)[0]); err != nil || header.ExtraHeaders["typ"] != "at+jwt" {
		t.Error(err, header)
	}
}

// TestRefreshTokenIsGoodOnce: of many at once, at two processes, one gets a new token, and then the session is over: somebody
// else has the token.
func TestRefreshTokenIsGoodOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	secret := b.pair(t, "TAB-01")
	badge := b.hire(t, "O-7")
	other := b.logIn(t, "TAB-01", secret, badge, pin).want(t, 200, "")
	in := b.logIn(t, "TAB-01", secret, badge, pin).want(t, 200, "")
	var good atomic.Int32
	var wait sync.WaitGroup
	processes := [2]*bundle{b, b.another(t)}
	for n := range 8 {
		wait.Go(func() {
			if got := processes[n%2].oauth(t, "TAB-01", secret, "grant_type", "refresh_token", "refresh_token", in.RefreshToken); got.Status == 200 {
				good.Add(1)
			}
		})
	}
	wait.Wait()
	if good.Load() != 1 {
		t.Errorf("%d got a token", good.Load())
	}
	eventually(t, "the session is over", func() bool { return b.send(t, in.AccessToken, "GET", "/v1/items", "").Status == 401 })
	// The other session goes on.
	next := b.oauth(t, "TAB-01", secret, "grant_type", "refresh_token", "refresh_token", other.RefreshToken).want(t, 200, "")
	b.send(t, next.AccessToken, "GET", "/v1/items", "").Want(200)
	// A token that another device brings ends its session as well.
	thief := b.pair(t, "TAB-02")
	b.oauth(t, "TAB-02", thief, "grant_type", "refresh_token", "refresh_token", next.RefreshToken).want(t, 400, "invalid_grant")
	eventually(t, "the stolen session is over", func() bool { return b.send(t, next.AccessToken, "GET", "/v1/items", "").Status == 401 })
	b.oauth(t, "TAB-01", secret, "grant_type", "refresh_token", "refresh_token", next.RefreshToken).want(t, 400, "invalid_grant")
}

// TestRefreshIsAnsweredAgain: the same request of a device that lost the answer gets the same token,
// until that one is used. The same token under another key, or without one, ends the session.
func TestRefreshIsAnsweredAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	secret := b.pair(t, "TAB-01")
	badge := b.hire(t, "O-7")
	refresh := func(token, key string) oauth {
		return b.oauth(t, "TAB-01", secret, "grant_type", "refresh_token", "refresh_token", token, "idempotency_key", key)
	}
	in := b.logIn(t, "TAB-01", secret, badge, pin).want(t, 200, "")
	refresh(in.RefreshToken, "short").want(t, 400, "invalid_request")
	one, two := httpapitest.Key(), httpapitest.Key()
	var wait sync.WaitGroup
	got := make([]string, 8)
	for n := range got {
		wait.Go(func() { got[n] = refresh(in.RefreshToken, one).RefreshToken })
	}
	wait.Wait()
	next := got[0]
	for _, token := range got {
		if token == "" || token != next || token == in.RefreshToken {
			t.Fatalf("the same request got %v", got)
		}
	}
	last := refresh(next, two).want(t, 200, "")
	b.send(t, last.AccessToken, "GET", "/v1/items", "").Want(200)
	// What came after was used: who still asks for it has not lost an answer.
	refresh(in.RefreshToken, one).want(t, 400, "invalid_grant")
	eventually(t, "the session is over", func() bool { return b.send(t, last.AccessToken, "GET", "/v1/items", "").Status == 401 })
	for _, key := range []string{two, ""} {
		in = b.logIn(t, "TAB-01", secret, badge, pin).want(t, 200, "")
		next := refresh(in.RefreshToken, one).want(t, 200, "")
		refresh(in.RefreshToken, key).want(t, 400, "invalid_grant")
		eventually(t, "the session is over", func() bool { return b.send(t, next.AccessToken, "GET", "/v1/items", "").Status == 401 })
	}
}

// TestPairingCode: it is good once, for one device, for ten minutes, however many try.
func TestPairingCode(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.post(t, "/v1/devices", m{"code": "TAB-01", "name": "Gate", "roles": []string{"operator"}, "sites": []string{"*"}}).Want(200)
	older := b.post(t, "/v1/pairing-codes", m{"device": "TAB-01"}).Want(201).Text("code")
	key := httpapitest.Key()
	request := func() *httpapitest.Answer {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.URL+"/v1/pairing-codes", strings.NewReader(`{"device": "TAB-01"}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+b.token)
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Idempotency-Key", key)
		return b.Do(t, r).Want(201)
	}
	code := request().Text("code")
	if again := request(); !again.Replayed || again.Text("code") != "" {
		t.Errorf("told again: %s", again.Body)
	}
	if len(code) != 8 {
		t.Errorf("code %q", code)
	}
	redeem := func(code string) oauth {
		return b.oauth(t, "", "", "grant_type", identity.PairingGrant, "pairing_code", code)
	}
	redeem(older).want(t, 400, "invalid_grant") // the newer one took its place
	var good atomic.Int32
	var secret atomic.Value
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			if got := redeem(strings.ToLower(code[:4] + "-" + code[4:])); got.Status == 200 {
				good.Add(1)
				secret.Store(got.ClientSecret)
			}
		})
	}
	wait.Wait()
	if good.Load() != 1 {
		t.Fatalf("%d got a secret", good.Load())
	}
	redeem(code).want(t, 400, "invalid_grant")
	badge := b.hire(t, "O-7")
	in := b.logIn(t, "TAB-01", secret.Load().(string), badge, pin).want(t, 200, "")
	// A device that is paired anew takes the place of the one before.
	late := b.post(t, "/v1/pairing-codes", m{"device": "TAB-01"}).Want(201).Text("code")
	redeem(late).want(t, 200, "")
	b.logIn(t, "TAB-01", secret.Load().(string), badge, pin).want(t, 401, "invalid_client")
	eventually(t, "the old sessions are over", func() bool { return b.send(t, in.AccessToken, "GET", "/v1/items", "").Status == 401 })
	// Ten minutes and a second.
	late = b.post(t, "/v1/pairing-codes", m{"device": "TAB-01"}).Want(201).Text("code")
	if _, err := b.DB.Pool.Exec(t.Context(), `UPDATE identity.pairing_code SET expires_at = clock_timestamp() - interval '1 second' WHERE used_at IS NULL`); err != nil {
		t.Fatal(err)
	}
	redeem(late).want(t, 400, "invalid_grant")
}

// TestLockout: a badge has five tries, however many are made at once, at two processes, and whether or not
// anybody has it; each further one takes twice as long.
func TestLockout(t *testing.T) {
	t.Parallel()
	b := setup(t)
	secret := b.pair(t, "TAB-01")
	badge := b.hire(t, "O-7")
	processes := [2]*bundle{b, b.another(t)}
	tried := func(badge string) (wrong, locked int) {
		var a, z atomic.Int32
		var wait sync.WaitGroup
		for n := range 16 {
			wait.Go(func() {
				got := processes[n%2].logIn(t, "TAB-01", secret, badge, "000000")
				switch {
				case got.Error != "invalid_grant":
					t.Errorf("%d %s", got.Status, got.Text)
				case got.Header.Get("Retry-After") != "":
					z.Add(1)
				default:
					a.Add(1)
				}
			})
		}
		wait.Wait()
		return int(a.Load()), int(z.Load())
	}
	for _, badge := range []string{badge, "badge-of-nobody"} {
		if wrong, locked := tried(badge); wrong != 5 || locked != 11 {
			t.Errorf("%s: %d tries, %d locked", badge, wrong, locked)
		}
	}
	// Even the right PIN does not open it now.
	if got := b.logIn(t, "TAB-01", secret, badge, pin).want(t, 400, "invalid_grant"); got.Header.Get("Retry-After") == "" || got.Header.Get("Retry-After") > "60" && len(got.Header.Get("Retry-After")) > 1 {
		t.Errorf("Retry-After %q", got.Header.Get("Retry-After"))
	}
	if at := b.send(t, b.token, "GET", "/v1/badges/"+badge, "").Want(200).Text("locked_until"); at == "" {
		t.Error("nobody sees that it is locked")
	}
	pass := func() {
		t.Helper()
		if _, err := b.DB.Pool.Exec(t.Context(), `UPDATE identity.login_guard SET locked_until = clock_timestamp() WHERE locked_until IS NOT NULL`); err != nil {
			t.Fatal(err)
		}
	}
	for want := 2.0; want <= 8; want *= 2 { // minutes
		pass()
		if wrong, locked := tried(badge); wrong != 1 || locked != 15 {
			t.Errorf("%d tries, %d locked", wrong, locked)
		}
		var minutes float64
		err := b.DB.Pool.QueryRow(t.Context(), `SELECT max(extract(epoch FROM locked_until - clock_timestamp())) / 60 FROM identity.login_guard
			WHERE subject = 'badge:' || encode(sha256(convert_to($1, 'UTF8')), 'hex')`, badge).Scan(&minutes)
		if err != nil || minutes > want || minutes < want-0.5 {
			t.Errorf("locked for %f minutes, not %f: %v", minutes, want, err)
		}
	}
	// By whoever may.
	b.post(t, "/v1/unlocks", m{"badge": badge}).Want(201)
	b.logIn(t, "TAB-01", secret, badge, pin).want(t, 200, "")
	// The right PIN forgets the wrong ones.
	for range 3 {
		for range 4 {
			b.logIn(t, "TAB-01", secret, badge, "000000").want(t, 400, "invalid_grant")
		}
		b.post(t, "/v1/unlocks", m{"device": "TAB-01"}).Want(201)
		b.logIn(t, "TAB-01", secret, badge, pin).want(t, 200, "")
	}
	// A device locks as well, whichever badges are tried.
	b.post(t, "/v1/unlocks", m{"device": "TAB-01"}).Want(201)
	wrong := 0
	for n := range 25 {
		if got := b.logIn(t, "TAB-01", secret, "guess-"+strings.Repeat("x", n), "000000"); got.Header.Get("Retry-After") == "" {
			wrong++
		}
	}
	if wrong != 20 {
		t.Errorf("%d tries on the device", wrong)
	}
}

// TestHashOfPIN: argon2id with the figures that were chosen, another salt for everybody, and no PIN that is tried first.
func TestHashOfPIN(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.hire(t, "O-7")
	b.hire(t, "O-8")
	rows, err := b.DB.Pool.Query(t.Context(), `SELECT hash FROM identity.pin`)
	if err != nil {
		t.Fatal(err)
	}
	var hashes []string
	for rows.Next() {
		var hash string
		if err := rows.Scan(&hash); err != nil {
			t.Fatal(err)
		}
		hashes = append(hashes, hash)
	}
	if len(hashes) != 2 || hashes[0] == hashes[1] {
		t.Fatalf("%q", hashes)
	}
	for _, hash := range hashes {
		parts := strings.Split(hash, "$")
		if parts[3] != "m=19456,t=2,p=1" {
			t.Errorf("%q", hash)
		}
		salt, _ := base64.RawStdEncoding.DecodeString(parts[4])
		if want := base64.RawStdEncoding.EncodeToString(argon2.IDKey([]byte(pin), salt, 2, 19456, 1, 32)); parts[5] != want || len(salt) != 16 {
			t.Errorf("%q is not the PIN's", hash)
		}
	}
	for _, weak := range []string{"0000", "1234", "987654", "7890", "777777"} {
		b.post(t, "/v1/operator-pins", m{"operator": "O-7", "pin": weak}).Problem("validation-failed", 422)
	}
}

// TestRevocationReachesEveryProcess: whatever ends sessions, ends them in the other process within seconds.
func TestRevocationReachesEveryProcess(t *testing.T) {
	t.Parallel()
	b := setup(t)
	other := b.another(t)
	badge := b.hire(t, "O-7")
	secret := b.pair(t, "TAB-01")
	for name, revoke := range map[string]func(in oauth){
		"by its client": func(in oauth) {
			form(t, b.URL+"/oauth2/revoke", "TAB-01", secret, "token", in.AccessToken, "token_type_hint", "access_token").want(t, 200, "")
		},
		"of the operator": func(oauth) { b.post(t, "/v1/session-revocations", m{"operator": "O-7"}).Want(201) },
		"of the device":   func(oauth) { b.post(t, "/v1/session-revocations", m{"device": "TAB-01"}).Want(201) },
		"of the badge":    func(oauth) { b.post(t, "/v1/session-revocations", m{"badge": badge}).Want(201) },
		"badge lost": func(oauth) {
			b.post(t, "/v1/badges", m{"badge": badge, "operator": "O-7", "is_enabled": false}).Want(200)
			b.logIn(t, "TAB-01", secret, badge, pin).want(t, 400, "invalid_grant")
		},
		"operator gone": func(oauth) {
			b.post(t, "/v1/operators", m{"number": "O-7", "name": "A", "roles": []string{"operator"}, "sites": []string{"*"}, "is_enabled": false}).Want(200)
			b.logIn(t, "TAB-01", secret, badge, pin).want(t, 400, "invalid_grant")
		},
		"device lost": func(oauth) {
			b.post(t, "/v1/devices", m{"code": "TAB-01", "name": "A", "roles": []string{"operator"}, "sites": []string{"*"}, "is_enabled": false}).Want(200)
			b.logIn(t, "TAB-01", secret, badge, pin).want(t, 401, "invalid_client")
		},
		"rights changed": func(oauth) {
			b.post(t, "/v1/operators", m{"number": "O-7", "name": "A", "roles": []string{"viewer"}, "sites": []string{"*"}}).Want(200)
		},
		"PIN changed": func(oauth) { b.post(t, "/v1/operator-pins", m{"operator": "O-7", "pin": "482915"}).Want(200) },
	} {
		b.hire(t, "O-7") // as it was
		b.post(t, "/v1/devices", m{"code": "TAB-01", "name": "A", "roles": []string{"operator"}, "sites": []string{"*"}}).Want(200)
		in := b.logIn(t, "TAB-01", secret, badge, pin).want(t, 200, "")
		other.send(t, in.AccessToken, "GET", "/v1/items", "").Want(200)
		revoke(in)
		eventually(t, name, func() bool { return other.send(t, in.AccessToken, "GET", "/v1/items", "").Status == 401 })
		b.oauth(t, "TAB-01", secret, "grant_type", "refresh_token", "refresh_token", in.RefreshToken)
		eventually(t, name, func() bool { return b.send(t, in.AccessToken, "GET", "/v1/items", "").Status == 401 })
	}
}

// TestRevocationEndsStreams: a screen that follows the feed hears nothing more once its device was taken out of use.
func TestRevocationEndsStreams(t *testing.T) {
	t.Parallel()
	b := setup(t)
	badge := b.hire(t, "O-7")
	secret := b.pair(t, "TAB-01")
	in := b.logIn(t, "TAB-01", secret, badge, pin).want(t, 200, "")
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, b.another(t).URL+"/v1/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+in.AccessToken)
	r.Header.Set("Accept", "text/event-stream")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != 200 {
		t.Fatal(resp.StatusCode)
	}
	b.post(t, "/v1/devices", m{"code": "TAB-01", "name": "A", "roles": []string{"operator"}, "sites": []string{"*"}, "is_enabled": false}).Want(200)
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		t.Errorf("the stream goes on: %v", err)
	}
}

// TestRights: a token is for what operator and device are both for.
func TestRights(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, site := range []string{"ONE", "TWO", "THREE"} {
		b.post(t, "/v1/sites", m{"code": site, "name": site, "country": "DE", "time_zone": "Europe/Berlin", "currency": "EUR"}).Want(200)
	}
	secret := b.pair(t, "TAB-01")
	badge := b.hire(t, "O-7")
	saved := func(who, key string, roles, sites []string) {
		path, name := "/v1/operators", "number"
		if who == "device" {
			path, name = "/v1/devices", "code"
		}
		b.post(t, path, m{name: key, "name": "A", "roles": roles, "sites": sites}).Want(200)
	}
	for _, tt := range []struct {
		roles, sites, deviceRoles, deviceSites []string
		has, hasNot                            string
		want                                   any
	}{
		{[]string{"operator"}, []string{"*"}, []string{"administrator"}, []string{"*"}, "inventory:write", "identity:admin", []any{"*"}},
		{[]string{"administrator"}, []string{"*"}, []string{"operator"}, []string{"ONE"}, "inventory:write", "identity:admin", []any{"ONE"}},
		{[]string{"supervisor"}, []string{"*"}, []string{"supervisor"}, []string{"*"}, "jobs:read", "jobs:admin", []any{"*"}},
		{[]string{"administrator"}, []string{"ONE", "TWO"}, []string{"viewer"}, []string{"TWO", "THREE"}, "inventory:read", "inventory:write", []any{"TWO"}},
		{[]string{"viewer", "operator"}, []string{"ONE"}, []string{"administrator"}, []string{"TWO"}, "costing:read", "catalog:write", nil},
	} {
		saved("operator", "O-7", tt.roles, tt.sites)
		saved("device", "TAB-01", tt.deviceRoles, tt.deviceSites)
		in := b.logIn(t, "TAB-01", secret, badge, pin).want(t, 200, "")
		if scopes := strings.Fields(in.Scope); !slices.Contains(scopes, tt.has) || slices.Contains(scopes, tt.hasNot) {
			t.Errorf("%+v: %s", tt, in.Scope)
		}
		text, err := base64.RawURLEncoding.DecodeString(strings.Split(in.AccessToken, ".")[1])
		if err != nil {
			t.Fatal(err)
		}
		var claims m
		if err := json.Unmarshal(text, &claims); err != nil {
			t.Fatal(err)
		}
		got, _ := claims["sites"].([]any)
		want, _ := tt.want.([]any)
		if !slices.Equal(got, want) || claims["device"] != "TAB-01" || claims["sub"] != "O-7" || claims["client_id"] != "TAB-01" {
			t.Errorf("%+v: %s", tt, text)
		}
	}
	// Nothing in common is no token at all.
	saved("operator", "O-7", nil, nil)
	b.logIn(t, "TAB-01", secret, badge, pin).want(t, 400, "invalid_scope")
}

// TestOwnTokensNeedASession: what our own key signed is refused as long as there is no such session.
func TestOwnTokensNeedASession(t *testing.T) {
	t.Parallel()
	b := setup(t)
	kid, key := b.issuer.SigningKey()
	text, err := base64.RawURLEncoding.DecodeString(strings.Split(b.token, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims m
	if err := json.Unmarshal(text, &claims); err != nil {
		t.Fatal(err)
	}
	header := m{"alg": "RS256", "typ": "at+jwt", "kid": kid}
	b.send(t, rs(header, edit(claims, m{"jti": "another"}), key), "GET", "/v1/items", "").Want(200)
	for name, changes := range map[string]m{
		"unknown sub": {"sub": "no-such-user"}, "SQL": {"sub": "x' OR '1'='1"}, "another client": {"client_id": "other"}, "a device": {"device": "TAB-09"},
		"no session": {"sid": nil}, "unknown session": {"sid": "999999"}, "odd session": {"sid": "1 OR 1"}, "negative session": {"sid": "-1"},
	} {
		if got := b.send(t, rs(header, edit(claims, changes), key), "GET", "/v1/items", ""); got.Status != 401 {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
	}
	for name, token := range attacks(t, kid, key, b.token) {
		r, err := http.NewRequestWithContext(t.Context(), "GET", b.URL+"/v1/items", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != 401 {
			t.Errorf("%s: %d", name, resp.StatusCode)
		}
	}
}

// TestRotation: while keys follow each other nobody is refused, in no process.
func TestRotation(t *testing.T) {
	t.Parallel()
	b := setup(t)
	other := b.another(t)
	stop := make(chan struct{})
	var wait sync.WaitGroup
	var asked atomic.Int32
	kids := sync.Map{}
	for _, pair := range [][2]*bundle{{b, other}, {other, b}} {
		wait.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				// A token of one process is taken by the other at once.
				token := pair[0].clientToken(t)
				pair[1].send(t, token, "GET", "/v1/items", "").Want(200)
				pair[1].send(t, b.token, "GET", "/v1/items", "").Want(200)
				asked.Add(1)
				header, _ := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[0])
				kids.Store(string(header), true)
			}
		})
	}
	for range 2 {
		if err := identity.AddKey(t.Context(), b.DB.Pool, httpapitest.Box(), 3*time.Second); err != nil {
			t.Fatal(err)
		}
		time.Sleep(4 * time.Second)
	}
	close(stop)
	wait.Wait()
	n := 0
	kids.Range(func(any, any) bool { n++; return true })
	if n != 3 {
		t.Errorf("%d keys have signed, not 3", n)
	}
	t.Logf("%d tokens", asked.Load())
	// After a leak the others are gone at once.
	if _, err := identity.RotateKey(t.Context(), b.DB.Pool, httpapitest.Box(), true); err != nil {
		t.Fatal(err)
	}
	eventually(t, "tokens of the leaked key are refused", func() bool { return b.send(t, b.token, "GET", "/v1/items", "").Status == 401 })
	b.token = b.clientToken(t)
	b.send(t, b.token, "GET", "/v1/items", "").Want(200)
}

// TestEncryptionKeyIsReplaced: servers get the new one, one after the other, and nobody is refused meanwhile; a key that was put
// into the table by hand signs nothing that is taken; without any key that opens them the issuer does not start.
func TestEncryptionKeyIsReplaced(t *testing.T) {
	t.Parallel()
	b := setup(t)
	next := sealbox.NewKey()
	both, err := sealbox.Parse(next, httpapitest.EncryptionKey)
	if err != nil {
		t.Fatal(err)
	}
	only, err := sealbox.Parse(next)
	if err != nil {
		t.Fatal(err)
	}
	open := func(box *sealbox.Box) (*identity.Issuer, error) {
		return identity.Open(t.Context(), b.DB.Pool, identity.Options{URL: issuerURL, Box: box})
	}
	if _, err := open(only); err == nil || !strings.Contains(err.Error(), "MILLRACE_ENCRYPTION_KEY") {
		t.Fatal(err)
	}
	// A planted key: whoever can write the table has no encryption key.
	if _, err := b.DB.Pool.Exec(t.Context(), `INSERT INTO identity.signing_key (kid, private_key, active_from, expires_at)
		SELECT 'planted-key-0000000', k.private_key, k.active_from, clock_timestamp() + interval '1 hour' FROM identity.signing_key AS k`); err != nil {
		t.Fatal(err)
	}
	second, err := open(both)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := second.Key(t.Context(), "planted-key-0000000"); err == nil {
		t.Error("a planted key is taken")
	}
	if _, err := b.DB.Pool.Exec(t.Context(), `DELETE FROM identity.signing_key WHERE kid = 'planted-key-0000000'`); err != nil {
		t.Fatal(err)
	}
	// The first server has the old key alone, and hears of a change.
	b.post(t, "/v1/clients", m{"code": "other", "name": "B", "roles": []string{"viewer"}, "sites": []string{"*"}}).Want(200)
	if _, err := b.DB.Pool.Exec(t.Context(), `SELECT identity.note_change()`); err != nil {
		t.Fatal(err)
	}
	time.Sleep(2 * time.Second)
	b.send(t, b.clientToken(t), "GET", "/v1/items", "").Want(200)
	if _, err := open(only); err != nil {
		t.Error(err)
	}
}
