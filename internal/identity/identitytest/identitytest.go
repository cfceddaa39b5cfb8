// Package identitytest is an issuer for tests: a key of its own, tokens signed with it, and
// the real verifier that takes them.
package identitytest

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/millrace-erp/millrace/internal/httpapi"
	"github.com/millrace-erp/millrace/internal/identity"
)

const (
	// URL of the issuer.
	URL = "https://millrace.test"
	// KeyID of its key.
	KeyID = "key-of-the-tests"
)

// Scopes are all that there are.
var Scopes = func() []string {
	all := httpapi.Scopes()
	names := make([]string, len(all))
	for i, scope := range all {
		names[i] = scope.Name
	}
	return names
}()

// Key signs the tokens. It is made once per process.
var Key = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// keys knows the one.
type keys struct{}

// Key is the public key of that kid.
func (keys) Key(_ context.Context, kid string) (any, error) {
	if kid != KeyID {
		return nil, identity.ErrRefused
	}
	return &Key().PublicKey, nil
}

// Verifier takes the tokens.
func Verifier() *identity.Verifier {
	return &identity.Verifier{Issuer: URL, Audience: identity.DefaultAudience, Keys: keys{}}
}

// Claims are those of a token for p, for two hours.
func Claims(p httpapi.Principal) map[string]any {
	now := time.Now().Unix()
	claims := map[string]any{
		"iss": URL, "aud": identity.DefaultAudience, "sub": p.Subject, "client_id": p.Client, "jti": rand.Text(), "sid": "1",
		"iat": now, "nbf": now, "exp": now + 7200, "scope": strings.Join(p.Scopes, " "), "sites": p.Sites,
	}
	if p.Sites == nil {
		claims["sites"] = "*"
	}
	if p.Device != "" {
		claims["device"] = p.Device
	}
	return claims
}

// Sign makes a token of the claims, with the given members of the header besides the usual ones.
func Sign(claims any, header map[string]any) string {
	key := jose.JSONWebKey{Key: Key(), KeyID: KeyID}
	options := &jose.SignerOptions{ExtraHeaders: map[jose.HeaderKey]any{jose.HeaderType: "at+jwt"}}
	for name, value := range maps.All(header) {
		options.ExtraHeaders[jose.HeaderKey(name)] = value
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: key}, options)
	if err != nil {
		panic(err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		panic(err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		panic(err)
	}
	token, err := signed.CompactSerialize()
	if err != nil {
		panic(errors.Join(err, errors.New("not compact")))
	}
	return token
}

// Token is one for p.
func Token(p httpapi.Principal) string { return Sign(Claims(p), nil) }
