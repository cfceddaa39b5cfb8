package identity

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-jose/go-jose/v4"

	"github.com/millrace-erp/millrace/internal/httpapi"
	"github.com/millrace-erp/millrace/internal/identity/internal/db"
	"github.com/millrace-erp/millrace/internal/problem"
	"github.com/millrace-erp/millrace/internal/sealbox"
)

// Grant types of our own (RFC 6749, 4.5).
const (
	// BadgeGrant logs an operator in on a paired device.
	BadgeGrant = "urn:millrace:oauth:grant-type:badge"
	// PairingGrant gives a device its secret for a one-time code.
	PairingGrant = "urn:millrace:oauth:grant-type:pairing"
)

const (
	maxFormBytes = 16 << 10
	formTimeout  = 10 * time.Second
	// oauthTimeout bounds the work of one request.
	oauthTimeout = 15 * time.Second
)

// oauthError is an answer after RFC 6749, 5.2.
type oauthError struct {
	status      int
	Code        string `json:"error"`
	Description string `json:"error_description,omitempty"`
	retryAfter  int
	isBasic     bool
}

func (e *oauthError) Error() string { return e.Code }

func refuse(code, description string) *oauthError {
	return &oauthError{status: http.StatusBadRequest, Code: code, Description: description}
}

// Public adds the issuer's endpoints.
func (i *Issuer) Public(api *httpapi.API) {
	for path, handler := range map[string]func(ctx context.Context, form url.Values, r *http.Request) (any, error){
		"/oauth2/token": i.token, "/oauth2/revoke": i.revoke, "/oauth2/introspect": i.introspect,
	} {
		api.Public(path, i.endpoint(handler))
	}
	api.Public("/.well-known/jwks.json", http.HandlerFunc(i.serveKeys))
	api.Public("/.well-known/oauth-authorization-server", http.HandlerFunc(i.serveMetadata))
}

// serveMetadata says what there is (RFC 8414).
func (i *Issuer) serveMetadata(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET")
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	base := strings.TrimSuffix(i.options.URL, "/")
	methods := []string{"client_secret_basic", "client_secret_post"}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "public, max-age=300")
	_ = json.NewEncoder(w).Encode(map[string]any{ // a client that is gone needs no answer
		"issuer":                                        i.options.URL,
		"token_endpoint":                                base + "/oauth2/token",
		"jwks_uri":                                      base + "/.well-known/jwks.json",
		"revocation_endpoint":                           base + "/oauth2/revoke",
		"introspection_endpoint":                        base + "/oauth2/introspect",
		"response_types_supported":                      []string{},
		"grant_types_supported":                         []string{"client_credentials", "refresh_token", BadgeGrant, PairingGrant},
		"token_endpoint_auth_methods_supported":         methods,
		"revocation_endpoint_auth_methods_supported":    methods,
		"introspection_endpoint_auth_methods_supported": methods,
	})
}

// endpoint reads a form and answers with JSON that nobody keeps.
func (i *Issuer) endpoint(handle func(ctx context.Context, form url.Values, r *http.Request) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), oauthTimeout)
		defer cancel()
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Pragma", "no-cache")
		h.Set("Content-Type", "application/json")
		form, err := readForm(w, r)
		var answer any
		if err == nil {
			answer, err = handle(ctx, form, r)
		}
		if err != nil {
			i.refuse(ctx, w, err)
			return
		}
		if answer == nil {
			w.WriteHeader(http.StatusOK)
			return
		}
		_ = json.NewEncoder(w).Encode(answer) // a client that is gone needs no answer
	})
}

func (i *Issuer) refuse(ctx context.Context, w http.ResponseWriter, err error) {
	e := &oauthError{}
	if !errors.As(err, &e) {
		p := problem.From(err)
		e = &oauthError{status: p.Status, Code: "server_error"}
		if p.Status == http.StatusServiceUnavailable {
			e.Code, e.retryAfter = "temporarily_unavailable", 1
		} else {
			e.status = http.StatusInternalServerError
			i.options.Log.ErrorContext(ctx, "the token endpoint failed", "cause", err)
		}
	}
	if e.retryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(e.retryAfter))
	}
	if e.isBasic {
		w.Header().Set("WWW-Authenticate", `Basic realm="millrace", charset="UTF-8"`)
	}
	w.WriteHeader(e.status)
	_ = json.NewEncoder(w).Encode(e) // a client that is gone needs no answer
}

