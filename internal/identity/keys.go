package identity

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/millrace-erp/millrace/internal/identity/internal/db"
	"github.com/millrace-erp/millrace/internal/sealbox"
)

const keyBits = 2048

// keyRing is what the database holds of keys, opened.
type keyRing struct {
	keys      []signingKey // in the order in which they sign
	published []byte       // as RFC 7517 says
	sealed    int          // rows that no key of ours opened
}

type signingKey struct {
	kid        string
	private    *rsa.PrivateKey
	activeFrom time.Time
	signer     jose.Signer
}

// signing is the newest key that is active.
func (r *keyRing) signing(now time.Time) (signingKey, bool) {
	for n := len(r.keys) - 1; n >= 0; n-- {
		if !now.Before(r.keys[n].activeFrom) {
			return r.keys[n], true
		}
	}
	return signingKey{}, false
}

// Key is the public key of exactly that kid.
func (i *Issuer) Key(_ context.Context, kid string) (any, error) {
	for _, k := range i.keys.Load().keys {
		if k.kid == kid {
			return &k.private.PublicKey, nil
		}
	}
	return nil, ErrRefused
}

func purposeOf(kid string) string { return "signing key/" + kid }

// readKeys opens the keys of the database. What does not open was sealed with another key,
// or put there by somebody who has none: nothing that it signed is taken.
func (i *Issuer) readKeys(ctx context.Context) error {
	document, err := i.queries.ListSigningKeys(ctx)
	if err != nil {
		return err
	}
	var rows []struct {
		KeyID      string    `json:"kid"`
		PrivateKey string    `json:"private_key"`
		ActiveFrom time.Time `json:"active_from"`
	}
	if err := json.Unmarshal(document, &rows); err != nil {
		return err
	}
	ring := &keyRing{}
	set := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{}}
	for _, row := range rows {
		key, err := i.open(ctx, row.KeyID, row.PrivateKey)
		if err != nil {
			ring.sealed++
			i.options.Log.WarnContext(ctx, "a signing key is left out", "kid", row.KeyID, "cause", err)
			continue
		}
		key.activeFrom = row.ActiveFrom
		ring.keys = append(ring.keys, key)
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: &key.private.PublicKey, KeyID: key.kid, Algorithm: string(jose.RS256), Use: "sig"})
	}
	if ring.published, err = json.Marshal(set); err != nil {
		return err
	}
	previous := i.keys.Swap(ring)
	if previous != nil && slices.ContainsFunc(previous.keys, func(k signingKey) bool { return !ring.has(k.kid) }) {
		i.verifier.forgetAll() // what a key signed that is gone is gone with it
	}
	return nil
}

func (r *keyRing) has(kid string) bool {
	return slices.ContainsFunc(r.keys, func(k signingKey) bool { return k.kid == kid })
}

func (i *Issuer) open(ctx context.Context, kid, text string) (signingKey, error) {
	// encode(…, 'base64') of Postgres breaks lines, which Go's decoder skips.
	sealed, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return signingKey{}, err
	}
	var known *signingKey
	if previous := i.keys.Load(); previous != nil {
		for n := range previous.keys {
			if previous.keys[n].kid == kid {
				known = &previous.keys[n]
			}
		}
	}
	if known != nil && i.options.Box.IsCurrent(sealed) {
		return *known, nil
	}
	plain, err := i.options.Box.Open(sealed, purposeOf(kid))
	if errors.Is(err, sealbox.ErrUnknownKey) && known != nil {
		return *known, nil // sealed anew by a process that has the next encryption key already
	}
	if err != nil {
		return signingKey{}, err
	}
	if !i.options.Box.IsCurrent(sealed) {
		// The older encryption key may go once nothing needs it.
		if err := i.queries.ResealSigningKey(ctx, kid, i.options.Box.Seal(plain, purposeOf(kid))); err != nil {
			return signingKey{}, err
		}
	}
	parsed, err := x509.ParsePKCS8PrivateKey(plain)
	if err != nil {
		return signingKey{}, errors.New("it holds no key")
	}
	private, ok := parsed.(*rsa.PrivateKey)
	if !ok || private.N.BitLen() < keyBits {
		return signingKey{}, errors.New("it holds no RSA key of 2048 bits")
	}
	signer, err := signerOf(kid, private)
	return signingKey{kid: kid, private: private, signer: signer}, err
}

func signerOf(kid string, private *rsa.PrivateKey) (jose.Signer, error) {
	return jose.NewSigner(
		jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: private, KeyID: kid}},
		(&jose.SignerOptions{}).WithType(tokenType))
}

// prepareKeys makes the first key. An installation whose keys none of our encryption keys
// opens is not ours to add to.
func (i *Issuer) prepareKeys(ctx context.Context) error {
	if err := i.readKeys(ctx); err != nil {
		return fmt.Errorf("read the signing keys: %w", err)
	}
	ring := i.keys.Load()
	if len(ring.keys) == 0 && ring.sealed > 0 {
		return errors.New("MILLRACE_ENCRYPTION_KEY opens none of the signing keys in the database: set the key that they were sealed with, " +
			"or, if it is lost, make new ones with dba identity rotate-key --drop-others")
	}
	return i.rotate(ctx, keyDelay, keyAge)
}

// rotate adds a key if the newest one is older than age.
func (i *Issuer) rotate(ctx context.Context, delay, age time.Duration) error {
	for _, k := range i.keys.Load().keys {
		if time.Since(k.activeFrom) < age-time.Hour {
			return nil // no need to make one
		}
	}
	_, err := addKey(ctx, i.queries, i.options.Box, delay, age)
	return err
}

// addKey makes a key and says which; none when there was a younger one.
func addKey(ctx context.Context, queries *db.Queries, box *sealbox.Box, delay, age time.Duration) (string, error) {
	private, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return "", err
	}
	text, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(x509.MarshalPKCS1PublicKey(&private.PublicKey))
	kid := base64.RawURLEncoding.EncodeToString(sum[:18])
	wasAdded, err := queries.AddSigningKey(ctx, kid, box.Seal(text, purposeOf(kid)), int32(delay.Seconds()), int32(age.Seconds()))
	if err != nil || !wasAdded {
		return "", err
	}
	return kid, nil
}

// RotateKey adds a signing key that takes over after the usual delay. With dropOthers it
// signs at once and all others are gone, and with them every token that they signed.
func RotateKey(ctx context.Context, database db.DBTX, box *sealbox.Box, dropOthers bool) (kid string, err error) {
	queries := db.New(database)
	delay := keyDelay
	if dropOthers {
		delay = 0
	}
	if kid, err = addKey(ctx, queries, box, delay, 0); err != nil || !dropOthers {
		return kid, err
	}
	_, err = queries.DropSigningKeys(ctx, kid)
	return kid, err
}

// serveKeys answers with the public keys (RFC 7517).
func (i *Issuer) serveKeys(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET")
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	w.Header().Set("Content-Type", "application/jwk-set+json")
	w.Header().Set("Cache-Control", "public, max-age=300")
	_, _ = w.Write(i.keys.Load().published) // a client that is gone needs no answer
}
