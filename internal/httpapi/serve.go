package httpapi

import (
	"context"
	"net/http"
	"reflect"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace-erp/millrace/internal/problem"
)

// command serves a write the short way.
//
// huma decodes a body twice: into what it validates, and into the Go struct, which a command
// has no use for. The short way validates what [checkJSON] has built, by the same validator
// and the same schema, and leaves to huma whatever is not plainly valid: it says what is
// wrong, so there is one place that does. A test holds both ways against each other.
type command struct {
	id       string
	scope    Scope
	schemas  huma.Registry
	schema   *huma.Schema
	newBody  func() any
	doubtful map[string]bool
	do       func(ctx context.Context) (Answer, error)
}

func newCommand[B any](api *API, spec CommandSpec, scope Scope, do func(ctx context.Context) (Answer, error)) *command {
	openAPI := api.huma.OpenAPI()
	return &command{
		id:       spec.OperationID,
		scope:    scope,
		schemas:  openAPI.Components.Schemas,
		schema:   openAPI.Paths[spec.Path].Post.RequestBody.Content["application/json"].Schema,
		newBody:  func() any { return new(B) },
		doubtful: doubtful(reflect.TypeFor[B]()),
		do:       do,
	}
}

// command is the command that the request asks for, if it can be served the short way.
func (a *API) command(r *http.Request) *command {
	if r.Method != http.MethodPost || r.URL.RawQuery != "" || r.URL.ForceQuery || r.URL.RawPath != "" {
		return nil
	}
	return a.commands[r.URL.Path]
}

// serve answers the request, unless its body has to be looked at by huma.
func (c *command) serve(e *exchange, h http.Header, d document) (isServed bool, _ *problem.Problem) {
	if p := e.permit(c.scope); p != nil {
		return false, p
	}
	key, p := idempotencyKey(h)
	if p != nil {
		return false, p
	}
	if d.isOdd || !c.isValid(d.value) {
		return false, nil
	}
	if c.isDoubtful(d.value) && unmarshal(d.text, c.newBody()) != nil {
		return false, nil
	}
	e.key, e.operation = key, c.id
	answer, err := c.do(e)
	if err != nil {
		e.tell(problem.From(err))
		return true, nil
	}
	e.answer(answer)
	return true, nil
}

// validation is what validating takes, kept for the next request.
type validation struct {
	path   *huma.PathBuffer
	result huma.ValidateResult
}

var validations = sync.Pool{New: func() any { return &validation{path: huma.NewPathBuffer(make([]byte, 0, 128), 0)} }}

func (c *command) isValid(value any) bool {
	v := validations.Get().(*validation)
	defer validations.Put(v)
	v.path.Reset()
	v.result.Reset()
	v.path.Push("body")
	huma.Validate(c.schemas, c.schema, v.path, huma.ModeWriteToServer, value, &v.result)
	return len(v.result.Errors) == 0
}

// isDoubtful says whether a valid value may still not fit the Go struct, as a number that
// the member's type does not hold.
func (c *command) isDoubtful(value any) bool {
	members, ok := value.(map[string]any)
	if !ok || c.doubtful == nil {
		return true
	}
	for name := range members {
		if c.doubtful[name] {
			return true
		}
	}
	return false
}

// doubtful names the members of t for which being valid is not yet being decodable. Nil is
// for a type of which nothing is known.
func doubtful(t reflect.Type) map[string]bool {
	if t.Kind() != reflect.Struct {
		return nil
	}
	names := map[string]bool{}
	for i := range t.NumField() {
		field := t.Field(i)
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		if field.Anonymous || name == "" || strings.Trim(options, "omitzerpy") != "" {
			return nil
		}
		names[name] = !isPlain(field.Type)
	}
	return names
}

// isPlain says whether every value that the schema of t allows is one of t: strings, free
// values, and objects and lists of them.
func isPlain(t reflect.Type) bool {
	if decodesItself(t) {
		return false
	}
	switch t.Kind() {
	case reflect.String, reflect.Bool:
		return true
	case reflect.Interface:
		return t.NumMethod() == 0
	case reflect.Pointer, reflect.Slice:
		return isPlain(t.Elem())
	case reflect.Struct:
		members := doubtful(t)
		for _, isDoubtful := range members {
			if isDoubtful {
				return false
			}
		}
		return members != nil
	default:
		return false
	}
}

// decodesItself says whether t has a method by which JSON decoders fill it.
func decodesItself(t reflect.Type) bool {
	for _, name := range []string{"UnmarshalJSON", "UnmarshalJSONFrom", "UnmarshalText"} {
		if _, ok := reflect.PointerTo(t).MethodByName(name); ok {
			return true
		}
	}
	return false
}

var (
	jsonType     = []string{"application/json"}
	problemType  = []string{problem.ContentType}
	replayedTrue = []string{"true"}
)

// answer writes what SQL says.
func (e *exchange) answer(answer Answer) {
	header := e.Header()
	header["Content-Type"] = jsonType
	if answer.Status >= http.StatusBadRequest {
		header["Content-Type"] = problemType
	}
	if answer.IsReplayed {
		e.replayed = true
		header["Idempotent-Replayed"] = replayedTrue
	}
	e.WriteHeader(int(answer.Status))
	_, _ = e.Write(answer.Body) // a client that is gone needs no answer
}

// tell answers with p as huma does.
func (e *exchange) tell(p *problem.Problem) {
	fill(e, p)
	for name, values := range p.GetHeaders() {
		e.Header()[name] = values
	}
	e.Header()["Content-Type"] = problemType
	e.WriteHeader(p.Status)
	_, _ = e.Write(encode(p)) // a client that is gone needs no answer
}
