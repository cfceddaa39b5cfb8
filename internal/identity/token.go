package identity

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"math"
	"net/http"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-jose/go-jose/v4"
	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/millrace-erp/millrace/internal/httpapi"
	"github.com/millrace-erp/millrace/internal/problem"
)

const (
	maxTokenLength = 8 << 10
	// leeway is by how much the clocks of the issuer and of this machine may differ.
	leeway = 30 * time.Second
	// mostVerified bounds the memory of verified tokens.
	mostVerified = 100_000
	// tokenType is the typ of access tokens (RFC 9068).
	tokenType = "at+jwt"
)

// ErrRefused is all that anybody is told of a token that is not good.
var ErrRefused = errors.New("the token is not good")

// Keys are the public keys of an issuer.
type Keys interface {
	// Key is the one of exactly that kid, or an error. [ErrRefused] says that there is none.
	Key(ctx context.Context, kid string) (any, error)
}

// Verifier takes access tokens that are JWTs: of one issuer, for one audience, signed by one
// algorithm. It remembers those that were good until they end.
type Verifier struct {
	Issuer, Audience string
	Keys             Keys
	// Algorithm is RS256 unless said otherwise.
	Algorithm jose.SignatureAlgorithm
	// Type is at+jwt unless said otherwise.
	Type string
	// Map says who a token's sender is; by our own claims unless said otherwise.
	Map func(ctx context.Context, c *claims) (httpapi.Principal, error)
	// Confirm, if it is set, is asked once per token.
	Confirm func(ctx context.Context, c *claims) error
	// IsRevoked, if it is set, is asked every time.
	IsRevoked func(session string) bool

	mu         sync.RWMutex
	verified   map[[sha256.Size]byte]verified
	generation int // of what is remembered
}

type verified struct {
	principal httpapi.Principal
	session   string
	until     time.Time
}

// Authenticate says who sends a request with the token.
func (v *Verifier) Authenticate(ctx context.Context, _ *http.Request, token string) (httpapi.Principal, error) {
	now := time.Now()
	key := sha256.Sum256([]byte(token))
	v.mu.RLock()
	known, isKnown := v.verified[key]
	generation := v.generation
	v.mu.RUnlock()
	if !isKnown {
		c, err := v.verify(ctx, token, now)
		if err == nil && v.Confirm != nil {
			err = v.Confirm(ctx, c)
		}
		if err == nil {
			known, err = v.known(ctx, c)
		}
		switch {
		case errors.Is(err, ErrRefused):
			return httpapi.Principal{}, httpapi.Unauthorized()
		case err != nil:
			return httpapi.Principal{}, problem.From(err)
		}
		v.remember(key, known, generation)
	}
	if !now.Before(known.until) || v.IsRevoked != nil && v.IsRevoked(known.session) {
		return httpapi.Principal{}, httpapi.Unauthorized()
	}
	return known.principal, nil
}

func (v *Verifier) known(ctx context.Context, c *claims) (verified, error) {
	mapped := v.Map
	if mapped == nil {
		mapped = ours
	}
	principal, err := mapped(ctx, c)
	if err != nil {
		return verified{}, err
	}
	if !isName(principal.Subject) || principal.Device != "" && !isName(principal.Device) {
		return verified{}, ErrRefused
	}
	until := c.Expires.time().Add(leeway)
	principal.TokenID, principal.Expires = c.ID, c.Expires.time()
	return verified{principal: principal, session: c.Session, until: until}, nil
}

// isName says whether text can be the actor of the ledger and the audit.
func isName(text string) bool {
	return text != "" && utf8.RuneCountInString(text) <= 64 && !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) })
}

func (v *Verifier) remember(key [sha256.Size]byte, known verified, generation int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.generation != generation {
		return // it was verified by a key that may be gone
	}
	if v.verified == nil || len(v.verified) >= mostVerified {
		v.verified = map[[sha256.Size]byte]verified{}
	}
	v.verified[key] = known
}

// forget drops what has ended.
func (v *Verifier) forget(now time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for key, known := range v.verified {
		if !now.Before(known.until) {
			delete(v.verified, key)
		}
	}
}

func (v *Verifier) forgetAll() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.verified = nil
	v.generation++
}

// verify takes a token apart and holds it to RFC 8725 and RFC 9068.
func (v *Verifier) verify(ctx context.Context, token string, now time.Time) (*claims, error) {
	h, err := v.header(token)
	if err != nil {
		return nil, ErrRefused
	}
	key, err := v.Keys.Key(ctx, h.KeyID)
	if err != nil {
		return nil, err
	}
	signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{v.algorithm()})
	if err != nil {
		return nil, ErrRefused
	}
	payload, err := signed.Verify(key)
	if err != nil {
		return nil, ErrRefused
	}
	c := &claims{raw: payload}
	// Duplicate members are refused by the decoder, and so is what is not UTF-8.
	if err := jsonv2.Unmarshal(payload, c); err != nil {
		return nil, ErrRefused
	}
	if !v.isAcceptable(c, now) {
		return nil, ErrRefused
	}
	return c, nil
}