func readForm(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", "POST")
		return nil, &oauthError{status: http.StatusMethodNotAllowed, Code: "invalid_request", Description: "Only POST is taken."}
	}
	mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || mediaType != "application/x-www-form-urlencoded" {
		return nil, &oauthError{status: http.StatusUnsupportedMediaType, Code: "invalid_request", Description: "The body must be application/x-www-form-urlencoded."}
	}
	if r.URL.RawQuery != "" {
		// Addresses end up in logs.
		return nil, refuse("invalid_request", "Nothing belongs in the address.")
	}
	controller := http.NewResponseController(w)
	_ = controller.SetReadDeadline(time.Now().Add(formTimeout)) // tests have writers without
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxFormBytes))
	_ = controller.SetReadDeadline(time.Time{})
	if err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return nil, &oauthError{status: http.StatusRequestEntityTooLarge, Code: "invalid_request", Description: "The body is too large."}
		}
		return nil, refuse("invalid_request", "The body did not arrive.")
	}
	form, err := url.ParseQuery(string(text))
	if err != nil {
		return nil, refuse("invalid_request", "The body cannot be read.")
	}
	for name, values := range form {
		if len(values) != 1 || !isText(name) || !isText(values[0]) {
			return nil, refuse("invalid_request", "A parameter is given twice or holds what no parameter does.")
		}
		if values[0] == "" { // as if it were not there (RFC 6749, 3.2)
			delete(form, name)
		}
	}
	return form, nil
}

func isText(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// client is who authenticated at an endpoint.
type client struct {
	ID     string   `json:"id"`
	Kind   string   `json:"kind"`
	Hashes []string `json:"hashes"`

	id   int64
	code string
}

func (c *client) isDevice() bool { return c.Kind == "device" }

var invalidClient = &oauthError{status: http.StatusUnauthorized, Code: "invalid_client", Description: "The client is not known or its secret is wrong.", isBasic: true}

// authenticateClient takes client_secret_basic or client_secret_post, and not both.
func (i *Issuer) authenticateClient(ctx context.Context, form url.Values, r *http.Request) (*client, error) {
	code, secret := form.Get("client_id"), form.Get("client_secret")
	if values := r.Header["Authorization"]; len(values) > 0 {
		user, password, ok := r.BasicAuth()
		if !ok || len(values) != 1 {
			return nil, invalidClient
		}
		// Both are form-encoded before they are put together (RFC 6749, 2.3.1).
		user, errUser := url.QueryUnescape(user)
		password, errPassword := url.QueryUnescape(password)
		if errUser != nil || errPassword != nil || !isText(user) {
			return nil, invalidClient
		}
		if secret != "" || code != "" && code != user {
			return nil, refuse("invalid_request", "The client authenticates in two ways.")
		}
		code, secret = user, password
	}
	if code == "" || secret == "" || len(code) > 64 || len(secret) > 200 {
		return nil, invalidClient
	}
	document, err := i.queries.FindClient(ctx, code)
	if err != nil {
		return nil, err
	}
	c := &client{code: code}
	if document != nil {
		if err := json.Unmarshal(document, c); err != nil {
			return nil, err
		}
	}
	given := sha256.Sum256([]byte(secret))
	found := 0
	for _, text := range append(c.Hashes, nobodysHash) {
		hash, err := hex.DecodeString(text)
		if err != nil {
			return nil, err
		}
		found |= subtle.ConstantTimeCompare(hash, given[:])
	}
	if found != 1 || document == nil {
		i.options.Log.WarnContext(ctx, "a client was refused", "client", code)
		return nil, invalidClient
	}
	c.id, err = strconv.ParseInt(c.ID, 10, 64)
	return c, err
}

// nobodysHash is that of no secret: it is compared where there is no client.
var nobodysHash = strings.Repeat("00", sha256.Size)

// tokenAnswer is after RFC 6749, 5.1, with what devices show of the operator.
type tokenAnswer struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int64  `json:"expires_in"`
	RefreshToken string `json:"refresh_token,omitempty"`
	Scope        string `json:"scope"`
	Operator     string `json:"operator,omitempty"`
	OperatorName string `json:"operator_name,omitempty"`
}

// pairingAnswer tells a device who it is now, once.
type pairingAnswer struct {
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
	// IssuedAt and ExpiresAt have the names of RFC 7591; 0: it does not expire.
	IssuedAt  int64 `json:"client_id_issued_at"`
	ExpiresAt int64 `json:"client_secret_expires_at"`
}

