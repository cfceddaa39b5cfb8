package identity

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	jsonv2 "github.com/go-json-experiment/json"
	"golang.org/x/sync/singleflight"

	"github.com/millrace-erp/millrace/internal/httpapi"
	"github.com/millrace-erp/millrace/internal/identity/internal/db"
	"github.com/millrace-erp/millrace/internal/problem"
)

const (
	// refreshAfter is how old the issuer's keys may be before they are read again, beside
	// the requests.
	refreshAfter = 5 * time.Minute
	// retryAfter bounds how often the issuer is asked, whatever tokens come.
	retryAfter = 10 * time.Second
	// keysKept is for how long keys are used that could not be read again.
	keysKept = 24 * time.Hour
	// fetchTimeout bounds one look at the issuer's documents, and mostKeyBytes their length.
	fetchTimeout = 5 * time.Second
	mostKeyBytes = 1 << 20
)

// ExternalOptions describe another issuer.
type ExternalOptions struct {
	// URL of the issuer: the tokens' iss, below which its discovery document lies.
	URL string
	// Audience is the tokens' aud.
	Audience string
	// Algorithm of its signatures: RS256 unless said otherwise.
	Algorithm string
	// Type of its tokens: at+jwt unless said otherwise. Some say JWT.
	Type string
	// Subject is the claim that names the actor: sub unless said otherwise.
	Subject string
	// ScopePrefix is taken away from scopes; those without it are left out.
	ScopePrefix string
	// Roles is the claim that names roles of identity.role, such as groups or
	// realm_access.roles. Without it only scopes count.
	Roles string
	// Sites is the claim that holds the codes of sites: sites unless said otherwise.
	Sites string
	// HTTP reaches the issuer; a client of its own unless said otherwise.
	HTTP *http.Client
	// Log is told when the issuer cannot be reached. Nothing is logged without it.
	Log *slog.Logger
}

// OpenExternal takes the tokens of another issuer. It need not be up yet.
func OpenExternal(database db.DBTX, options ExternalOptions) (*Verifier, error) {
	address, err := url.Parse(options.URL)
	if err != nil || address.Host == "" || address.RawQuery != "" || address.Fragment != "" {
		return nil, errors.New("the issuer is named by a URL, such as https://login.plant.example/realms/millrace")
	}
	if ip := net.ParseIP(address.Hostname()); address.Scheme != "https" && (address.Scheme != "http" || ip == nil || !ip.IsLoopback()) {
		return nil, errors.New("the issuer must be reached by https")
	}
	if options.Audience == "" {
		options.Audience = DefaultAudience
	}
	if options.Algorithm == "" {
		options.Algorithm = string(jose.RS256)
	}
	if !slices.Contains([]string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"}, options.Algorithm) {
		return nil, fmt.Errorf("%s is not an algorithm of signatures by a private key", options.Algorithm)
	}
	if options.HTTP == nil {
		options.HTTP = &http.Client{Timeout: fetchTimeout, Transport: http.DefaultTransport.(*http.Transport).Clone()}
	}
	if options.Log == nil {
		options.Log = slog.New(slog.DiscardHandler)
	}
	mapping := &mapping{options: options, queries: db.New(database)}
	return &Verifier{
		Issuer: options.URL, Audience: options.Audience, Algorithm: jose.SignatureAlgorithm(options.Algorithm), Type: options.Type,
		Keys: &remoteKeys{options: options}, Map: mapping.principal,
	}, nil
}

// remoteKeys are those that the issuer publishes.
type remoteKeys struct {
	options  ExternalOptions
	keysFrom string // where they are; its discovery document says so if this is empty
	calls    singleflight.Group

	mu    sync.Mutex
	keys  map[string]any
	read  time.Time
	tried time.Time
}

// Key is the one of exactly that kid. The issuer is asked at most every few seconds, by one
// request however many wait, and never while one of its known keys is wanted.
func (k *remoteKeys) Key(ctx context.Context, kid string) (any, error) {
	key, age, mayTry := k.known(kid)
	switch {
	case key != nil && age < refreshAfter:
		return key, nil
	case key != nil && age < keysKept:
		if mayTry {
			go func() { _ = k.refresh() }() // what is known is good enough meanwhile
		}
		return key, nil
	case !mayTry && age < keysKept:
		return nil, ErrRefused
	}
	done := make(chan error, 1)
	go func() { done <- k.refresh() }()
	select {
	case err := <-done:
		if key, age, _ := k.known(kid); key != nil && age < keysKept {
			return key, nil
		}
		if err != nil {
			return nil, problem.New(problem.Unavailable, "The issuer of the tokens cannot be reached.").Because(err)
		}
		return nil, ErrRefused
	case <-ctx.Done():
		return nil, problem.New(problem.Unavailable, "The issuer of the tokens does not answer.").Because(ctx.Err())
	}
}

func (k *remoteKeys) known(kid string) (key any, age time.Duration, mayTry bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.keys[kid], time.Since(k.read), time.Since(k.tried) >= retryAfter
}

