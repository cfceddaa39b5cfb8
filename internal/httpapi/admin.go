package httpapi

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	_ "embed" // the page to sign in
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/millrace-erp/millrace/internal/problem"
)

const (
	// adminPolicy lets pages load what they brought along, and nothing from elsewhere.
	adminPolicy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; " +
		"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	// adminCookie opens the pages to the browser that signed in. Its name has browsers hold it to Secure.
	adminCookie = "__Secure-millrace-pages"
	// adminSession is how long somebody is signed in at most; never longer than the token is good.
	adminSession = time.Hour
	// mostAdminSessions bounds memory.
	mostAdminSessions = 1000
)

// Act is something that somebody is about to do on pages of administrators.
type Act struct {
	Principal Principal
	RequestID string
	// Action is sign-in, sign-out, or the method and path of a request.
	Action string
	// Asked is the body of the request, if it has one.
	Asked json.RawMessage
}

// AdminOptions say who gets to pages of administrators.
type AdminOptions struct {
	// Prefix of the pages' paths, such as /jobs.
	Prefix string
	// Scope that all of it takes, looking included.
	Scope string
	// Authenticator tells who sends a request. Without it nobody gets through.
	Authenticator Authenticator
	// Record keeps who is about to do what. What cannot be recorded is not done.
	Record func(ctx context.Context, act Act) error
	// Rates bound what comes without a good token.
	Rates Rates
	// Log receives one record per request. Nothing is logged without it.
	Log *slog.Logger
}

// Admin lets through to pages that ask nobody who he is: who has an access token with the scope, for all sites. Programs send it
// with each request. A browser sends it once, to /session, and gets a cookie that is good for these pages alone; behind it lies
// the token, which is looked at anew for every request.
type Admin struct {
	options AdminOptions
	scope   Scope
	next    http.Handler
	log     *slog.Logger
	limits  *limits

	mu       sync.Mutex
	sessions map[[sha256.Size]byte]signedIn
}

// signedIn is a browser that has shown a token.
type signedIn struct {
	token string
	until time.Time
}

// NewAdmin guards next.
func NewAdmin(options AdminOptions, next http.Handler) *Admin {
	log := options.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Admin{
		options: options, scope: scopeOf("the pages "+options.Prefix, options.Scope), next: next, log: log,
		limits: newLimits(options.Rates), sessions: map[[sha256.Size]byte]signedIn{},
	}
}

// ServeHTTP answers one request.
func (a *Admin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	e := begin(w, r)
	e.operation = "pages"
	w.Header().Set("Content-Security-Policy", adminPolicy)
	if r.ContentLength != 0 {
		_ = http.NewResponseController(w).SetReadDeadline(start.Add(bodyTimeout)) // not every connection has one
	}
	defer logRequest(a.log, e, r.Method, start)
	defer rescue(a.log, e)
	if p := a.serve(e, r); p != nil {
		a.refuse(e, r, p)
	}
}

func (a *Admin) serve(e *exchange, r *http.Request) *problem.Problem {
	if p := checkHeaders(r); p != nil {
		return p
	}
	if !isPrintable(r.URL.Path) {
		return problem.New(problem.Malformed, "The path holds characters that no code or number has.")
	}
	if !slices.Contains([]string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}, r.Method) {
		return problem.New(problem.MethodNotAllowed, "")
	}
	path, isOurs := strings.CutPrefix(r.URL.Path, a.options.Prefix+"/")
	switch {
	case r.URL.Path == "/" || r.URL.Path == a.options.Prefix:
		e.Header().Set("Location", a.options.Prefix+"/")
		e.WriteHeader(http.StatusSeeOther)
		return nil
	case !isOurs:
		return problem.New(problem.NotFound, "There is no such path.")
	case path == "session":
		return a.session(e, r)
	case path == "sign-in":
		return a.serveSignIn(e, r, http.StatusOK, signInPage)
	case path == "sign-in/page.js":
		return a.serveSignIn(e, r, http.StatusOK, signInScript)
	case path == "sign-in/page.css":
		return a.serveSignIn(e, r, http.StatusOK, signInStyle)
	}
	token, p := a.tokenOf(r)
	if p == nil {
		p = a.admit(e, r, token)
	}
	if p != nil {
		return p
	}
	if hasBody(r.Method) || r.Method == http.MethodDelete {
		body, p := asked(e, r)
		if p != nil {
			return p
		}
		if p := a.record(e, r, r.Method+" /"+path, body); p != nil {
			return p
		}
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	}
	// What asks no further needs not know.
	forward := r.Clone(r.Context())
	forward.Header.Del("Authorization")
	forward.Header.Del("Cookie")
	a.next.ServeHTTP(&e.recorder, forward)
	return nil
}