func (i *Issuer) token(ctx context.Context, form url.Values, r *http.Request) (any, error) {
	grantType := form.Get("grant_type")
	switch grantType {
	case "":
		return nil, refuse("invalid_request", "There is no grant_type.")
	case "client_credentials", "refresh_token", BadgeGrant:
	case PairingGrant:
		return i.pair(ctx, form)
	default:
		return nil, refuse("unsupported_grant_type", "")
	}
	c, err := i.authenticateClient(ctx, form, r)
	if err != nil {
		return nil, err
	}
	scopes, err := scopesOf(form)
	if err != nil {
		return nil, err
	}
	switch {
	case grantType == "client_credentials" && c.isDevice():
		return nil, refuse("unauthorized_client", "On a device an operator logs in.")
	case grantType != "client_credentials" && !c.isDevice():
		return nil, refuse("unauthorized_client", "Only devices do this.")
	case grantType == "client_credentials":
		return i.clientCredentials(ctx, c, scopes)
	case grantType == "refresh_token":
		return i.refreshToken(ctx, c, form.Get("refresh_token"), form.Get("idempotency_key"))
	default:
		return i.badge(ctx, c, form, scopes)
	}
}

func scopesOf(form url.Values) ([]string, error) {
	if form.Get("scope") == "" {
		return nil, nil
	}
	scopes := strings.Fields(form.Get("scope"))
	if len(scopes) == 0 || len(scopes) > 100 {
		return nil, refuse("invalid_scope", "")
	}
	return scopes, nil
}

func (i *Issuer) clientCredentials(ctx context.Context, c *client, scopes []string) (any, error) {
	g, err := asGrant(i.queries.OpenClientSession(ctx, c.id, scopes, int32(clientToken.Seconds())))
	if err != nil {
		return nil, err
	}
	if g == nil {
		return nil, invalidClient
	}
	return i.answer(g, clientToken, "")
}

// refreshToken puts a new token in the place of the one that comes. A device whose answer was lost
// asks again under the same key, which it chose before, and gets the same new token. Whoever brings
// a used token and not the key of its use has it from somewhere else: that ends the session.
func (i *Issuer) refreshToken(ctx context.Context, c *client, token, key string) (any, error) {
	if token == "" {
		return nil, refuse("invalid_request", "There is no refresh_token.")
	}
	next := newSecret("mrr_")
	switch {
	case len(key) > 64 || key != "" && len(key) < 32:
		return nil, refuse("invalid_request", "An idempotency_key has 32 to 64 characters.")
	case key != "":
		next = i.vault.nextRefreshToken(token, key)
	}
	g, err := asGrant(i.queries.RotateRefreshToken(ctx, c.id, hashOf(token), hashOf(next)))
	if err != nil {
		return nil, err
	}
	if g == nil {
		i.options.Log.WarnContext(ctx, "a refresh token was refused", "device", c.code)
		return nil, refuse("invalid_grant", "The refresh token is not good any more: log in again.")
	}
	return i.answer(g, operatorToken, next)
}

