// Package httpapi is the face of Millrace towards HTTP: the assembly of huma on
// net/http, everything that is the same for all operations, and the few generic pieces
// from which a room's http.go is built: [Command], [Get], [List], [Read], [Download].
//
// It is strict on purpose. A request that could be read in two ways is refused, so that
// what was validated is what the database gets: the bytes of the body.
package httpapi

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	jsonv2 "github.com/go-json-experiment/json"

	"github.com/millrace-erp/millrace/internal/problem"
	"github.com/millrace-erp/millrace/internal/sealbox"
)

const (
	maxBodyBytes = 1 << 20
	maxDepth     = 32
	// commandTimeout bounds the work of one request in the database.
	commandTimeout = 15 * time.Second
)

// Answer is what SQL's event.answer says: the status, the body, and whether both come
// from an earlier run of the same request.
type Answer struct {
	Status     int32
	Body       json.RawMessage
	IsReplayed bool
}

// Refusals keeps the answer of a request that the database refused under the request's
// key, so that a late duplicate can never take effect. It returns the answer that stands
// under the key, which is another one when the request was answered meanwhile.
type Refusals interface {
	RecordRefusal(ctx context.Context, requestContext json.RawMessage, operation string, command json.RawMessage, status int32, problem json.RawMessage) (Answer, error)
}

// Options are what an API needs. The zero value is enough to describe it.
type Options struct {
	// Version of Millrace, shown in the OpenAPI document.
	Version string
	// Log receives one record per request. Nothing is logged without it.
	Log *slog.Logger
	// Authenticator tells who sends a request. Without it nobody gets through.
	Authenticator Authenticator
	// Refusals keeps refused requests.
	Refusals Refusals
	// Box seals the secrets that rooms keep in the database. Without one they cannot make any.
	Box *sealbox.Box
	// Timeout bounds the work of one request in the database: 15 seconds unless said otherwise.
	Timeout time.Duration
	// BodyTimeout is how long a body may take to arrive: 10 seconds unless said otherwise.
	BodyTimeout time.Duration
	// StreamCheck is how often the token of an open stream is looked at again: every 5 seconds unless said otherwise.
	StreamCheck time.Duration
	// Ready says whether the database can be used.
	Ready func(context.Context) error
	// Stopping ends when the process is to stop: streams end then, so that the server can.
	// Without it they end with their clients.
	Stopping context.Context
	// DirectDatabaseURL names the primary without a pooler in between, for notifications.
	// Without it the pool's own address is used.
	DirectDatabaseURL string
	// MaxStreams is how many clients may follow the feed at once; 1000 unless said otherwise.
	MaxStreams int
	// Rates bound what one device, client or address may ask for. Nothing is bounded without them.
	Rates Rates
	// DeviceCertificates asks of every device a certificate that carries its name.
	DeviceCertificates bool
	// Sequences notes that the tap of this number of a device's journal was answered. Without
	// it nobody counts.
	Sequences func(ctx context.Context, journal, device string, number int64) error
}

// API is the whole HTTP interface. Rooms add their operations to it.
type API struct {
	options  Options
	log      *slog.Logger
	mux      *http.ServeMux
	huma     huma.API
	commands map[string]*command // by path
	bodies   map[string]*codes   // of all commands, by path
	limits   *limits
	public   map[string]http.Handler
	metrics  []func(context.Context) ([]Metric, error)
}

// New is an API without operations.
func New(options Options) *API {
	configureHuma()
	if options.Timeout == 0 {
		options.Timeout = commandTimeout
	}
	if options.StreamCheck == 0 {
		options.StreamCheck = streamCheck
	}
	if options.BodyTimeout == 0 {
		options.BodyTimeout = bodyTimeout
	}
	a := &API{options: options, log: options.Log, mux: http.NewServeMux(), commands: map[string]*command{}, bodies: map[string]*codes{}, limits: newLimits(options.Rates), public: map[string]http.Handler{}}
	if a.log == nil {
		a.log = slog.New(slog.DiscardHandler)
	}
	a.huma = humago.New(a.mux, config(options.Version))
	a.huma.UseMiddleware(func(ctx huma.Context, next func(huma.Context)) {
		exchangeOf(ctx.Context()).operation = ctx.Operation().OperationID
		next(ctx)
	})
	a.registerHealth()
	a.registerMetrics()
	return a
}

// Public adds a handler that takes requests as they come: without a token, without the
// checks of bodies and without a place in the OpenAPI document. A path that ends in a slash
// stands for all that begin with it.
func (a *API) Public(path string, handler http.Handler) { a.public[path] = handler }

// OpenAPI describes every operation.
func (a *API) OpenAPI() *huma.OpenAPI { return a.huma.OpenAPI() }

// Huma is the API for the rare operation that none of the generic pieces fits.
func (a *API) Huma() huma.API { return a.huma }

