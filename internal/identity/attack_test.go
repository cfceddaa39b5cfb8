package identity_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"hash"
	"maps"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/millrace-erp/millrace/internal/httpapi"
	"github.com/millrace-erp/millrace/internal/identity/identitytest"
)

func b64(v any) string {
	switch v := v.(type) {
	case []byte:
		return base64.RawURLEncoding.EncodeToString(v)
	case string:
		return base64.RawURLEncoding.EncodeToString([]byte(v))
	default:
		text, err := json.Marshal(v)
		if err != nil {
			panic(err)
		}
		return base64.RawURLEncoding.EncodeToString(text)
	}
}

// edit is the object with some members changed; nil takes one away.
func edit(object m, changes m) m {
	edited := maps.Clone(object)
	for name, value := range changes {
		if value == nil {
			delete(edited, name)
		} else {
			edited[name] = value
		}
	}
	return edited
}

func hs(h, p any, key []byte, f func() hash.Hash) string {
	text := b64(h) + "." + b64(p)
	mac := hmac.New(f, key)
	mac.Write([]byte(text))
	return text + "." + b64(mac.Sum(nil))
}

func rs(h, p any, key *rsa.PrivateKey) string {
	text := b64(h) + "." + b64(p)
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		panic(err)
	}
	return text + "." + b64(signature)
}