// refresh reads the keys again. Whoever comes while that goes on gets the same answer.
func (k *remoteKeys) refresh() error {
	_, err, _ := k.calls.Do("", func() (any, error) {
		k.mu.Lock()
		if time.Since(k.tried) < retryAfter {
			k.mu.Unlock()
			if k.read.IsZero() {
				return nil, errors.New("it was tried a moment ago")
			}
			return nil, nil
		}
		k.tried = time.Now()
		k.mu.Unlock()
		ctx, cancel := context.WithTimeout(context.Background(), fetchTimeout)
		defer cancel()
		keys, err := k.fetch(ctx)
		if err != nil {
			k.options.Log.WarnContext(ctx, "the keys of the issuer could not be read", "cause", err)
			return nil, err
		}
		k.mu.Lock()
		defer k.mu.Unlock()
		k.keys, k.read = keys, time.Now()
		return nil, nil
	})
	return err
}

func (k *remoteKeys) fetch(ctx context.Context) (map[string]any, error) {
	keysFrom := k.keysFrom
	if keysFrom == "" {
		// It refuses a document that is another issuer's.
		provider, err := oidc.NewProvider(oidc.ClientContext(ctx, k.options.HTTP), k.options.URL)
		if err != nil {
			return nil, err
		}
		var found struct {
			Keys string `json:"jwks_uri"`
		}
		if err := provider.Claims(&found); err != nil {
			return nil, err
		}
		keysFrom = found.Keys
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, keysFrom, nil)
	if err != nil {
		return nil, err
	}
	response, err := k.options.HTTP.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(response.Body, mostKeyBytes))
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered %d", keysFrom, response.StatusCode)
	}
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(text, &set); err != nil {
		return nil, err
	}
	keys := map[string]any{}
	for _, text := range set.Keys {
		var key jose.JSONWebKey
		// Keys of kinds that we do not know are nobody's fault.
		if json.Unmarshal(text, &key) != nil || !key.Valid() || !key.IsPublic() || key.KeyID == "" || key.Use != "" && key.Use != "sig" ||
			key.Algorithm != "" && key.Algorithm != k.options.Algorithm || !fits(key.Key, k.options.Algorithm) {
			continue
		}
		if _, isThere := keys[key.KeyID]; isThere {
			return nil, errors.New("two keys have the same kid")
		}
		keys[key.KeyID] = key.Key
	}
	if len(keys) == 0 {
		return nil, errors.New("the issuer publishes no key of its algorithm")
	}
	return keys, nil
}

// fits says whether a key is one for the algorithm, and long enough.
func fits(key any, algorithm string) bool {
	switch key := key.(type) {
	case *rsa.PublicKey:
		return key.N.BitLen() >= keyBits && (algorithm[:2] == "RS" || algorithm[:2] == "PS")
	case *ecdsa.PublicKey:
		return algorithm[:2] == "ES"
	case ed25519.PublicKey:
		return algorithm == "EdDSA"
	default:
		return false
	}
}

// mapping makes a principal of another issuer's claims.
type mapping struct {
	options ExternalOptions
	queries *db.Queries
}

func (m *mapping) principal(ctx context.Context, c *claims) (httpapi.Principal, error) {
	var all map[string]any
	if err := jsonv2.Unmarshal(c.raw, &all); err != nil {
		return httpapi.Principal{}, ErrRefused
	}
	p := httpapi.Principal{Subject: c.Subject, Kind: httpapi.ClientKind, Client: c.ClientID, Device: c.Device, Sites: []string{}}
	if p.Client == "" {
		p.Client, _ = all["azp"].(string)
	}
	if m.options.Subject != "" {
		p.Subject, _ = at(all, m.options.Subject).(string)
	}
	if p.Subject != p.Client && p.Client != "" {
		p.Kind = httpapi.OperatorKind
	}
	scopes := texts(all["scope"])
	if len(scopes) == 0 {
		scopes = texts(all["scp"])
	}
	for _, scope := range scopes {
		if plain, ok := strings.CutPrefix(scope, m.options.ScopePrefix); ok {
			p.Scopes = append(p.Scopes, plain)
		}
	}
	if m.options.Roles != "" {
		granted, err := m.queries.ScopesOf(ctx, texts(at(all, m.options.Roles)))
		if err != nil {
			return httpapi.Principal{}, fmt.Errorf("look up roles: %w", err)
		}
		p.Scopes = append(p.Scopes, granted...)
	}
	name := m.options.Sites
	if name == "" {
		name = "sites"
	}
	p.Sites = sites(texts(at(all, name))).codes()
	return p, nil
}

// at is the claim of that name, or, where there is none, what lies at the dotted path.
func at(claims map[string]any, name string) any {
	if v, ok := claims[name]; ok {
		return v
	}
	var v any = claims
	for step := range strings.SplitSeq(name, ".") {
		object, _ := v.(map[string]any)
		v = object[step]
	}
	return v
}

// texts are the words of a string, or the strings of a list.
func texts(v any) []string {
	switch v := v.(type) {
	case string:
		return strings.Fields(v)
	case []any:
		list := []string{}
		for _, one := range v {
			if text, ok := one.(string); ok {
				list = append(list, text)
			}
		}
		return list
	default:
		return []string{}
	}
}