// configureHuma sets the switches that huma keeps in package variables.
var configureHuma = sync.OnceFunc(func() {
	// Without it, a member in the wrong case passes validation and still reaches the
	// decoder.
	huma.ValidateStrictCasing = true
	huma.DefaultArrayNullable = false
	// huma's own documents repeat the offending value, or the whole body: a PIN does not
	// belong in an answer.
	huma.NewError = func(status int, message string, errs ...error) huma.StatusError {
		return fromHuma(nil, status, message, errs...)
	}
	huma.NewErrorWithContext = func(ctx huma.Context, status int, message string, errs ...error) huma.StatusError {
		return fromHuma(ctx, status, message, errs...)
	}
})

func config(version string) huma.Config {
	if version == "" {
		version = "0.0.0"
	}
	format := huma.Format{
		Marshal:   func(w io.Writer, v any) error { return jsonv2.MarshalWrite(w, v) },
		Unmarshal: unmarshal,
	}
	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI:        "3.1.0",
			OnAddOperation: []huma.AddOpFunc{documentRefusals},
			Info: &huma.Info{
				Title:       "Millrace",
				Version:     version,
				Description: description,
				License:     &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"},
			},
			Components: &huma.Components{
				Schemas: huma.NewMapRegistry("#/components/schemas/", schemaName),
				SecuritySchemes: map[string]*huma.SecurityScheme{
					"bearer": {Type: "http", Scheme: "bearer", BearerFormat: "JWT", Description: "An access token (RFC 9068), RS256. `POST /oauth2/token` gives one; `/.well-known/oauth-authorization-server` says how."},
				},
			},
			Security: []map[string][]string{{"bearer": {}}},
		},
		OpenAPIPath:                  "/openapi",
		Formats:                      map[string]huma.Format{"application/json": format, "json": format},
		DefaultFormat:                "application/json",
		RejectUnknownQueryParameters: true,
		Transformers:                 []huma.Transformer{stamp},
		CreateHooks:                  nil,
	}
}

// documentRefusals adds the answers that every operation may give before it is asked, and
// null to the values of members that may be null.
func documentRefusals(api *huma.OpenAPI, op *huma.Operation) {
	statuses := []int{http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusInternalServerError}
	if op.Security == nil || len(op.Security) > 0 {
		statuses = append(statuses, http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests)
	}
	if op.RequestBody != nil {
		statuses = append(statuses, http.StatusForbidden, http.StatusRequestTimeout, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusTooManyRequests)
	}
	for _, schema := range api.Components.Schemas.Map() {
		for _, member := range schema.Properties {
			// JSON Schema counts null among the values, or refuses it.
			if member.Nullable && len(member.Enum) > 0 && !slices.Contains(member.Enum, nil) {
				member.Enum = append(member.Enum, nil)
			}
		}
	}
	schema := api.Components.Schemas.Schema(reflect.TypeFor[problem.Problem](), true, "Problem")
	for _, status := range statuses {
		if key := strconv.Itoa(status); op.Responses[key] == nil {
			op.Responses[key] = &huma.Response{
				Description: http.StatusText(status),
				Content:     map[string]*huma.MediaType{problem.ContentType: {Schema: schema}},
			}
		}
	}
}

const description = `Every write is one POST, carries an ` + "`Idempotency-Key`" + `, and takes effect once however often it is sent.
Quantities and money are decimals in strings; things are named by their codes and numbers. A member that is null counts as absent.
What cannot be done is answered with a problem document (RFC 9457).`

// fromHuma is the problem document for what huma found wrong.
func fromHuma(ctx huma.Context, status int, message string, errs ...error) *problem.Problem {
	kind := problem.ForStatus(status)
	p := problem.New(kind, "")
	if status < http.StatusInternalServerError && message != "" && message != "validation failed" {
		p.Detail = sentence(message)
	}
	for _, err := range errs {
		if d, ok := err.(huma.ErrorDetailer); ok && status < http.StatusInternalServerError {
			p = p.With(d.ErrorDetail().Location, d.ErrorDetail().Message)
		}
	}
	if len(p.Errors) == 1 && message == "validation failed" {
		p.Detail = sentence(p.Errors[0].Location + ": " + p.Errors[0].Message)
	}
	if ctx != nil {
		fill(ctx.Context(), p)
	}
	return p
}

// stamp names the request in every problem document on its way out.
func stamp(ctx huma.Context, _ string, v any) (any, error) {
	if p, ok := v.(*problem.Problem); ok {
		fill(ctx.Context(), p)
	}
	return v, nil
}

// fill completes p with what is known of the request, and tells the log of it.
func fill(ctx context.Context, p *problem.Problem) {
	e := exchangeOf(ctx)
	e.problem = p
	p.RequestID = e.requestID
	p.Instance = e.path
}

// refuse answers with p, outside of huma.
func (e *exchange) refuse(p *problem.Problem) {
	fill(e, p)
	_ = p.Write(&e.recorder) // a client that is gone needs no answer
}

func encode(v any) json.RawMessage {
	b, err := jsonv2.Marshal(v)
	if err != nil {
		panic(err) // only our own documents are encoded here
	}
	return b
}