// attacks are forged and broken tokens. None of them may be taken.
func attacks(t testing.TB, kid string, key *rsa.PrivateKey, valid string) map[string]string {
	t.Helper()
	parts := strings.Split(valid, ".")
	var h, p m
	for i, target := range []*m{&h, &p} {
		text, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err == nil {
			err = json.Unmarshal(text, target)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	evil := edit(p, m{"sub": "attacker", "scope": "identity:admin", "exp": time.Now().Add(time.Hour).Unix()})
	mine, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	jwk := m{"kty": "RSA", "n": b64(mine.N.Bytes()), "e": "AQAB", "kid": "evil", "alg": "RS256", "use": "sig"}
	certificate, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(1)}, &x509.Certificate{SerialNumber: big.NewInt(1)}, &mine.PublicKey, mine)
	if err != nil {
		t.Fatal(err)
	}
	ours := edit(h, m{"alg": "RS256"})
	all := map[string]string{
		"alg none, signature kept": b64(edit(h, m{"alg": "none"})) + "." + parts[1] + "." + parts[2],
		"no alg":                   b64(m{"typ": "at+jwt", "kid": kid}) + "." + b64(evil) + ".",
		"two parts":                parts[0] + "." + b64(evil),
		"other key":                rs(ours, evil, mine),
		"jwk":                      rs(m{"alg": "RS256", "typ": "at+jwt", "kid": "evil", "jwk": jwk}, evil, mine),
		"jwk beside our kid":       rs(edit(ours, m{"jwk": jwk}), evil, mine),
		"x5c":                      rs(edit(ours, m{"x5c": []string{base64.StdEncoding.EncodeToString(certificate)}}), evil, mine),
		"payload swapped":          parts[0] + "." + b64(evil) + "." + parts[2],
		"empty signature":          parts[0] + "." + parts[1] + ".",
		"signature cut":            valid[:len(valid)-8],
		"zero signature":           parts[0] + "." + parts[1] + "." + b64(make([]byte, 256)),
		"psychic signature":        b64(edit(h, m{"alg": "ES256"})) + "." + b64(evil) + "." + b64(make([]byte, 64)),
		"padding":                  parts[0] + "==." + parts[1] + "==." + parts[2] + "==",
		"trailing part":            valid + ".x",
		"empty trailing part":      valid + ".",
		"newline inside":           parts[0] + "." + parts[1] + "." + parts[2][:10] + "%0A" + parts[2][10:],
		"JSON serialization":       b64(m{"payload": parts[1], "signatures": []m{{"protected": parts[0], "signature": parts[2]}}}),
		"JSON as it is":            `{"payload":"` + parts[1] + `","protected":"` + parts[0] + `","signature":"` + parts[2] + `"}`,
		"JWE":                      strings.Join([]string{b64(m{"alg": "dir", "enc": "A128GCM"}), "", "AA", "AA", "AA"}, "."),
		"deep header":              b64(`{"alg":`+strings.Repeat("[", 2000)+strings.Repeat("]", 2000)+"}") + "." + parts[1] + "." + parts[2],
		"alg twice":                b64(`{"alg":"RS256","alg":"none","typ":"at+jwt","kid":"`+kid+`"}`) + "." + b64(evil) + ".",
		"zip":                      rs(edit(ours, m{"zip": "DEF"}), p, key),
		"no token at all":          "abc",
		"huge":                     b64(edit(h, m{"x": strings.Repeat("x", 9000)})) + "." + parts[1] + "." + parts[2],
		"bits that say nothing":    spare(valid),
		// Signed with the right key.
		"expired":              rs(ours, edit(p, m{"exp": time.Now().Unix() - 120}), key),
		"expired long ago":     rs(ours, edit(p, m{"exp": 1}), key),
		"no exp":               rs(ours, edit(p, m{"exp": nil}), key),
		"exp is text":          rs(ours, edit(p, m{"exp": "9999999999"}), key),
		"exp is null":          rs(ours, `{"iss":"x","exp":null}`, key),
		"exp is huge":          rs(ours, edit(p, m{"exp": 1e300}), key),
		"exp is negative":      rs(ours, edit(p, m{"exp": -1}), key),
		"nbf to come":          rs(ours, edit(p, m{"nbf": time.Now().Unix() + 600}), key),
		"iat to come":          rs(ours, edit(p, m{"iat": time.Now().Unix() + 86400, "nbf": nil}), key),
		"no iat":               rs(ours, edit(p, m{"iat": nil}), key),
		"other issuer":         rs(ours, edit(p, m{"iss": "https://evil.example"}), key),
		"no issuer":            rs(ours, edit(p, m{"iss": nil}), key),
		"issuer with slash":    rs(ours, edit(p, m{"iss": p["iss"].(string) + "/"}), key),
		"other audience":       rs(ours, edit(p, m{"aud": "other-service"}), key),
		"no audience":          rs(ours, edit(p, m{"aud": nil}), key),
		"empty audience":       rs(ours, edit(p, m{"aud": []string{}}), key),
		"audience's beginning": rs(ours, edit(p, m{"aud": []string{"millrace.evil.example"}}), key),
		"audience is a number": rs(ours, edit(p, m{"aud": 7}), key),
		"unknown crit":         rs(edit(ours, m{"crit": []string{"exp-ext"}, "exp-ext": 1}), p, key),
		"empty crit":           rs(edit(ours, m{"crit": []string{}}), p, key),
		"b64 false":            rs(edit(ours, m{"crit": []string{"b64"}, "b64": false}), p, key),
		"typ secevent":         rs(edit(ours, m{"typ": "secevent+jwt"}), p, key),
		"typ JWT":              rs(edit(ours, m{"typ": "JWT"}), p, key),
		"no typ":               rs(edit(ours, m{"typ": nil}), p, key),
		"no sub":               rs(ours, edit(p, m{"sub": nil}), key),
		"sub with control":     rs(ours, edit(p, m{"sub": "a\nb"}), key),
		"sub too long":         rs(ours, edit(p, m{"sub": strings.Repeat("x", 65)}), key),
		"payload is a list":    rs(ours, "[1,2]", key),
		"payload is no JSON":   rs(ours, "hello", key),
		"claim twice":          rs(ours, `{"iss":"`+p["iss"].(string)+`","aud":"millrace","sub":"a","sub":"b","exp":9999999999,"iat":1}`, key),
		"no kid":               rs(m{"alg": "RS256", "typ": "at+jwt"}, p, key),
		"kid in another case":  rs(edit(ours, m{"kid": strings.ToUpper(kid)}), p, key),
	}
	for _, alg := range []string{"none", "None", "NONE", "nOnE", ""} {
		all["alg "+alg] = b64(edit(h, m{"alg": alg})) + "." + b64(evil) + "."
	}
	for name, secret := range map[string][]byte{
		"pem": text, "pem trimmed": []byte(strings.TrimSpace(string(text))), "pem crlf": []byte(strings.ReplaceAll(string(text), "\n", "\r\n")),
		"der": der, "n": key.N.Bytes(), "n in base64": []byte(b64(key.N.Bytes())), "nothing": {}, "secret": []byte("secret"), "changeme": []byte("changeme"),
	} {
		all["HS256 with "+name] = hs(edit(h, m{"alg": "HS256"}), evil, secret, sha256.New)
		all["HS384 with "+name] = hs(edit(h, m{"alg": "HS384"}), evil, secret, sha512.New384)
	}
	for name, bad := range map[string]any{
		"dev null": "../../../../../../dev/null", "union": "x' UNION SELECT 'k'--", "or": kid + "' OR '1'='1", "command": "|/bin/true", "nul": "a\x00b",
		"long": strings.Repeat("k", 3000), "unknown": "no-such-kid", "url": "http://127.0.0.1:9/k", "number": 7, "list": []string{kid}, "object": m{"$ne": ""},
	} {
		all["kid "+name+", HS256"] = hs(edit(h, m{"alg": "HS256", "kid": bad}), evil, nil, sha256.New)
		all["kid "+name+", RS256"] = rs(edit(ours, m{"kid": bad}), evil, mine)
	}
	sum1 := sha1.Sum([]byte(b64(edit(h, m{"alg": "RS1"})) + "." + b64(p)))
	weak, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA1, sum1[:])
	if err == nil { // newer libraries refuse even to make it
		all["RS1"] = b64(edit(h, m{"alg": "RS1"})) + "." + b64(p) + "." + b64(weak)
	}
	pss := b64(edit(h, m{"alg": "PS256"})) + "." + b64(p)
	sum := sha256.Sum256([]byte(pss))
	signature, err := rsa.SignPSS(rand.Reader, key, crypto.SHA256, sum[:], nil)
	if err != nil {
		t.Fatal(err)
	}
	all["PS256"] = pss + "." + b64(signature)
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	es := b64(edit(h, m{"alg": "ES256"})) + "." + b64(evil)
	sum = sha256.Sum256([]byte(es))
	r, s, err := ecdsa.Sign(rand.Reader, curve, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	all["ES256 of our own"] = es + "." + b64(append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...))
	flipped, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		t.Fatal(err)
	}
	flipped[0] ^= 1
	all["a bit of the signature"] = parts[0] + "." + parts[1] + "." + b64(flipped)
	return all
}