func (v *Verifier) algorithm() jose.SignatureAlgorithm {
	if v.Algorithm == "" {
		return jose.RS256
	}
	return v.Algorithm
}

// header is of a token what says how it is to be verified. None of it is believed: it must
// be what is expected.
type header struct {
	Algorithm string `json:"alg"`
	Type      string `json:"typ"`
	KeyID     string `json:"kid"`
}

// refusedMembers would have us fetch or take a key from the token, understand what we do
// not, or decompress.
var refusedMembers = []string{"jku", "jwk", "x5u", "x5c", "crit", "b64", "zip", "enc"}

func (v *Verifier) header(token string) (header, error) {
	if len(token) > maxTokenLength || strings.Count(token, ".") != 2 {
		return header{}, ErrRefused
	}
	var text []byte
	for n, part := range strings.Split(token, ".") {
		// Go's decoder skips line ends, and most take bits that say nothing.
		decoded, err := base64.RawURLEncoding.Strict().DecodeString(part)
		if err != nil || strings.ContainsAny(part, "\r\n") || part == "" {
			return header{}, ErrRefused
		}
		if n == 0 {
			text = decoded
		}
	}
	var members map[string]jsontext.Value
	if err := jsonv2.Unmarshal(text, &members); err != nil {
		return header{}, ErrRefused
	}
	for _, name := range refusedMembers {
		if _, isThere := members[name]; isThere {
			return header{}, ErrRefused
		}
	}
	var h header
	if err := jsonv2.Unmarshal(text, &h); err != nil {
		return header{}, ErrRefused
	}
	want := v.Type
	if want == "" {
		want = tokenType
	}
	isType := strings.EqualFold(h.Type, want) || strings.EqualFold(h.Type, "application/"+want)
	if h.Algorithm != string(v.algorithm()) || !isType || h.KeyID == "" || len(h.KeyID) > 256 {
		return header{}, ErrRefused
	}
	return h, nil
}

// claims are what an access token says.
type claims struct {
	Issuer    string   `json:"iss"`
	Audience  audience `json:"aud"`
	Subject   string   `json:"sub"`
	ClientID  string   `json:"client_id,omitzero"`
	Expires   *date    `json:"exp"`
	NotBefore *date    `json:"nbf,omitzero"`
	IssuedAt  *date    `json:"iat"`
	ID        string   `json:"jti"`
	Scope     string   `json:"scope,omitzero"`
	Session   string   `json:"sid,omitzero"`
	Device    string   `json:"device,omitzero"`
	Sites     sites    `json:"sites,omitzero"`

	raw []byte
}

func (v *Verifier) isAcceptable(c *claims, now time.Time) bool {
	isForUs := false
	for _, a := range c.Audience {
		isForUs = isForUs || a == v.Audience
	}
	return c.Issuer == v.Issuer && isForUs && v.Audience != "" && c.Subject != "" &&
		c.Expires.isSane() && now.Before(c.Expires.time().Add(leeway)) &&
		(c.NotBefore == nil || c.NotBefore.isSane() && !now.Add(leeway).Before(c.NotBefore.time())) &&
		c.IssuedAt.isSane() && !now.Add(leeway).Before(c.IssuedAt.time())
}

// ours are the claims of our own tokens.
func ours(_ context.Context, c *claims) (httpapi.Principal, error) {
	p := httpapi.Principal{
		Subject: c.Subject, Kind: httpapi.ClientKind, Client: c.ClientID, Device: c.Device,
		Scopes: strings.Fields(c.Scope), Sites: c.Sites.codes(),
	}
	if c.Device != "" {
		p.Kind = httpapi.OperatorKind
	}
	return p, nil
}

// date is a NumericDate: seconds since 1970, a number and nothing else.
type date float64

func dateOf(t time.Time) *date { d := date(t.Unix()); return &d }

func (d *date) isSane() bool { return d != nil && *d >= 0 && *d < 1<<40 }

func (d *date) time() time.Time {
	whole, part := math.Modf(float64(*d))
	return time.Unix(int64(whole), int64(part*1e9))
}

// UnmarshalJSON refuses null.
func (d *date) UnmarshalJSON(text []byte) error {
	if bytes.Equal(text, []byte("null")) {
		return ErrRefused
	}
	return jsonv2.Unmarshal(text, (*float64)(d))
}

// audience is one string or a list of them.
type audience []string

// UnmarshalJSON takes both forms.
func (a *audience) UnmarshalJSON(text []byte) error {
	if len(text) > 0 && text[0] == '"' {
		*a = make([]string, 1)
		return jsonv2.Unmarshal(text, &(*a)[0])
	}
	return jsonv2.Unmarshal(text, (*[]string)(a))
}

// sites are codes, or * for all of them.
type sites []string

// codes is nil for all sites, and never nil otherwise.
func (s sites) codes() []string {
	codes := make([]string, 0, len(s))
	for _, code := range s {
		if code == "*" {
			return nil
		}
		codes = append(codes, code)
	}
	return codes
}

// UnmarshalJSON takes a list, and the * alone.
func (s *sites) UnmarshalJSON(text []byte) error { return (*audience)(s).UnmarshalJSON(text) }