// refuse answers a browser that shows a page by one on which to sign in, and everybody else by a problem.
func (a *Admin) refuse(e *exchange, r *http.Request, p *problem.Problem) {
	if p.Status == http.StatusUnauthorized && r.Method == http.MethodGet && strings.Contains(r.Header.Get("Accept"), "text/html") {
		fill(e, p)
		for name, values := range p.GetHeaders() {
			e.Header()[name] = values
		}
		_ = a.serveSignIn(e, r, p.Status, signInPage)
		return
	}
	e.refuse(p)
}

// admit lets through whose token has the scope.
func (a *Admin) admit(e *exchange, r *http.Request, token string) *problem.Problem {
	p := Unauthorized()
	if token == "" {
		p = problem.New(problem.Unauthorized, "A valid bearer token is needed.")
	} else if len(token) <= maxTokenLength && a.options.Authenticator != nil {
		principal, err := a.options.Authenticator.Authenticate(r.Context(), r, token)
		if err == nil {
			e.principal = principal
			noteKnown(e)
			return e.permit(a.scope)
		}
		p = problem.From(err)
	}
	if p.Status == http.StatusUnauthorized {
		if tooMany := a.limits.stranger(e, r); tooMany != nil {
			return tooMany
		}
	}
	return p
}

// tokenOf is the token of the request itself or of the browser that sends it.
func (a *Admin) tokenOf(r *http.Request) (string, *problem.Problem) {
	if token, isGiven := bearer(r.Header); isGiven {
		if token == "" {
			return "", Unauthorized()
		}
		return token, nil
	}
	key, isThere := cookieOf(r)
	if !isThere {
		return "", nil
	}
	// A browser sends cookies for pages of others as well: of other ports of this host, which it counts to the same site. So it
	// has to say that the page is ours, or that its user typed the address.
	site := r.Header.Get("Sec-Fetch-Site")
	isRead := r.Method == http.MethodGet || r.Method == http.MethodHead
	if site != "same-origin" && (site != "none" || !isRead) && (site != "" || !isRead && r.Header.Get("Origin") == "") {
		return "", problem.New(problem.CrossOrigin, "")
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	session, isThere := a.sessions[key]
	if !isThere || !time.Now().Before(session.until) {
		delete(a.sessions, key)
		return "", nil
	}
	return session.token, nil
}

// cookieOf is the hash of the one cookie of ours that the request has.
func cookieOf(r *http.Request) (key [sha256.Size]byte, isThere bool) {
	cookies := r.CookiesNamed(adminCookie)
	if len(cookies) != 1 || cookies[0].Value == "" {
		return key, false
	}
	return sha256.Sum256([]byte(cookies[0].Value)), true
}

// session signs in who shows a token, and out.
func (a *Admin) session(e *exchange, r *http.Request) *problem.Problem {
	if r.Method != http.MethodPost && r.Method != http.MethodDelete {
		e.Header().Set("Allow", "POST, DELETE")
		return problem.New(problem.MethodNotAllowed, "The path has no such method; it has POST and DELETE.")
	}
	if r.ContentLength != 0 {
		return problem.New(problem.Malformed, "Signing in and out takes no body.")
	}
	if r.Method == http.MethodDelete {
		return a.signOut(e, r)
	}
	// By the header alone: no page of another site can set it, so none signs anybody in as somebody else.
	token, _ := bearer(r.Header)
	if p := a.admit(e, r, token); p != nil {
		return p
	}
	until := time.Now().Add(adminSession)
	if e.principal.Expires.Before(until) {
		until = e.principal.Expires
	}
	if p := a.record(e, r, "sign-in", nil); p != nil {
		return p
	}
	secret := rand.Text() + rand.Text()
	if !a.keep(sha256.Sum256([]byte(secret)), signedIn{token: token, until: until}) {
		return problem.New(problem.TooManyRequests, "As many are signed in as this process takes.").After(60)
	}
	a.setCookie(e, secret, max(1, int(time.Until(until).Seconds())))
	e.WriteHeader(http.StatusNoContent)
	return nil
}

// keep remembers who signed in, as long as there is room.
func (a *Admin) keep(key [sha256.Size]byte, session signedIn) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	for other, known := range a.sessions {
		if !now.Before(known.until) {
			delete(a.sessions, other)
		}
	}
	if len(a.sessions) >= mostAdminSessions {
		return false
	}
	a.sessions[key] = session
	return true
}

