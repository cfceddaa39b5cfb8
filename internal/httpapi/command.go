package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/millrace-erp/millrace/internal/problem"
)

// attempts is how often a command runs when the moment is bad: it met a serialization
// failure or a deadlock, or its connection broke.
const attempts = 5

// CommandSpec describes a write.
type CommandSpec struct {
	// OperationID is a verb and a noun in kebab case, the name under which the SQL function
	// begins the request (the first argument of event.begin_request).
	OperationID string
	// Scope is the right that it takes, one of [Scopes].
	Scope string
	// Path is the collection's, such as /v1/goods-receipts.
	Path string
	// Tag is the room, such as Purchasing.
	Tag string
	// Summary is one line, without a full stop.
	Summary string
	// Description says more, in Markdown.
	Description string
	// Status of success; 201 unless said otherwise.
	Status int
	// Refusals are the SQLSTATEs and constraints that are worth naming to clients.
	Refusals []string
	// Location, if there is one, gives the path where the client looks next, from the body
	// of a success.
	Location func(body json.RawMessage) string
	// Prepare, if it is set, makes of the body what SQL gets in its place, and what the
	// request is known again by: a PIN becomes its hash before it goes any further. The same
	// key and body must give the same.
	Prepare func(ctx context.Context, key string, body json.RawMessage) (json.RawMessage, error)
}

// Row is the row that sqlc makes of event.answer.
type Row interface {
	~struct {
		Status     int32
		Body       json.RawMessage
		IsReplayed bool
	}
}

type commandInput[B any] struct {
	Body B
}

type output struct {
	Status      int
	ContentType string `header:"Content-Type" hidden:"true"`
	Replayed    string `header:"Idempotent-Replayed"`
	Location    string `header:"Location"`
	Body        []byte
}

// Command registers a write: POST of a B, answered with a D. B is what the body is held
// to; the bytes that call gets are the body's own. call runs one statement, which is one
// transaction: SQL begins the request, does the work and stores the answer.
//
// A refusal is stored under the request's key before it is answered.
func Command[B, D any, R Row](api *API, spec CommandSpec, call func(ctx context.Context, requestContext, command json.RawMessage) (R, error)) {
	register[B, D](api, spec, func(ctx context.Context, e *exchange) (Answer, error) {
		row, err := call(ctx, e.context(), e.body)
		return Answer(row), err
	})
}

// Request is who sends a command, and the key it carries.
type Request struct {
	Key, Actor, Device, RequestID string
	// Scopes and Sites are those of [Principal].
	Scopes, Sites []string

	exchange *exchange
}

// Context is what SQL is told of the request.
func (r Request) Context() json.RawMessage { return r.exchange.context() }

// CommandOf is [Command] for a call that wants to know the request itself, not what SQL is told of it.
func CommandOf[B, D any](api *API, spec CommandSpec, call func(ctx context.Context, request Request, command json.RawMessage) (Answer, error)) {
	register[B, D](api, spec, func(ctx context.Context, e *exchange) (Answer, error) {
		return call(ctx, Request{
			Key: e.key, Actor: e.principal.Subject, Device: e.principal.Device, RequestID: e.requestID,
			Scopes: e.principal.Scopes, Sites: e.principal.Sites, exchange: e,
		}, e.body)
	})
}

func register[B, D any](api *API, spec CommandSpec, call func(ctx context.Context, e *exchange) (Answer, error)) {
	if spec.Status == 0 {
		spec.Status = http.StatusCreated
	}
	scope := scopeOf(spec.OperationID, spec.Scope)
	op := api.operation(http.MethodPost, spec.Path, spec.OperationID, spec.Tag, spec.Summary, describe(spec.Description, spec.Refusals))
	op.Security = scope.security()
	op.DefaultStatus = spec.Status
	op.MaxBodyBytes, op.BodyReadTimeout = -1, -1 // strict has read the body
	op.Errors = []int{400, 401, 403, 409, 413, 415, 422, 500, 503}
	op.Parameters = commandHeaders()
	op.Middlewares = huma.Middlewares{permitted(scope), keyed}
	op.Responses = api.responses(spec.Status, reflect.TypeFor[D]())
	op.Responses[strconv.Itoa(spec.Status)].Headers = map[string]*huma.Param{
		"Idempotent-Replayed": {Schema: &huma.Schema{Type: huma.TypeString, Enum: []any{"true"}}, Description: "Present when the answer is that of an earlier run of the same request."},
	}
	if spec.Location != nil {
		op.Responses[strconv.Itoa(spec.Status)].Headers["Location"] = &huma.Param{
			Schema: &huma.Schema{Type: huma.TypeString, Format: "uri-reference"}, Description: "Where to look next.",
		}
	}
	do := func(ctx context.Context) (Answer, error) {
		// A client that hangs up must not leave its request half known: it runs to its end.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), api.options.Timeout)
		defer cancel()
		if spec.Prepare != nil {
			e := exchangeOf(ctx)
			prepared, err := spec.Prepare(ctx, e.key, e.body)
			if err != nil {
				return Answer{}, problem.From(err)
			}
			e.body = prepared
		}
		answer, err := api.run(ctx, spec.OperationID, call)
		if err == nil {
			err = api.note(ctx, exchangeOf(ctx))
		}
		return answer, err
	}
	huma.Register(api.huma, op, func(ctx context.Context, _ *commandInput[B]) (*output, error) {
		answer, err := do(ctx)
		if err != nil {
			return nil, err
		}
		out := answer.output(ctx)
		if spec.Location != nil && answer.Status < http.StatusMultipleChoices {
			out.Location = spec.Location(answer.Body)
		}
		return out, nil
	})
	api.bodies[spec.Path] = codesOf(reflect.TypeFor[B]())
	if spec.Location == nil { // the short way sets no header of its own
		api.commands[spec.Path] = newCommand[B](api, spec, scope, do)
	}
}

