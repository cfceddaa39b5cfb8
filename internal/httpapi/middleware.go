package httpapi

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"path"
	"runtime/debug"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/millrace-erp/millrace/internal/pg"
	"github.com/millrace-erp/millrace/internal/problem"
)

// exchange is one request on its way, and what the steps of it tell each other. It is the request's context
// and the way to its answer as well, so that a request costs one object of ours.
type exchange struct {
	context.Context //nolint:containedctx // it is one itself
	recorder

	requestID string
	path      string
	operation string
	key       string
	principal Principal
	body      json.RawMessage // the command for SQL
	tap       tap
	replayed  bool
	problem   *problem.Problem
}

// Value finds the exchange itself.
func (e *exchange) Value(key any) any {
	if key == (exchangeKey{}) {
		return e
	}
	// A read works for whoever asks; commands carry that themselves.
	if key == (pg.CallerKey{}) && e.key == "" && e.principal.Subject != "" {
		return e.context()
	}
	return e.Context.Value(key)
}

type exchangeKey struct{}

// exchangeOf is never nil, so that the parts can be used on their own.
func exchangeOf(ctx context.Context) *exchange {
	if e, ok := ctx.Value(exchangeKey{}).(*exchange); ok {
		return e
	}
	return &exchange{}
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

// begin gives the request its id: the client's, if that is sane.
func begin(w http.ResponseWriter, r *http.Request) *exchange {
	id := r.Header.Get("X-Request-Id")
	if !isSaneID(id) {
		var random [16]byte
		_, _ = rand.Read(random[:]) // never fails
		id = hex.EncodeToString(random[:])
	}
	header := w.Header()
	header["X-Request-Id"] = []string{id}
	maps.Copy(header, secured)
	if r.TLS != nil {
		header["Strict-Transport-Security"] = strictTransport
	}
	return &exchange{Context: r.Context(), recorder: recorder{ResponseWriter: w}, requestID: id, path: r.URL.EscapedPath()}
}

// ServeHTTP answers one request.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	e := begin(w, r)
	if r.ContentLength != 0 {
		// Also for a body that nobody will read: the server takes the rest of it before it answers.
		_ = http.NewResponseController(w).SetReadDeadline(start.Add(a.options.BodyTimeout)) // not every connection has one
	}
	defer logRequest(a.log, e, r.Method, start)
	defer rescue(a.log, e)
	e.numbered(r.Header)
	if p := a.serve(e, r); p != nil {
		e.refuse(p)
	}
	if e.tap.number != 0 && !e.tap.isNoted && e.status >= http.StatusBadRequest {
		a.noteRefused(e)
	}
}

// serve takes a request through its steps. What it returns was not answered yet.
func (a *API) serve(e *exchange, r *http.Request) *problem.Problem {
	if p := checkHeaders(r); p != nil {
		return p
	}
	if handler := a.publicHandler(r.URL.Path); handler != nil {
		if p := badAddress(r.URL); p != nil {
			return p
		}
		if hasBody(r.Method) {
			if isCompressed(r.Header) {
				return problem.New(problem.UnsupportedMediaType, "A compressed body is not taken.")
			}
			if p := a.limits.stranger(e, r); p != nil {
				return p
			}
		}
		e.operation = "public"
		handler.ServeHTTP(&e.recorder, r.WithContext(e))
		return nil
	}
	if !open[r.URL.Path] {
		if p := a.admit(e, r); p != nil {
			return p
		}
	}
	command := a.command(r)
	if command == nil {
		if p := a.route(e, r); p != nil {
			return p
		}
	}
	if hasBody(r.Method) {
		d, p := e.take(r)
		if p != nil {
			return p
		}
		if p := a.bodies[r.URL.Path].check(d.value); p != nil {
			return p
		}
		if command != nil {
			isServed, p := command.serve(e, r.Header, d)
			if isServed || p != nil {
				return p
			}
		}
		r.Body = io.NopCloser(bytes.NewReader(d.text))
	} else if r.ContentLength != 0 {
		return problem.New(problem.Malformed, "A "+r.Method+" has no body.")
	}
	a.mux.ServeHTTP(&e.recorder, r.WithContext(e))
	return nil
}