// signOut forgets the browser, whatever became of its token.
func (a *Admin) signOut(e *exchange, r *http.Request) *problem.Problem {
	token, p := a.tokenOf(r)
	if p != nil {
		return p
	}
	if key, isThere := cookieOf(r); isThere {
		a.mu.Lock()
		delete(a.sessions, key)
		a.mu.Unlock()
	}
	a.setCookie(e, "", -1)
	if token != "" && a.admit(e, r, token) == nil {
		if p := a.record(e, r, "sign-out", nil); p != nil {
			return p
		}
	}
	e.WriteHeader(http.StatusNoContent)
	return nil
}

func (a *Admin) setCookie(e *exchange, value string, seconds int) {
	http.SetCookie(e, &http.Cookie{
		Name: adminCookie, Value: value, Path: a.options.Prefix + "/", MaxAge: seconds,
		HttpOnly: true, Secure: true, SameSite: http.SameSiteStrictMode,
	})
}

// record keeps what is about to be done.
func (a *Admin) record(e *exchange, r *http.Request, action string, asked json.RawMessage) *problem.Problem {
	if a.options.Record == nil {
		return problem.New(problem.Unavailable, "It cannot be recorded, so it is not done.")
	}
	if err := a.options.Record(r.Context(), Act{Principal: e.principal, RequestID: e.requestID, Action: action, Asked: asked}); err != nil {
		p := problem.New(problem.Unavailable, "It cannot be recorded, so it is not done.").Because(err)
		return p
	}
	return nil
}

// asked is the body of the request: one JSON value, or none.
func asked(e *exchange, r *http.Request) (json.RawMessage, *problem.Problem) {
	if r.ContentLength == 0 {
		return nil, nil
	}
	if p := checkMediaType(r.Header); p != nil {
		return nil, p
	}
	text, p := readBody(&e.recorder, r)
	if p != nil {
		return nil, p
	}
	_, p = checkJSON(text)
	return text, p
}

// The page on which a browser signs in, and what it loads.
var (
	//go:embed signin/index.html
	signInHTML string
	//go:embed signin/page.js
	signInJS string
	//go:embed signin/page.css
	signInCSS string

	signInPage   = file{"text/html; charset=utf-8", signInHTML}
	signInScript = file{"text/javascript; charset=utf-8", signInJS}
	signInStyle  = file{"text/css; charset=utf-8", signInCSS}
)

type file struct{ kind, text string }

func (a *Admin) serveSignIn(e *exchange, r *http.Request, status int, f file) *problem.Problem {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		e.Header().Set("Allow", "GET")
		return problem.New(problem.MethodNotAllowed, "")
	}
	e.Header().Set("Content-Type", f.kind)
	e.WriteHeader(status)
	if r.Method == http.MethodGet {
		_, _ = io.WriteString(e, strings.ReplaceAll(f.text, "PREFIX", a.options.Prefix)) //nolint:gosec // a page of ours; a client that is gone needs no answer
	}
	return nil
}