// run calls the database, again when the moment was bad, and keeps a refusal.
func (a *API) run(ctx context.Context, operation string, call func(ctx context.Context, e *exchange) (Answer, error)) (Answer, error) {
	e := exchangeOf(ctx)
	answer, err := retried(ctx, func() (Answer, error) { return call(ctx, e) })
	if err == nil {
		return answer, nil
	}
	p := problem.From(err)
	fill(ctx, p)
	if !p.IsRefusal() || a.options.Refusals == nil {
		return Answer{}, p
	}
	answer, err = retried(ctx, func() (Answer, error) {
		return a.options.Refusals.RecordRefusal(ctx, e.context(), operation, e.body, int32(p.Status), encode(p))
	})
	if err != nil {
		// The refusal is not kept, so it must not be told: the request might succeed later.
		return Answer{}, problem.From(fmt.Errorf("record refusal (%s): %w", p.Error(), err))
	}
	return answer, nil
}

// retried runs f until its moment is not bad, a few times at most.
func retried(ctx context.Context, f func() (Answer, error)) (Answer, error) {
	for attempt := 1; ; attempt++ {
		answer, err := f()
		if err == nil || !problem.IsTransient(err) || attempt == attempts {
			return answer, err
		}
		pause := time.Duration(1+rand.IntN(40*attempt)) * time.Millisecond
		select {
		case <-ctx.Done():
			return answer, errors.Join(ctx.Err(), err)
		case <-time.After(pause):
		}
	}
}

func (answer Answer) output(ctx context.Context) *output {
	out := &output{Status: int(answer.Status), ContentType: "application/json", Body: answer.Body}
	if out.Status >= http.StatusBadRequest {
		out.ContentType = problem.ContentType
	}
	if answer.IsReplayed {
		out.Replayed = "true"
		exchangeOf(ctx).replayed = true
	}
	return out
}

// context is what SQL is told of the request.
func (e *exchange) context() json.RawMessage {
	b := make([]byte, 0, 512)
	member := func(name, value string) {
		b = append(b, name...)
		b, _ = jsontext.AppendQuote(b, value) // what is not UTF-8 was refused
	}
	member(`{"key":`, e.key)
	member(`,"actor":`, e.principal.Subject)
	if e.principal.Device == "" {
		b = append(b, `,"device":null`...)
	} else {
		member(`,"device":`, e.principal.Device)
	}
	member(`,"request_id":`, e.requestID)
	b = append(b, ',')
	return append(appendRights(b, e.principal.Scopes, e.principal.Sites), '}')
}

// Rights is what SQL is told of what the sender may do, alone.
func (r Request) Rights() string {
	return string(append(appendRights([]byte{'{'}, r.Scopes, r.Sites), '}'))
}

func appendRights(b []byte, scopes, sites []string) []byte {
	list := func(values []string) {
		b = append(b, '[')
		for i, value := range values {
			if i > 0 {
				b = append(b, ',')
			}
			b, _ = jsontext.AppendQuote(b, value) // tokens are UTF-8
		}
		b = append(b, ']')
	}
	b = append(b, `"scopes":`...)
	list(scopes)
	b = append(b, `,"sites":`...)
	if sites == nil {
		return append(b, "null"...)
	}
	list(sites)
	return b
}

// keyed takes the idempotency key before anything else of a command is looked at.
func keyed(ctx huma.Context, next func(huma.Context)) {
	r, _ := humago.Unwrap(ctx)
	e := exchangeOf(r.Context())
	key, p := idempotencyKey(r.Header)
	if p != nil {
		e.refuse(p)
		return
	}
	e.key = key
	next(ctx)
}

func commandHeaders() []*huma.Param {
	return []*huma.Param{
		{
			Name: "Idempotency-Key", In: "header", Required: true,
			Schema:      &huma.Schema{Type: huma.TypeString, Format: "uuid"},
			Description: "A UUID (best of version 7) that names this request, the same for every retry of it. `X-Idempotency-Key` is taken as well.",
		},
	}
}

// operation is what all operations have in common.
func (a *API) operation(method, path, id, tag, summary, description string) huma.Operation {
	return huma.Operation{
		Method: method, Path: path, OperationID: id, Tags: []string{tag}, Summary: summary, Description: description,
		Middlewares: huma.Middlewares{},
	}
}

// responses document a success whose body is a document of type t.
func (a *API) responses(status int, t reflect.Type) map[string]*huma.Response {
	schema := a.huma.OpenAPI().Components.Schemas.Schema(t, true, t.Name())
	return map[string]*huma.Response{
		strconv.Itoa(status): {
			Description: http.StatusText(status),
			Content:     map[string]*huma.MediaType{"application/json": {Schema: schema}},
		},
	}
}

// describe lists the refusals under the description.
func describe(description string, keys []string) string {
	if len(keys) == 0 {
		return description
	}
	var b strings.Builder
	b.WriteString(description)
	if description != "" {
		b.WriteString("\n\n")
	}
	b.WriteString("Refused as:\n")
	for _, key := range keys {
		kind, ok := problem.ForKey(key)
		if !ok {
			panic("httpapi: no problem for " + key)
		}
		fmt.Fprintf(&b, "\n- `%s` (%d, %s): %s.", kind.Slug, kind.Status, key, kind.Title)
	}
	return b.String()
}
