// Package problem turns whatever went wrong into an RFC 9457 problem document.
//
// It is the one place that looks inside a Postgres error, and [Table] is the one table
// from SQLSTATE or constraint name to problem type and HTTP status. Whatever is not in
// the table is a bug of ours: a 500 that says nothing but the request's id.
package problem

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// ContentType is the media type of a problem document.
const ContentType = "application/problem+json"

// Problem is a problem document. SQL's DETAIL object becomes the member details, in one
// piece, so that its keys can never meet the members that RFC 9457 or this type name.
type Problem struct {
	Type      string          `json:"type" format:"uri-reference" doc:"Names the kind of problem; docs/problems.md explains each." example:"/problems/insufficient-stock"`
	Title     string          `json:"title" doc:"Short summary of the kind of problem; the same for every occurrence."`
	Status    int             `json:"status" doc:"HTTP status code." example:"409"`
	Detail    string          `json:"detail" doc:"One sentence about this occurrence, fit to be shown to the operator."`
	Instance  string          `json:"instance,omitempty" format:"uri-reference" doc:"Path of the request that met the problem."`
	Code      string          `json:"code,omitempty" doc:"SQLSTATE of a refusal by the database's rules." example:"MR201"`
	Hint      string          `json:"hint,omitempty" doc:"What to do next."`
	Retryable bool            `json:"retryable" doc:"Whether the same request under the same key may succeed later without any change."`
	RequestID string          `json:"request_id,omitempty" doc:"Id of the request, found in the logs as well."`
	Details   json.RawMessage `json:"details,omitempty" doc:"Facts of this occurrence; which ones depends on the type."`
	Errors    []Violation     `json:"errors,omitempty" doc:"What is wrong with the request, one entry per place."`

	retryAfter int
	challenge  string
	cause      error
	entry      Entry
}

// Violation is one thing that is wrong with a request. It never carries the value.
type Violation struct {
	Location string `json:"location,omitempty" doc:"Where, such as body.lines[0].quantity." example:"body.lines[0].quantity"`
	Message  string `json:"message" doc:"What is wrong there."`
}

// New is the problem of the given kind, with one sentence about this occurrence. The
// explanation's first sentence stands in for an empty one.
func New(kind Entry, detail string) *Problem {
	if detail == "" {
		detail = kind.Title + "."
	}
	return &Problem{
		Type:       kind.Type(),
		Title:      kind.Title,
		Status:     kind.Status,
		Detail:     detail,
		Retryable:  kind.RetryAfter > 0,
		retryAfter: kind.RetryAfter,
		entry:      kind,
	}
}

// From is the problem behind err. It is never nil; err must not be.
func From(err error) *Problem {
	var p *Problem
	if errors.As(err, &p) {
		return p
	}
	var pgErr *pgconn.PgError
	switch {
	case errors.As(err, &pgErr):
		p = fromPostgres(pgErr)
	case errors.Is(err, context.Canceled), isConnection(err):
		p = New(Unavailable, "")
	default:
		p = New(Internal, "")
	}
	return p.Because(err)
}

func fromPostgres(e *pgconn.PgError) *Problem {
	kind, ok := lookup(e)
	if !ok {
		return New(Internal, "")
	}
	if !strings.HasPrefix(e.Code, Class) {
		// Postgres' own words name tables and values: they are for the log.
		return New(kind, "")
	}
	p := New(kind, e.Message)
	p.Code = e.Code
	p.Hint = e.Hint
	var members map[string]json.RawMessage
	if json.Unmarshal([]byte(e.Detail), &members) == nil && len(members) > 0 {
		p.Details = json.RawMessage(e.Detail)
	}
	return p
}

