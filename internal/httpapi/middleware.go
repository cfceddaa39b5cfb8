package httpapi

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"path"
	"runtime/debug"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/millrace-erp/millrace/internal/problem"
)

// exchange is what the layers of one request tell each other.
type exchange struct {
	requestID string
	path      string
	operation string
	key       string
	operator  string
	device    string
	body      json.RawMessage
	replayed  bool
	problem   *problem.Problem
}

type exchangeKey struct{}

// exchangeOf is never nil, so that the parts can be used on their own.
func exchangeOf(ctx context.Context) *exchange {
	if e, ok := ctx.Value(exchangeKey{}).(*exchange); ok {
		return e
	}
	return &exchange{}
}

// Request is what the layers know of the request that ctx belongs to.
type Request struct {
	Key, Actor, Device, RequestID string
}

// RequestOf is the command's request: what its context says to SQL. There is none outside of a command.
func RequestOf(ctx context.Context) (Request, bool) {
	e := exchangeOf(ctx)
	return Request{Key: e.key, Actor: e.operator, Device: e.device, RequestID: e.requestID}, e.key != ""
}

// isSaneID says whether a client's id of a request is 8 to 64 letters, digits and . _ : -
func isSaneID(id string) bool {
	if len(id) < 8 || len(id) > 64 {
		return false
	}
	for i := range len(id) {
		c := id[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '.' && c != '_' && c != ':' && c != '-' {
			return false
		}
	}
	return true
}

// identified gives the request its id: the client's, if that is sane.
func (a *API) identified(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get("X-Request-Id")
		if !isSaneID(id) {
			var random [16]byte
			_, _ = rand.Read(random[:]) // never fails
			id = hex.EncodeToString(random[:])
		}
		w.Header().Set("X-Request-Id", id)
		e := &exchange{requestID: id, path: r.URL.EscapedPath()}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), exchangeKey{}, e)))
	})
}

// logged writes one record per request. Bodies and queries stay out of it.
func (a *API) logged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		rec := &recorder{ResponseWriter: w}
		defer a.logRequest(r, rec, start)
		next.ServeHTTP(rec, r)
	})
}

func (a *API) logRequest(r *http.Request, rec *recorder, start time.Time) {
	e := exchangeOf(r.Context())
	level := slog.LevelInfo
	attrs := []slog.Attr{
		slog.String("request_id", e.requestID),
		slog.String("method", r.Method),
		slog.String("path", e.path),
		slog.String("operation", e.operation),
		slog.Int("status", rec.status),
		slog.Int64("bytes", rec.bytes),
		slog.Duration("duration", time.Since(start)),
	}
	if e.operator != "" {
		attrs = append(attrs, slog.String("operator", e.operator), slog.String("device", e.device))
	}
	if e.replayed {
		attrs = append(attrs, slog.Bool("replayed", true))
	}
	if e.problem != nil {
		attrs = append(attrs, slog.String("problem", e.problem.Type))
		if cause := e.problem.Unwrap(); cause != nil && rec.status >= http.StatusInternalServerError {
			attrs = append(attrs, slog.Any("cause", cause))
		}
	}
	if rec.status >= http.StatusInternalServerError {
		level = slog.LevelError
	}
	a.log.LogAttrs(r.Context(), level, "request", attrs...)
}

// secured sets the headers that tell browsers to make nothing else of an answer.
func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// recovered answers a panic with a 500.
func (a *API) recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			v := recover()
			if v == nil {
				return
			}
			e := exchangeOf(r.Context())
			a.log.LogAttrs(r.Context(), slog.LevelError, "panic",
				slog.String("request_id", e.requestID), slog.String("panic", fmt.Sprint(v)), slog.String("stack", string(debug.Stack())))
			if rec, ok := w.(*recorder); ok && rec.status != 0 {
				// Half an answer is out; a broken connection is the honest end of it.
				panic(http.ErrAbortHandler)
			}
			refuse(w, r, problem.New(problem.Internal, ""))
		}()
		next.ServeHTTP(w, r)
	})
}

// routed refuses addresses that could mean two things, and answers what the mux has no
// handler for.
func (a *API) routed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p := badAddress(r.URL); p != nil {
			refuse(w, r, p)
			return
		}
		if path.Clean(r.URL.Path) != r.URL.Path {
			refuse(w, r, problem.New(problem.NotFound, "There is no such path."))
			return
		}
		handler, pattern := a.mux.Handler(r)
		if pattern != "" {
			next.ServeHTTP(w, r)
			return
		}
		// The mux knows which of the two it is; only its text is not for our clients.
		probe := &probe{header: http.Header{}}
		handler.ServeHTTP(probe, r)
		if probe.status == http.StatusMethodNotAllowed {
			w.Header().Set("Allow", probe.header.Get("Allow"))
			refuse(w, r, problem.New(problem.MethodNotAllowed, "The path has no such method; it has "+probe.header.Get("Allow")+"."))
			return
		}
		refuse(w, r, problem.New(problem.NotFound, "There is no such path."))
	})
}

func badAddress(u *url.URL) *problem.Problem {
	if !isPrintable(u.Path) {
		return problem.New(problem.Malformed, "The path holds characters that no code or number has.")
	}
	values, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return problem.New(problem.Malformed, "The query cannot be read.")
	}
	for name, all := range values {
		if len(all) > 1 {
			return problem.New(problem.Malformed, "A query parameter is given twice.").With("query."+strings.ToValidUTF8(name, "?"), "given twice")
		}
		// Scanners give FNC1 as the group separator; cursors of pages hold the unit separator.
		if !isPrintable(name) || !isPrintable(strings.NewReplacer("\x1d", "", "\x1f", "").Replace(all[0])) {
			return problem.New(problem.Malformed, "The query holds characters that no code or number has.")
		}
	}
	return nil
}

// isPrintable says whether s is UTF-8 without control characters.
func isPrintable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

// recorder remembers what was answered.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	n, err := r.ResponseWriter.Write(b)
	r.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// probe takes an answer that nobody gets.
type probe struct {
	header http.Header
	status int
}

func (p *probe) Header() http.Header         { return p.header }
func (p *probe) Write(b []byte) (int, error) { return len(b), nil }
func (p *probe) WriteHeader(status int)      { p.status = status }
