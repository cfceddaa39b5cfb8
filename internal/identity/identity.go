// Package identity says who may do what, and proves who did it.
//
// [Issuer] is Millrace's own authorization server: OAuth 2 (RFC 6749) with access tokens
// after RFC 9068, for machines by client credentials and for operators by a paired device, a
// badge and a PIN. [External] takes the tokens of another issuer in its place. Both are the
// API's [httpapi.Authenticator].
//
// What lies in the database are hashes of secrets, and signing keys that are encrypted with
// a key from the environment.
package identity

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/millrace-erp/millrace/internal/httpapi"
	"github.com/millrace-erp/millrace/internal/identity/internal/db"
	"github.com/millrace-erp/millrace/internal/problem"
	"github.com/millrace-erp/millrace/internal/sealbox"
)

const (
	// operatorToken, clientToken and operatorSession are lifetimes. The database counts on
	// no access token to live for more than an hour.
	operatorToken   = 10 * time.Minute
	clientToken     = time.Hour
	operatorSession = 12 * time.Hour

	// pollEvery lies between two looks for revocations and keys.
	pollEvery = time.Second
	// reloadEvery is after how many looks everything is read even if nothing has changed.
	reloadEvery = 300
	// staleAfter is for how long tokens are taken without having heard of revocations.
	staleAfter = 15 * time.Second
	// keyDelay is for how long a key is published before it signs: longer than anybody
	// takes to hear of it.
	keyDelay = 15 * time.Minute
	// keyAge is when another key takes the place of the one that signs.
	keyAge = 30 * 24 * time.Hour
)

// DefaultAudience is what tokens are for, unless said otherwise.
const DefaultAudience = "millrace"

// Options are what an issuer needs.
type Options struct {
	// URL of the API as its clients see it: the tokens' iss.
	URL string
	// Audience is the tokens' aud; [DefaultAudience] unless said otherwise.
	Audience string
	// Box opens the signing keys.
	Box *sealbox.Box
	// Log is told of log-ins. Nothing is logged without it.
	Log *slog.Logger
}

// Issuer is Millrace's own authorization server. It makes tokens, takes them, and hears
// within seconds of what other processes have revoked.
type Issuer struct {
	options  Options
	queries  *db.Queries
	verifier *Verifier
	vault    *vault

	keys    atomic.Pointer[keyRing]
	revoked atomic.Pointer[map[int64]struct{}]

	mu      sync.Mutex // of what follows, and of reloading
	version int64
	heard   time.Time
	looks   int
}

// Open reads the keys, makes the first one if there is none, and keeps listening for
// changes until ctx ends.
func Open(ctx context.Context, database db.DBTX, options Options) (*Issuer, error) {
	if options.Audience == "" {
		options.Audience = DefaultAudience
	}
	if options.Log == nil {
		options.Log = slog.New(slog.DiscardHandler)
	}
	if options.URL == "" || options.Box == nil {
		return nil, errors.New("an issuer needs its URL and the encryption key")
	}
	i := &Issuer{options: options, queries: db.New(database), vault: newVault(options.Box), version: -1}
	i.verifier = &Verifier{Issuer: options.URL, Audience: options.Audience, Keys: i, Confirm: i.confirm, IsRevoked: i.isRevoked}
	if err := i.prepareKeys(ctx); err != nil {
		return nil, err
	}
	if err := i.listen(ctx); err != nil {
		return nil, err
	}
	go i.run(ctx)
	return i, nil
}

// Authenticate says who sends a request with the token.
func (i *Issuer) Authenticate(ctx context.Context, _ *http.Request, token string) (httpapi.Principal, error) {
	i.mu.Lock()
	isStale := time.Since(i.heard) > staleAfter
	i.mu.Unlock()
	if isStale {
		// Better no answer than one that takes what was revoked.
		ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
		defer cancel()
		if err := i.listen(ctx); err != nil {
			return httpapi.Principal{}, problem.New(problem.Unavailable, "").Because(err)
		}
	}
	return i.verifier.Authenticate(ctx, nil, token)
}

func (i *Issuer) run(ctx context.Context) {
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	nextKey := time.Now().Add(time.Hour)
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			err := i.listen(ctx)
			if err == nil && now.After(nextKey) {
				nextKey = now.Add(time.Hour)
				err = i.rotate(ctx, keyDelay, keyAge)
			}
			if err != nil && ctx.Err() == nil {
				i.options.Log.WarnContext(ctx, "the issuer does not reach the database", "cause", err)
			}
			i.verifier.forget(now)
		}
	}
}

// listen asks whether anything was revoked or any key changed.
func (i *Issuer) listen(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	asked := time.Now()
	version, err := i.queries.ChangeVersion(ctx)
	if err != nil {
		return err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.looks++
	if i.keys.Load() == nil || version != i.version || i.looks%reloadEvery == 0 {
		if err := i.reload(ctx); err != nil {
			return err
		}
		i.version = version
	}
	if asked.After(i.heard) {
		i.heard = asked
	}
	return nil
}

func (i *Issuer) reload(ctx context.Context) error {
	ids, err := i.queries.ListRevokedSessions(ctx)
	if err != nil {
		return err
	}
	revoked := make(map[int64]struct{}, len(ids))
	for _, id := range ids {
		revoked[id] = struct{}{}
	}
	i.revoked.Store(&revoked)
	return i.readKeys(ctx)
}

func (i *Issuer) isRevoked(session string) bool {
	id, err := strconv.ParseInt(session, 10, 64)
	if err != nil {
		return true // ours are numbers
	}
	_, isRevoked := (*i.revoked.Load())[id]
	return isRevoked
}

// confirm is asked the first time that a token is seen.
func (i *Issuer) confirm(ctx context.Context, c *claims) error {
	_, err := confirmed(ctx, i.queries, c)
	return err
}

// grant is what the database says of a session.
type grant struct {
	Session    string    `json:"session"`
	Subject    string    `json:"subject"`
	Name       string    `json:"name"`
	Client     string    `json:"client"`
	Device     *string   `json:"device"`
	IsOperator bool      `json:"is_operator"`
	Scopes     []string  `json:"scopes"`
	Sites      []string  `json:"sites"`
	ExpiresAt  time.Time `json:"expires_at"`
}

func (g *grant) device() string {
	if g.Device == nil {
		return ""
	}
	return *g.Device
}

// asGrant is nil without an error when there is none.
func asGrant(document json.RawMessage, err error) (*grant, error) {
	if err != nil || document == nil {
		return nil, err
	}
	g := &grant{}
	if err := json.Unmarshal(document, g); err != nil {
		return nil, err
	}
	return g, nil
}

// hashOf is what is kept of a secret of 32 random bytes.
func hashOf(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}