// admit lets through who has a good token, the certificate that belongs to it, and asks for no
// more than it may.
func (a *API) admit(e *exchange, r *http.Request) *problem.Problem {
	p := a.authenticate(e, r)
	if p == nil {
		p = a.checkCertificate(e, r.TLS)
	}
	switch {
	case p == nil:
		noteKnown(e)
		return a.limits.known(e)
	case p.Status == http.StatusUnauthorized:
		if tooMany := a.limits.stranger(e, r); tooMany != nil {
			return tooMany
		}
	}
	return p
}

// publicHandler is what [API.Public] was given for the path, or for the longest beginning of it.
func (a *API) publicHandler(path string) http.Handler {
	if len(a.public) == 0 {
		return nil
	}
	if handler := a.public[path]; handler != nil {
		return handler
	}
	for i := len(path) - 1; i > 0; i-- {
		if path[i] == '/' {
			if handler := a.public[path[:i+1]]; handler != nil {
				return handler
			}
		}
	}
	return nil
}

// logRequest writes one record per request. Bodies and queries stay out of it.
func logRequest(log *slog.Logger, e *exchange, method string, start time.Time) {
	level := slog.LevelInfo
	// Whoever went away before the answer did not miss it by a fault of ours.
	isGone := e.problem != nil && errors.Is(e.problem, context.Canceled) && e.Err() != nil
	if e.status >= http.StatusInternalServerError && !isGone {
		level = slog.LevelError
	}
	if !log.Enabled(e, level) {
		return
	}
	now := time.Now()
	attrs := make([]slog.Attr, 0, 12)
	attrs = append(attrs,
		slog.String("request_id", e.requestID),
		slog.String("method", method),
		slog.String("path", e.path),
		slog.String("operation", e.operation),
		slog.Int("status", e.status),
		slog.Int64("bytes", e.bytes),
		slog.Duration("duration", now.Sub(start)),
	)
	if e.principal.Subject != "" {
		attrs = append(attrs, slog.String("operator", e.principal.Subject), slog.String("device", e.principal.Device))
	}
	if e.replayed {
		attrs = append(attrs, slog.Bool("replayed", true))
	}
	if isGone {
		attrs = append(attrs, slog.Bool("gone", true))
	}
	if e.problem != nil {
		attrs = append(attrs, slog.String("problem", e.problem.Type))
		if cause := e.problem.Unwrap(); cause != nil && level == slog.LevelError {
			attrs = append(attrs, slog.Any("cause", cause))
		}
	}
	// By the handler, since the logger looks for our place in the source first, which nobody asks for.
	record := slog.NewRecord(now, level, "request", 0)
	record.AddAttrs(attrs...)
	_ = log.Handler().Handle(e, record) // nobody can be told that the log is broken
}

// rescue answers a panic with a 500. It is deferred.
func rescue(log *slog.Logger, e *exchange) {
	v := recover()
	if v == nil {
		return
	}
	log.LogAttrs(e, slog.LevelError, "panic",
		slog.String("request_id", e.requestID), slog.String("panic", fmt.Sprint(v)), slog.String("stack", string(debug.Stack())))
	if e.status != 0 {
		// Half an answer is out; a broken connection is the honest end of it.
		panic(http.ErrAbortHandler)
	}
	e.refuse(problem.New(problem.Internal, ""))
}

// route refuses addresses that could mean two things, and answers what the mux has no
// handler for.
func (a *API) route(e *exchange, r *http.Request) *problem.Problem {
	if p := badAddress(r.URL); p != nil {
		return p
	}
	if path.Clean(r.URL.Path) != r.URL.Path {
		return problem.New(problem.NotFound, "There is no such path.")
	}
	handler, pattern := a.mux.Handler(r)
	if pattern != "" {
		return nil
	}
	// The mux knows which of the two it is; only its text is not for our clients.
	probe := &probe{header: http.Header{}}
	handler.ServeHTTP(probe, r)
	if probe.status == http.StatusMethodNotAllowed {
		e.Header().Set("Allow", probe.header.Get("Allow"))
		return problem.New(problem.MethodNotAllowed, "The path has no such method; it has "+probe.header.Get("Allow")+".")
	}
	return problem.New(problem.NotFound, "There is no such path.")
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

// isPrintable says whether s is UTF-8 without characters that nobody sees: of control, of
// format and direction, of private use, and separators of lines.
func isPrintable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return unicode.In(r, unicode.C, unicode.Zl, unicode.Zp) })
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
