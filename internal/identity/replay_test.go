package identity_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/millrace-erp/millrace/internal/identity"
)

// TestReplayedBadge: a badge is a number that anybody can copy. Shown without its PIN, without a paired device, on one that is paired no more, by a
// machine, with somebody else's PIN, or after it changed hands, it opens nothing; and what it opened before it changed hands is closed.
func TestReplayedBadge(t *testing.T) {
	t.Parallel()
	b := setup(t)
	secret := b.pair(t, "TAB-01")
	badge, other := b.hire(t, "O-7"), b.hire(t, "O-8")
	b.post(t, "/v1/operator-pins", m{"operator": "O-8", "pin": "482915"}).Want(200)
	machine := b.post(t, "/v1/client-secrets", m{"client": b.client(t, "bridge")}).Want(201).Text("secret")
	in := b.logIn(t, "TAB-01", secret, badge, pin).want(t, 200, "")

	b.logIn(t, "TAB-01", secret, badge, "").want(t, 400, "invalid_request")
	b.logIn(t, "TAB-01", secret, badge, "482915").want(t, 400, "invalid_grant")
	b.logIn(t, "TAB-01", secret, other, pin).want(t, 400, "invalid_grant")
	b.logIn(t, "", "", badge, pin).want(t, 401, "invalid_client")
	b.logIn(t, "TAB-01", "mrd_"+strings.Repeat("A", 43), badge, pin).want(t, 401, "invalid_client")
	b.logIn(t, "bridge", machine, badge, pin).want(t, 400, "unauthorized_client")
	again := b.pair(t, "TAB-01")
	b.logIn(t, "TAB-01", secret, badge, pin).want(t, 401, "invalid_client")
	eventually(t, "pairing anew ends what was open", func() bool { return b.send(t, in.AccessToken, "GET", "/v1/items", "").Status == 401 })

	// It changes hands.
	in = b.logIn(t, "TAB-01", again, badge, pin).want(t, 200, "")
	b.post(t, "/v1/badges", m{"badge": badge, "operator": "O-8"}).Want(200)
	b.logIn(t, "TAB-01", again, badge, pin).want(t, 400, "invalid_grant")
	eventually(t, "what it opened is closed", func() bool { return b.send(t, in.AccessToken, "GET", "/v1/items", "").Status == 401 })
	b.oauth(t, "TAB-01", again, "grant_type", "refresh_token", "refresh_token", in.RefreshToken).want(t, 400, "invalid_grant")
	if got := b.logIn(t, "TAB-01", again, badge, "482915").want(t, 200, ""); got.Operator != "O-8" {
		t.Errorf("it logs in %s", got.Operator)
	}
}

// TestOddForms: what no form holds is refused as such, and is no fault of ours.
func TestOddForms(t *testing.T) {
	t.Parallel()
	b := setup(t)
	secret := b.pair(t, "TAB-01")
	for _, odd := range []string{"a\x00b", "a\xffb", "a\u202eb", strings.Repeat("x", 70_000), "' OR '1'='1"} {
		for _, values := range [][]string{
			{"grant_type", identity.BadgeGrant, "badge", odd, "pin", pin},
			{"grant_type", identity.BadgeGrant, "badge", "x", "pin", odd},
			{"grant_type", identity.PairingGrant, "pairing_code", odd},
			{"grant_type", "refresh_token", "refresh_token", odd},
			{"grant_type", "refresh_token", "refresh_token", "x", "idempotency_key", odd},
			{"grant_type", "client_credentials", "scope", odd},
			{"grant_type", odd},
			{"grant_type", "client_credentials", "client_id", odd, "client_secret", odd},
		} {
			if got := b.oauth(t, "TAB-01", secret, values...); got.Status < 400 || got.Status >= 500 {
				t.Errorf("%.60q: %d %s", values, got.Status, got.Text)
			}
			if got := b.oauth(t, "", "", values...); got.Status < 400 || got.Status >= 500 {
				t.Errorf("%.60q by nobody: %d %s", values, got.Status, got.Text)
			}
		}
		if got := b.oauth(t, odd, odd, "grant_type", "client_credentials"); got.Status < 400 || got.Status >= 500 {
			t.Errorf("%.60q as a client: %d %s", odd, got.Status, got.Text)
		}
		for _, path := range []string{"/oauth2/introspect", "/oauth2/revoke"} {
			if got := form(t, b.URL+path, "admin", b.secret, "token", odd); got.Status >= 500 || got.Active {
				t.Errorf("%s of %.60q: %d %s", path, odd, got.Status, got.Text)
			}
		}
	}
}

// TestIntrospectionBelievesNoSignature: what the API refuses is not told to be good, though our own key signed it.
func TestIntrospectionBelievesNoSignature(t *testing.T) {
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
	ask := func(token string) oauth {
		return form(t, b.URL+"/oauth2/introspect", "admin", b.secret, "token", token).want(t, 200, "")
	}
	if !ask(b.token).Active {
		t.Fatal("a good one is told to be bad")
	}
	header := m{"alg": "RS256", "typ": "at+jwt", "kid": kid}
	for name, changes := range map[string]m{
		"another subject": {"sub": "O-1"}, "another client": {"client_id": "other"}, "a device": {"device": "TAB-09"}, "no session": {"sid": nil}, "unknown session": {"sid": "999999"},
	} {
		token := rs(header, edit(claims, changes), key)
		if got := b.send(t, token, "GET", "/v1/items", ""); got.Status != 401 {
			t.Errorf("%s: %d", name, got.Status)
		}
		if got := ask(token); got.Active {
			t.Errorf("%s: told to be good: %s", name, got.Text)
		}
	}
}

// client makes one for a machine.
func (b *bundle) client(t testing.TB, code string) string {
	t.Helper()
	b.post(t, "/v1/clients", m{"code": code, "name": "B", "roles": []string{"viewer"}, "sites": []string{"*"}}).Want(200)
	return code
}