// lookup finds the kind of a Postgres error: by its constraint, by its code, by the class
// of its code.
func lookup(e *pgconn.PgError) (Entry, bool) {
	if isRerouted(e) {
		return Unavailable, true
	}
	if kind, ok := byKey[e.ConstraintName]; ok && e.ConstraintName != "" && !strings.HasPrefix(e.Code, Class) {
		return kind, true
	}
	if kind, ok := byKey[e.Code]; ok {
		return kind, true
	}
	if len(e.Code) == 5 {
		if kind, ok := byKey[e.Code[:2]]; ok {
			return kind, true
		}
	}
	return Entry{}, false
}

// isConnection tells an error of the way to the database from one of the database.
func isConnection(err error) bool {
	var (
		connect *pgconn.ConnectError
		network net.Error
	)
	return errors.As(err, &connect) || errors.As(err, &network) ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		pgconn.Timeout(err) || pgconn.SafeToRetry(err)
}

// IsTransient says whether err is of the moment: a serialization failure, a deadlock, or a
// connection that could not be had or broke. What carries an idempotency key may simply run
// again, whether or not the first run took effect.
func IsTransient(err error) bool {
	var pgErr *pgconn.PgError
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return false
	case errors.As(err, &pgErr):
		return slices.Contains(transient, pgErr.Code) || isRerouted(pgErr)
	default:
		return isConnection(err)
	}
}

// transient are serialization_failure, deadlock_detected, and a server that goes, has gone
// or is not there yet.
var transient = []string{"40001", "40P01", "57P01", "57P02", "57P03"}

// isRerouted tells that a row was on its way to the default partition when the partition it
// belongs to was made. Postgres calls that a violated check, of no name; a check of a table
// has one.
func isRerouted(e *pgconn.PgError) bool { return e.Code == "23514" && e.ConstraintName == "" }

// IsRefusal says whether p is the database's final word on a request, which is stored
// under the request's key: it will never be answered otherwise. A key that is in use,
// or that belongs to another request, is no answer to this one.
func (p *Problem) IsRefusal() bool {
	var pgErr *pgconn.PgError
	return p.Status >= 400 && p.Status < 500 && !p.entry.Unstored && errors.As(p.cause, &pgErr)
}

// With is p with one more thing that is wrong with the request.
func (p *Problem) With(location, message string) *Problem {
	const longest = 200
	if len(location) > longest {
		location = strings.ToValidUTF8(location[:longest], "")
	}
	p.Errors = append(p.Errors, Violation{Location: location, Message: message})
	return p
}

// After is p with the number of seconds after which the request may be sent again.
func (p *Problem) After(seconds int) *Problem {
	p.Retryable, p.retryAfter = true, seconds
	return p
}

// Because keeps the error behind the problem, for the log.
func (p *Problem) Because(err error) *Problem {
	p.cause = err
	return p
}

// Challenge says what credentials the client is to bring: the header WWW-Authenticate.
func (p *Problem) Challenge(challenge string) *Problem {
	p.challenge = challenge
	return p
}

// Error is the problem in one line, with its cause, for logs.
func (p *Problem) Error() string {
	if p.cause != nil {
		return fmt.Sprintf("%s: %v", p.Type, p.cause)
	}
	return p.Type + ": " + p.Detail
}

// Unwrap is the error behind the problem. It is for logs; no answer shows it.
func (p *Problem) Unwrap() error { return p.cause }

// GetStatus is the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType makes every JSON answer with this body a problem document.
func (p *Problem) ContentType(string) string { return ContentType }

// GetHeaders are the headers that belong to the problem.
func (p *Problem) GetHeaders() http.Header {
	h := http.Header{}
	if p.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(p.retryAfter))
	}
	switch {
	case p.challenge != "":
		h.Set("WWW-Authenticate", p.challenge)
	case p.Status == http.StatusUnauthorized:
		h.Set("WWW-Authenticate", `Bearer realm="millrace"`)
	}
	return h
}

// Write answers the request with p.
func (p *Problem) Write(w http.ResponseWriter) error {
	for name, values := range p.GetHeaders() {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", ContentType)
	w.WriteHeader(p.Status)
	return json.NewEncoder(w).Encode(p)
}
