package identity

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/millrace-erp/millrace/internal/httpapi"
	"github.com/millrace-erp/millrace/internal/identity/internal/db"
	"github.com/millrace-erp/millrace/internal/problem"
)

// BesideOptions say whose tokens a program takes that is no issuer itself.
type BesideOptions struct {
	// URL of our own issuer: the tokens' iss, below which it publishes its keys.
	URL string
	// Audience is the tokens' aud; [DefaultAudience] unless said otherwise.
	Audience string
	// HTTP reaches the issuer; a client of its own unless said otherwise.
	HTTP *http.Client
	// Log is told when the issuer cannot be reached. Nothing is logged without it.
	Log *slog.Logger
}

// Beside takes the tokens of our own issuer in another program, which needs none of its keys: it reads their public halves
// as anybody can, and asks the database each time what the token's session may do now. It is made for the few requests of people,
// not for those of tablets.
type Beside struct {
	verifier *Verifier
	queries  *db.Queries
}

// NewBeside is ready at once; the issuer need not be up yet.
func NewBeside(database db.DBTX, options BesideOptions) (*Beside, error) {
	address, err := url.Parse(options.URL)
	if err != nil || address.Host == "" {
		return nil, errors.New("the issuer is named by a URL, such as https://millrace.plant.example")
	}
	if ip := net.ParseIP(address.Hostname()); address.Scheme != "https" && (address.Scheme != "http" || address.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback())) {
		return nil, errors.New("the issuer must be reached by https: whoever is on the way could put keys of his own in the place of its")
	}
	if options.Audience == "" {
		options.Audience = DefaultAudience
	}
	if options.HTTP == nil {
		options.HTTP = &http.Client{Timeout: fetchTimeout, Transport: http.DefaultTransport.(*http.Transport).Clone()}
	}
	if options.Log == nil {
		options.Log = slog.New(slog.DiscardHandler)
	}
	published := &remoteKeys{
		options:  ExternalOptions{URL: options.URL, Algorithm: string(jose.RS256), HTTP: options.HTTP, Log: options.Log},
		keysFrom: strings.TrimSuffix(options.URL, "/") + "/.well-known/jwks.json",
	}
	return &Beside{verifier: &Verifier{Issuer: options.URL, Audience: options.Audience, Keys: published}, queries: db.New(database)}, nil
}

// Authenticate says who sends a request with the token, and what they may do by now: less than the token says, if rights
// were taken away since it was made, and never more.
func (b *Beside) Authenticate(ctx context.Context, _ *http.Request, token string) (httpapi.Principal, error) {
	p, err := b.authenticate(ctx, token)
	switch {
	case errors.Is(err, ErrRefused):
		return httpapi.Principal{}, httpapi.Unauthorized()
	case err != nil:
		return httpapi.Principal{}, problem.From(err)
	}
	return p, nil
}

func (b *Beside) authenticate(ctx context.Context, token string) (httpapi.Principal, error) {
	c, err := b.verifier.verify(ctx, token, time.Now())
	if err != nil {
		return httpapi.Principal{}, err
	}
	// The database is asked about nothing that the issuer has not signed. A key that leaked is dropped there, whatever is remembered of it.
	h, err := b.verifier.header(token)
	if err != nil {
		return httpapi.Principal{}, err
	}
	isThere, err := b.queries.HasSigningKey(ctx, h.KeyID)
	if err != nil {
		return httpapi.Principal{}, fmt.Errorf("look for a key: %w", err)
	}
	if !isThere {
		return httpapi.Principal{}, ErrRefused
	}
	g, err := confirmed(ctx, b.queries, c)
	if err != nil {
		return httpapi.Principal{}, err
	}
	known, err := b.verifier.known(ctx, c)
	if err != nil {
		return httpapi.Principal{}, err
	}
	p := known.principal
	p.Scopes = slices.DeleteFunc(p.Scopes, func(scope string) bool { return !slices.Contains(g.Scopes, scope) })
	switch now := sites(g.Sites).codes(); {
	case now == nil:
	case p.Sites == nil:
		p.Sites = now
	default:
		p.Sites = slices.DeleteFunc(p.Sites, func(site string) bool { return !slices.Contains(now, site) })
	}
	return p, nil
}

// confirmed asks the database whether there is the session that a token names. A signature alone does not make one.
func confirmed(ctx context.Context, queries *db.Queries, c *claims) (*grant, error) {
	id, err := strconv.ParseInt(c.Session, 10, 64)
	if err != nil || id < 1 {
		return nil, ErrRefused
	}
	g, err := asGrant(queries.DescribeGrant(ctx, id))
	if err != nil {
		return nil, fmt.Errorf("confirm a token: %w", err)
	}
	if g == nil || g.Subject != c.Subject || g.Client != c.ClientID || g.device() != c.Device {
		return nil, ErrRefused
	}
	return g, nil
}