// spare sets bits of the last character that no byte is made of.
func spare(token string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(alphabet, token[len(token)-1])
	return token[:len(token)-1] + alphabet[last|1:last|1+1]
}

// TestAttacks: every one is answered with 401, the same for all of them, has no effect, and
// has nobody fetch anything.
func TestAttacks(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	fetched := make(chan struct{}, 10)
	trap := &httptest.Server{Listener: listener, Config: &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { fetched <- struct{}{} })}}
	trap.Start()
	t.Cleanup(trap.Close)

	calls := 0
	api := httpapi.New(httpapi.Options{Authenticator: identitytest.Verifier()})
	api.Public("/nothing", http.NotFoundHandler())
	spec := httpapi.CommandSpec{OperationID: "do-it", Scope: "inventory:write", Path: "/v1/deeds", Tag: "Test", Summary: "Do it"}
	httpapi.Command[struct{}, struct{}](api, spec,
		func(context.Context, json.RawMessage, json.RawMessage) (row, error) {
			calls++
			return row{Status: 201, Body: []byte(`{}`)}, nil
		})
	send := func(token string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(t.Context(), "POST", "/v1/deeds", strings.NewReader(`{}`))
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Idempotency-Key", "018f0000-0000-7000-8000-000000000001")
		api.ServeHTTP(w, r)
		return w
	}
	somebody := httpapi.Principal{Subject: "somebody", Client: "tests", Scopes: identitytest.Scopes}
	valid := identitytest.Token(somebody)
	for name, token := range map[string]string{
		"valid":         valid,
		"many for whom": identitytest.Sign(edit(identitytest.Claims(somebody), m{"aud": []string{"x", "millrace"}}), nil),
		"long typ":      identitytest.Sign(identitytest.Claims(somebody), m{"typ": "application/AT+jwt"}),
		"clock behind":  identitytest.Sign(edit(identitytest.Claims(somebody), m{"nbf": time.Now().Unix() + 5, "iat": time.Now().Unix() + 5}), nil),
	} {
		if w := send(token); w.Code != 201 {
			t.Fatalf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	calls = 0
	all := attacks(t, identitytest.KeyID, identitytest.Key(), valid)
	for _, u := range []string{trap.URL + "/jwks.json", "file:///etc/passwd", "https://example.org/jwks.json"} {
		mine, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"jku", "x5u"} {
			all[name+" "+u] = rs(m{"alg": "RS256", "typ": "at+jwt", "kid": "evil", name: u}, identitytest.Claims(somebody), mine)
			all[name+" beside our kid "+u] = rs(m{"alg": "RS256", "typ": "at+jwt", "kid": identitytest.KeyID, name: u}, identitytest.Claims(somebody), identitytest.Key())
		}
	}
	answer := ""
	for name, token := range all {
		w := send(token)
		if w.Code != 401 || !strings.Contains(w.Header().Get("WWW-Authenticate"), `error="invalid_token"`) {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
		var said m
		if err := json.Unmarshal(w.Body.Bytes(), &said); err != nil {
			t.Fatal(err)
		}
		delete(said, "request_id")
		text, _ := json.Marshal(said)
		if answer == "" {
			answer = string(text)
		}
		if answer != string(text) {
			t.Errorf("%s tells what is wrong with it: %s", name, text)
		}
	}
	if calls > 0 {
		t.Errorf("%d had an effect", calls)
	}
	if len(fetched) > 0 {
		t.Error("something was fetched")
	}
	if len(all) < 100 {
		t.Errorf("only %d attacks", len(all))
	}
	// And whoever is good stays good.
	if w := send(valid); w.Code != 201 {
		t.Error(w.Code)
	}
}

type row struct {
	Status     int32
	Body       json.RawMessage
	IsReplayed bool
}

// TestNoTokenIsReadInTwoWays: whatever is changed in a token, it is refused, or it is the
// same token in every claim.
func TestNoTokenIsReadInTwoWays(t *testing.T) {
	t.Parallel()
	v := identitytest.Verifier()
	valid := identitytest.Token(httpapi.Principal{Subject: "somebody", Client: "tests", Scopes: []string{"a:b"}, Sites: []string{"ONE"}})
	rapid.Check(t, func(t *rapid.T) {
		token := []byte(valid)
		for range rapid.IntRange(1, 3).Draw(t, "edits") {
			at := rapid.IntRange(0, len(token)-1).Draw(t, "at")
			switch rapid.IntRange(0, 3).Draw(t, "kind") {
			case 0:
				token[at] = rapid.Byte().Draw(t, "byte")
			case 1:
				token = append(token[:at:at], token[at+1:]...)
			case 2:
				token = append(token[:at:at], append([]byte{rapid.SampledFrom([]byte(". \n\r=+/-_A")).Draw(t, "extra")}, token[at:]...)...)
			default:
				token[at] = valid[rapid.IntRange(0, len(valid)-1).Draw(t, "from")]
			}
		}
		if string(token) == valid {
			return
		}
		if p, err := v.Authenticate(context.Background(), nil, string(token)); err == nil {
			t.Fatalf("%q was taken as %+v", token, p)
		}
	})
}

// TestAnyClaims: claims of any form are taken or refused, and never break anything; what is
// taken has a name, ends, and is for us.
func TestAnyClaims(t *testing.T) {
	t.Parallel()
	v := identitytest.Verifier()
	base := identitytest.Claims(httpapi.Principal{Subject: "somebody", Client: "tests"})
	values := rapid.OneOf(
		rapid.Just[any](nil), rapid.Just[any](""), rapid.Just[any]([]any{}), rapid.Just[any](m{}), rapid.Just[any]("*"), rapid.Just[any]([]string{"*", "A"}),
		rapid.Just[any](-1), rapid.Just[any](1e20), rapid.Just[any](0.5), rapid.Just[any](true), rapid.Just[any]("millrace"),
		rapid.Map(rapid.String(), func(s string) any { return s }), rapid.Map(rapid.Float64Range(-1e12, 1e12), func(f float64) any { return f }),
	)
	rapid.Check(t, func(t *rapid.T) {
		claims := maps.Clone(base)
		for range rapid.IntRange(1, 3).Draw(t, "edits") {
			claims[rapid.SampledFrom([]string{"iss", "aud", "sub", "exp", "nbf", "iat", "jti", "scope", "sid", "device", "sites", "client_id", "x"}).Draw(t, "claim")] = values.Draw(t, "value")
		}
		p, err := v.Authenticate(context.Background(), nil, identitytest.Sign(claims, nil))
		if err != nil {
			return
		}
		if p.Subject == "" || time.Until(p.Expires) < -time.Minute || claims["iss"] != identitytest.URL {
			t.Fatalf("%v was taken as %+v", claims, p)
		}
		if p.Sites == nil && claims["sites"] != "*" && !strings.Contains(b64(claims["sites"]), b64([]string{"*", "A"})) {
			t.Fatalf("%v is for all sites", claims["sites"])
		}
	})
}

func BenchmarkAuthenticate(b *testing.B) {
	p := httpapi.Principal{Subject: "somebody", Client: "tests", Scopes: identitytest.Scopes}
	token := identitytest.Token(p)
	b.Run("again", func(b *testing.B) {
		v := identitytest.Verifier()
		for b.Loop() {
			if _, err := v.Authenticate(b.Context(), nil, token); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("first", func(b *testing.B) {
		for b.Loop() {
			if _, err := identitytest.Verifier().Authenticate(b.Context(), nil, token); err != nil {
				b.Fatal(err)
			}
		}
	})
}