// badge logs an operator in: what he has, what he knows, and a device that we know. Whether
// a badge is known makes no difference before the PIN is right: neither in the answer nor in
// the time that it takes, nor in how many tries there are.
func (i *Issuer) badge(ctx context.Context, device *client, form url.Values, scopes []string) (any, error) {
	badge, pin := form.Get("badge"), form.Get("pin")
	if badge == "" || pin == "" {
		return nil, refuse("invalid_request", "It takes a badge and a pin.")
	}
	wrong := refuse("invalid_grant", "Badge or PIN is wrong.")
	if utf8.RuneCountInString(badge) > 64 || len(pin) > 64 {
		return nil, wrong
	}
	done, err := i.vault.pins.turn(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	// What has begun is counted and must come to its end.
	ctx = context.WithoutCancel(ctx)
	document, err := i.queries.BeginBadgeLogin(ctx, device.id, badge)
	if err != nil {
		return nil, err
	}
	var found struct {
		LockedSeconds int    `json:"locked_seconds"`
		OperatorID    int64  `json:"operator_id,string"`
		BadgeID       int64  `json:"badge_id,string"`
		Hash          string `json:"hash"`
	}
	if err := json.Unmarshal(document, &found); err != nil {
		return nil, err
	}
	if found.LockedSeconds > 0 {
		i.options.Log.WarnContext(ctx, "a log-in was refused", "device", device.code, "reason", "locked")
		return nil, &oauthError{
			status: http.StatusBadRequest, Code: "invalid_grant", retryAfter: found.LockedSeconds,
			Description: "There were too many wrong tries. Try again later, or ask who administers badges.",
		}
	}
	if isRight := i.vault.pins.isRight(found.Hash, pin); !isRight || found.Hash == "" {
		i.options.Log.WarnContext(ctx, "a log-in was refused", "device", device.code, "reason", "badge or PIN")
		return nil, wrong
	}
	refresh := newSecret("mrr_")
	g, err := asGrant(i.queries.OpenOperatorSession(ctx, db.OpenOperatorSessionParams{
		DeviceID: device.id, Badge: badge, BadgeID: found.BadgeID, OperatorID: found.OperatorID, Scopes: scopes,
		RefreshHash: hashOf(refresh), LifetimeSeconds: int32(operatorSession.Seconds()),
	}))
	if err != nil {
		return nil, err
	}
	if g == nil {
		return nil, wrong
	}
	i.options.Log.InfoContext(ctx, "an operator logged in", "operator", g.Subject, "device", device.code)
	return i.answer(g, operatorToken, refresh)
}

func (i *Issuer) pair(ctx context.Context, form url.Values) (any, error) {
	code := normalCode(form.Get("pairing_code"))
	if code == "" {
		return nil, refuse("invalid_request", "There is no pairing_code.")
	}
	secret := newSecret("mrd_")
	device, err := i.queries.RedeemPairingCode(ctx, i.vault.codeHash(code), hashOf(secret))
	if err != nil {
		return nil, err
	}
	if device == "" {
		i.options.Log.WarnContext(ctx, "a pairing code was refused")
		return nil, refuse("invalid_grant", "The pairing code is not good: it was used, is older than ten minutes, or holds an error.")
	}
	i.options.Log.InfoContext(ctx, "a device was paired", "device", device)
	return pairingAnswer{ClientID: device, ClientSecret: secret, IssuedAt: time.Now().Unix()}, nil
}

// answer makes the access token of a grant.
func (i *Issuer) answer(g *grant, lifetime time.Duration, refresh string) (any, error) {
	now := time.Now()
	expires := now.Add(lifetime)
	if expires.After(g.ExpiresAt) {
		expires = g.ExpiresAt
	}
	if len(g.Scopes) == 0 {
		return nil, refuse("invalid_scope", "There is nothing that this token would be for.")
	}
	token, err := i.sign(g, now, expires)
	if err != nil {
		return nil, err
	}
	answer := tokenAnswer{
		AccessToken: token, TokenType: "Bearer", ExpiresIn: int64(expires.Sub(now).Seconds()), RefreshToken: refresh, Scope: strings.Join(g.Scopes, " "),
	}
	if g.IsOperator {
		answer.Operator, answer.OperatorName = g.Subject, g.Name
	}
	return answer, nil
}

func (i *Issuer) sign(g *grant, now, expires time.Time) (string, error) {
	key, ok := i.keys.Load().signing(now)
	if !ok {
		return "", problem.New(problem.Unavailable, "").Because(errors.New("no signing key is active"))
	}
	return signed(key.signer, &claims{
		Issuer: i.options.URL, Audience: audience{i.options.Audience}, Subject: g.Subject, ClientID: g.Client,
		Expires: dateOf(expires), NotBefore: dateOf(now), IssuedAt: dateOf(now), ID: rand.Text(),
		Scope: strings.Join(g.Scopes, " "), Session: g.Session, Device: g.device(), Sites: g.Sites,
	})
}

func signed(signer jose.Signer, c *claims) (string, error) {
	payload, err := json.Marshal(c)
	if err != nil {
		return "", err
	}
	token, err := signer.Sign(payload)
	if err != nil {
		return "", err
	}
	return token.CompactSerialize()
}

// revoke ends the session of a token (RFC 7009). Nobody is told whether there was one.
func (i *Issuer) revoke(ctx context.Context, form url.Values, r *http.Request) (any, error) {
	c, err := i.authenticateClient(ctx, form, r)
	if err != nil {
		return nil, err
	}
	token := form.Get("token")
	if token == "" {
		return nil, refuse("invalid_request", "There is no token.")
	}
	var session *int64
	if verified, err := i.verifier.verify(ctx, token, time.Now()); err == nil {
		if id, err := strconv.ParseInt(verified.Session, 10, 64); err == nil {
			session = &id
		}
	}
	count, err := i.queries.RevokeToken(ctx, c.id, hashOf(token), session)
	if err != nil {
		return nil, err
	}
	if count > 0 {
		i.options.Log.InfoContext(ctx, "a session was revoked", "client", c.code)
		return nil, i.listen(ctx) // here it holds at once
	}
	return nil, nil
}

// introspection is after RFC 7662.
type introspection struct {
	Active   bool     `json:"active"`
	Scope    string   `json:"scope,omitempty"`
	ClientID string   `json:"client_id,omitempty"`
	Type     string   `json:"token_type,omitempty"`
	Expires  int64    `json:"exp,omitempty"`
	IssuedAt int64    `json:"iat,omitempty"`
	Subject  string   `json:"sub,omitempty"`
	Audience string   `json:"aud,omitempty"`
	Issuer   string   `json:"iss,omitempty"`
	ID       string   `json:"jti,omitempty"`
	Device   string   `json:"device,omitempty"`
	Sites    []string `json:"sites,omitempty"`
}

// introspect says what a token is. A device learns of its own tokens only.
func (i *Issuer) introspect(ctx context.Context, form url.Values, r *http.Request) (any, error) {
	c, err := i.authenticateClient(ctx, form, r)
	if err != nil {
		return nil, err
	}
	token := form.Get("token")
	if token == "" {
		return nil, refuse("invalid_request", "There is no token.")
	}
	if t, err := i.verifier.verify(ctx, token, time.Now()); err == nil {
		g, err := confirmed(ctx, i.queries, t)
		if errors.Is(err, ErrRefused) {
			return introspection{}, nil
		}
		if err != nil {
			return nil, err
		}
		if c.isDevice() && g.Client != c.code {
			return introspection{}, nil
		}
		return introspection{
			Active: true, Scope: t.Scope, ClientID: t.ClientID, Type: "Bearer", Expires: t.Expires.time().Unix(), IssuedAt: t.IssuedAt.time().Unix(),
			Subject: t.Subject, Audience: i.options.Audience, Issuer: t.Issuer, ID: t.ID, Device: t.Device, Sites: t.Sites,
		}, nil
	} else if !errors.Is(err, ErrRefused) {
		return nil, err
	}
	g, err := asGrant(i.queries.IntrospectRefreshToken(ctx, hashOf(token)))
	if err != nil {
		return nil, err
	}
	if g == nil || c.isDevice() && g.Client != c.code {
		return introspection{}, nil
	}
	return introspection{
		Active: true, Scope: strings.Join(g.Scopes, " "), ClientID: g.Client, Type: "refresh_token", Expires: g.ExpiresAt.Unix(),
		Subject: g.Subject, Issuer: i.options.URL, Device: g.device(), Sites: g.Sites,
	}, nil
}

// vault makes secrets, and what is kept of them.
type vault struct {
	box  *sealbox.Box
	pins *pins
}

func newVault(box *sealbox.Box) *vault { return &vault{box: box, pins: newPINs(box)} }

// newSecret is 32 random bytes, with a prefix that scanners for leaked secrets know.
func newSecret(prefix string) string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails
	return prefix + base64.RawURLEncoding.EncodeToString(b[:])
}

// nextRefreshToken is the one that follows token for the request of that key. Nobody can compute
// it who has not the encryption key.
func (v *vault) nextRefreshToken(token, key string) string {
	return "mrr_" + base64.RawURLEncoding.EncodeToString(v.box.Mac([]byte(token+"\x00"+key), "refresh token of a request"))
}

// codeAlphabet has no characters that look like others (Crockford).
const codeAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// pairingCode of a request: 8 characters, 40 bits. Nobody can compute it who has not the
// encryption key.
func (v *vault) pairingCode(requestKey string) string {
	mac := v.box.Mac([]byte(requestKey), "pairing code of a request")
	code := make([]byte, 8)
	for n := range code {
		code[n] = codeAlphabet[mac[n]%32]
	}
	return string(code)
}

func (v *vault) codeHash(code string) []byte {
	return v.box.Mac([]byte(code), "pairing code")
}

// normalCode is the code as it was made from what people type.
func normalCode(text string) string {
	if len(text) > 40 {
		return "?"
	}
	return strings.NewReplacer(" ", "", "-", "", "O", "0", "I", "1", "L", "1").Replace(strings.ToUpper(text))
}

// clientSecret of a request that asks for one.
func (v *vault) clientSecret(requestKey string) string {
	return "mrs_" + base64.RawURLEncoding.EncodeToString(v.box.Mac([]byte(requestKey), "client secret of a request"))
}

var _ slog.LogValuer = (*oauthError)(nil)

// LogValue is the code alone.
func (e *oauthError) LogValue() slog.Value { return slog.StringValue(e.Code) }
