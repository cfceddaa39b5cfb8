package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/millrace-erp/millrace/internal/httpapi"
)

const (
	token = "a-token-for-tests"
	key   = "0199a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b"
)

// echo is a small command: SQL's part of it is played by the test.
type echo struct {
	Item     httpapi.Code     `json:"item"`
	Quantity httpapi.Quantity `json:"quantity"`
	Line     int32            `json:"line,omitempty" minimum:"1"`
	At       *time.Time       `json:"at,omitempty"`
	Note     httpapi.Text     `json:"note,omitempty"`
	Tags     []string         `json:"tags,omitempty" maxItems:"3"`
	Free     any              `json:"free,omitempty"`
}

type echoed struct {
	Item string `json:"item"`
}

type row struct {
	Status     int32
	Body       json.RawMessage
	IsReplayed bool
}

type testBundle struct {
	api     *httpapi.API
	server  *httptest.Server
	log     *syncBuffer
	call    func(ctx context.Context, requestContext, command json.RawMessage) (row, error)
	refused []string // operations with their stored problem
	refuse  func() (httpapi.Answer, error)
}

func (b *testBundle) RecordRefusal(_ context.Context, _ json.RawMessage, operation string, _ json.RawMessage, status int32, problem json.RawMessage) (httpapi.Answer, error) {
	b.refused = append(b.refused, fmt.Sprintf("%s %d %s", operation, status, problem))
	if b.refuse != nil {
		return b.refuse()
	}
	return httpapi.Answer{Status: status, Body: problem}, nil
}

func setup(t *testing.T) *testBundle {
	t.Helper()
	b := &testBundle{log: &syncBuffer{}}
	b.call = func(_ context.Context, _, _ json.RawMessage) (row, error) {
		return row{Status: 201, Body: []byte(`{"item": "PP-NAT"}`)}, nil
	}
	b.api = httpapi.New(httpapi.Options{
		Version: "test", Authenticator: somebody, Refusals: b,
		Log: slog.New(slog.NewJSONHandler(b.log, nil)),
	})
	httpapi.Command[echo, echoed](b.api, httpapi.CommandSpec{
		OperationID: "echo-item", Scope: "inventory:write", Path: "/v1/echoes", Tag: "Test", Summary: "Echo", Refusals: []string{"MR201"},
	}, func(ctx context.Context, requestContext, command json.RawMessage) (row, error) {
		return b.call(ctx, requestContext, command)
	})
	httpapi.Get[echoed](b.api, httpapi.ReadSpec{OperationID: "get-echo", Scope: "inventory:write", Path: "/v1/echoes/{number}", Tag: "Test", Summary: "Get"},
		func(_ context.Context, number string) (json.RawMessage, error) {
			if number == "none" {
				return nil, nil
			}
			return json.Marshal(echoed{Item: number})
		})
	httpapi.List[echoed](b.api, httpapi.ReadSpec{OperationID: "list-echoes", Scope: "inventory:write", Path: "/v1/echoes", Tag: "Test", Summary: "List"},
		func(_ context.Context, after string, limit int32) (json.RawMessage, error) {
			return fmt.Appendf(nil, `{"items": [{"item": "%s-%d"}], "next": null}`, after, limit), nil
		})
	b.server = httptest.NewServer(b.api)
	t.Cleanup(b.server.Close)
	return b
}

type answer struct {
	status int
	header http.Header
	body   string
	doc    map[string]any
}

func (b *testBundle) do(t *testing.T, method, path, body string, header map[string]string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, b.server.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Idempotency-Key", key)
	}
	for name, value := range header {
		if value == "" {
			req.Header.Del(name)
		} else {
			req.Header.Set(name, value)
		}
	}
	return read(t, req)
}

func read(t *testing.T, req *http.Request) answer {
	t.Helper()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	all, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := answer{status: resp.StatusCode, header: resp.Header, body: string(all)}
	_ = json.Unmarshal(all, &a.doc)
	return a
}

// problem holds an answer to be a whole problem document.
func (a answer) problem(t *testing.T, slug string, status int) {
	t.Helper()
	if a.status != status || a.doc["type"] != "/problems/"+slug {
		t.Fatalf("got %d %s\nwant %d %s", a.status, a.body, status, slug)
	}
	if got := a.header.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("content type %q", got)
	}
	for _, member := range []string{"title", "detail", "request_id", "instance"} {
		if s, _ := a.doc[member].(string); s == "" {
			t.Errorf("no %s in %s", member, a.body)
		}
	}
	if a.doc["status"] != float64(status) {
		t.Errorf("status in %s", a.body)
	}
	if a.header.Get("X-Request-Id") != a.doc["request_id"] {
		t.Errorf("request id %q in header, %q in document", a.header.Get("X-Request-Id"), a.doc["request_id"])
	}
}

const good = `{"item":"PP-NAT","quantity":"12.5"}`

func TestBadBodies(t *testing.T) {
	t.Parallel()
	b := setup(t)
	called := false
	b.call = func(context.Context, json.RawMessage, json.RawMessage) (row, error) {
		called = true
		return row{}, errors.New("must not be called")
	}
	for name, tt := range map[string]struct {
		body   string
		slug   string
		status int
	}{
		"empty":                   {``, "malformed-request", 400},
		"blank":                   {" \n", "malformed-request", 400},
		"cut off":                 {`{"item":"PP-NAT"`, "malformed-request", 400},
		"no JSON":                 {`item=PP-NAT`, "malformed-request", 400},
		"two values":              {good + good, "malformed-request", 400},
		"trailing comma":          {`{"item":"PP-NAT","quantity":"1",}`, "malformed-request", 400},
		"comment":                 {`{"item":"PP-NAT",/* */"quantity":"1"}`, "malformed-request", 400},
		"byte order mark":         {"\ufeff" + good, "malformed-request", 400},
		"NaN":                     {`{"item":"PP-NAT","quantity":NaN}`, "malformed-request", 400},
		"duplicate member":        {`{"item":"PP-NAT","quantity":"1","quantity":"100"}`, "malformed-request", 400},
		"duplicate by escape":     {`{"item":"PP-NAT","quantity":"1","quantit\u0079":"100"}`, "malformed-request", 400},
		"duplicate deep inside":   {`{"item":"PP-NAT","quantity":"1","free":[{"a":1,"a":2}]}`, "malformed-request", 400},
		"raw NUL":                 {"{\"item\":\"PP\x00NAT\",\"quantity\":\"1\"}", "malformed-request", 400},
		"escaped NUL":             {`{"item":"PP\u0000NAT","quantity":"1"}`, "malformed-request", 400},
		"escaped NUL in a name":   {`{"item":"PP-NAT","quantity":"1","a\u0000":"1"}`, "malformed-request", 400},
		"invalid UTF-8":           {"{\"item\":\"PP\xff\",\"quantity\":\"1\"}", "malformed-request", 400},
		"lone surrogate":          {`{"item":"PP\ud800","quantity":"1"}`, "malformed-request", 400},
		"too deep":                {`{"item":"PP-NAT","quantity":"1","free":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`, "malformed-request", 400},
		"far too deep":            {strings.Repeat("[", 500_000), "malformed-request", 400},
		"number out of range":     {`{"item":"PP-NAT","quantity":"1","free":1e400}`, "malformed-request", 400},
		"too large":               {`{"item":"` + strings.Repeat("x", 1<<20) + `"}`, "payload-too-large", 413},
		"an array":                {`[` + good + `]`, "validation-failed", 422},
		"null":                    {`null`, "validation-failed", 422},
		"missing member":          {`{"item":"PP-NAT"}`, "validation-failed", 422},
		"null for required":       {`{"item":null,"quantity":"1"}`, "validation-failed", 422},
		"wrong case":              {`{"item":"PP-NAT","Quantity":"1"}`, "validation-failed", 422},
		"both cases":              {`{"item":"PP-NAT","quantity":"1","QUANTITY":"99; DROP"}`, "validation-failed", 422},
		"unknown member":          {`{"item":"PP-NAT","quantity":"1","pin":"4711"}`, "validation-failed", 422},
		"number for a quantity":   {`{"item":"PP-NAT","quantity":1}`, "validation-failed", 422},
		"40 digits":               {`{"item":"PP-NAT","quantity":"` + strings.Repeat("9", 40) + `"}`, "validation-failed", 422},
		"40 digits, integer":      {`{"item":"PP-NAT","quantity":"1","line":` + strings.Repeat("9", 40) + `}`, "validation-failed", 422},
		"exponent, integer":       {`{"item":"PP-NAT","quantity":"1","line":1e3}`, "validation-failed", 422},
		"fraction, integer":       {`{"item":"PP-NAT","quantity":"1","line":1.5}`, "validation-failed", 422},
		"whole fraction, integer": {`{"item":"PP-NAT","quantity":"1","line":1.0}`, "validation-failed", 422},
		"beyond int32":            {`{"item":"PP-NAT","quantity":"1","line":4294967297}`, "validation-failed", 422},
		"zero line":               {`{"item":"PP-NAT","quantity":"1","line":0}`, "validation-failed", 422},
		"negative quantity":       {`{"item":"PP-NAT","quantity":"-1"}`, "validation-failed", 422},
		"exponent quantity":       {`{"item":"PP-NAT","quantity":"1e3"}`, "validation-failed", 422},
		"comma quantity":          {`{"item":"PP-NAT","quantity":"1,5"}`, "validation-failed", 422},
		"seven decimals":          {`{"item":"PP-NAT","quantity":"0.0000001"}`, "validation-failed", 422},
		"Arabic digits":           {`{"item":"PP-NAT","quantity":"١"}`, "validation-failed", 422},
		"quantity and a newline":  {`{"item":"PP-NAT","quantity":"1\n"}`, "validation-failed", 422},
		"empty code":              {`{"item":"","quantity":"1"}`, "validation-failed", 422},
		"long code":               {`{"item":"` + strings.Repeat("x", 65) + `","quantity":"1"}`, "validation-failed", 422},
		"control in a code":       {`{"item":"PP\u0007","quantity":"1"}`, "validation-failed", 422},
		"boolean for a code":      {`{"item":true,"quantity":"1"}`, "validation-failed", 422},
		"object for a code":       {`{"item":{"a":"b"},"quantity":"1"}`, "validation-failed", 422},
		"no time":                 {`{"item":"PP-NAT","quantity":"1","at":"yesterday"}`, "validation-failed", 422},
		"no such day":             {`{"item":"PP-NAT","quantity":"1","at":"2026-02-30T10:00:00Z"}`, "validation-failed", 422},
		"no zone":                 {`{"item":"PP-NAT","quantity":"1","at":"2026-02-20T10:00:00"}`, "validation-failed", 422},
		"too many items":          {`{"item":"PP-NAT","quantity":"1","tags":["a","b","c","d"]}`, "validation-failed", 422},
		"unknown member, null":    {`{"item":"PP-NAT","quantity":"1","pin":null}`, "validation-failed", 422},
		"wrong case, null":        {`{"item":"PP-NAT","quantity":"1","NOTE":null}`, "validation-failed", 422},
		"null in a list":          {`{"item":"PP-NAT","quantity":"1","tags":[null]}`, "validation-failed", 422},
	} {
		t.Run(name, func(t *testing.T) {
			a := b.do(t, "POST", "/v1/echoes", tt.body, map[string]string{"X-Request-Id": "no-value-of-a-body"})
			a.problem(t, tt.slug, tt.status)
			if strings.Contains(a.body, "4711") || strings.Contains(a.body, "DROP") || strings.Contains(a.body, "yesterday") {
				t.Errorf("the answer repeats a value: %s", a.body)
			}
		})
	}
	if called {
		t.Error("a bad body reached the database")
	}
}

func TestBadRequests(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for name, tt := range map[string]struct {
		method, path string
		header       map[string]string
		slug         string
		status       int
	}{
		"no token":                {"POST", "/v1/echoes", map[string]string{"Authorization": ""}, "unauthorized", 401},
		"wrong token":             {"POST", "/v1/echoes", map[string]string{"Authorization": "Bearer " + token + "x"}, "unauthorized", 401},
		"empty token":             {"POST", "/v1/echoes", map[string]string{"Authorization": "Bearer "}, "unauthorized", 401},
		"other scheme":            {"POST", "/v1/echoes", map[string]string{"Authorization": "Basic " + token}, "unauthorized", 401},
		"unknown path, no token":  {"GET", "/v1/nothing", map[string]string{"Authorization": ""}, "unauthorized", 401},
		"no key":                  {"POST", "/v1/echoes", map[string]string{"Idempotency-Key": ""}, "idempotency-key-missing", 400},
		"key is no UUID":          {"POST", "/v1/echoes", map[string]string{"Idempotency-Key": "42"}, "idempotency-key-malformed", 400},
		"key in braces":           {"POST", "/v1/echoes", map[string]string{"Idempotency-Key": "{" + key + "}"}, "idempotency-key-malformed", 400},
		"two keys":                {"POST", "/v1/echoes", map[string]string{"X-Idempotency-Key": strings.Replace(key, "0", "1", 1)}, "idempotency-key-malformed", 400},
		"no content type":         {"POST", "/v1/echoes", map[string]string{"Content-Type": ""}, "unsupported-media-type", 415},
		"text":                    {"POST", "/v1/echoes", map[string]string{"Content-Type": "text/plain"}, "unsupported-media-type", 415},
		"form":                    {"POST", "/v1/echoes", map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, "unsupported-media-type", 415},
		"suffix":                  {"POST", "/v1/echoes", map[string]string{"Content-Type": "application/vnd.api+json"}, "unsupported-media-type", 415},
		"broken content type":     {"POST", "/v1/echoes", map[string]string{"Content-Type": "application/json; ="}, "unsupported-media-type", 415},
		"other charset":           {"POST", "/v1/echoes", map[string]string{"Content-Type": "application/json; charset=utf-16"}, "unsupported-media-type", 415},
		"compressed":              {"POST", "/v1/echoes", map[string]string{"Content-Encoding": "gzip"}, "unsupported-media-type", 415},
		"unknown path":            {"GET", "/v1/nothing", nil, "not-found", 404},
		"root":                    {"GET", "/", nil, "not-found", 404},
		"trailing slash":          {"GET", "/v1/echoes/", nil, "not-found", 404},
		"double slash":            {"GET", "/v1//echoes", nil, "not-found", 404},
		"dots":                    {"GET", "/v1/x/%2e%2e/echoes", nil, "not-found", 404},
		"docs":                    {"GET", "/docs", nil, "not-found", 404},
		"wrong method":            {"DELETE", "/v1/echoes", nil, "method-not-allowed", 405},
		"wrong method, one thing": {"POST", "/v1/echoes/1", nil, "method-not-allowed", 405},
		"no such thing":           {"GET", "/v1/echoes/none", nil, "not-found", 404},
		"NUL in the path":         {"GET", "/v1/echoes/a%00b", nil, "malformed-request", 400},
		"UTF-8 in the path":       {"GET", "/v1/echoes/%ff", nil, "malformed-request", 400},
		"long number":             {"GET", "/v1/echoes/" + strings.Repeat("x", 65), nil, "validation-failed", 422},
		"unknown parameter":       {"GET", "/v1/echoes?limt=3", nil, "validation-failed", 422},
		"parameter on a command":  {"POST", "/v1/echoes?dry=1", nil, "validation-failed", 422},
		"parameter in capitals":   {"GET", "/v1/echoes?Limit=3", nil, "validation-failed", 422},
		"parameter twice":         {"GET", "/v1/echoes?limit=3&limit=4", nil, "malformed-request", 400},
		"NUL in a parameter":      {"GET", "/v1/echoes?after=%00", nil, "malformed-request", 400},
		"broken escape":           {"GET", "/v1/echoes?after=%zz", nil, "malformed-request", 400},
		"limit zero":              {"GET", "/v1/echoes?limit=0", nil, "validation-failed", 422},
		"limit huge":              {"GET", "/v1/echoes?limit=501", nil, "validation-failed", 422},
		"limit of 40 digits":      {"GET", "/v1/echoes?limit=" + strings.Repeat("9", 40), nil, "validation-failed", 422},
		"limit beyond int32":      {"GET", "/v1/echoes?limit=4294967297", nil, "validation-failed", 422},
		"limit is no number":      {"GET", "/v1/echoes?limit=x", nil, "validation-failed", 422},
	} {
		t.Run(name, func(t *testing.T) {
			body := good
			if tt.method == "GET" {
				body = ""
			}
			a := b.do(t, tt.method, tt.path, body, tt.header)
			a.problem(t, tt.slug, tt.status)
			switch tt.status {
			case 401:
				if a.header.Get("WWW-Authenticate") == "" {
					t.Error("no WWW-Authenticate")
				}
			case 405:
				if a.header.Get("Allow") == "" {
					t.Error("no Allow")
				}
			}
		})
	}
}

func TestCommand(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var gotContext, gotCommand string
	b.call = func(_ context.Context, requestContext, command json.RawMessage) (row, error) {
		gotContext, gotCommand = string(requestContext), string(command)
		return row{Status: 201, Body: []byte(`{"item": "PP-NAT"}`)}, nil
	}
	body := ` { "quantity" : "1.50", "item" : "PP-\u004eAT" } `
	a := b.do(t, "POST", "/v1/echoes", body, map[string]string{
		"Idempotency-Key": `"` + strings.ToUpper(key) + `"`, "X-Idempotency-Key": key,
		"Millrace-Operator": "somebody else", "Millrace-Device": "press-4", "X-Request-Id": "my-request-1",
		"Content-Type": "application/json; charset=UTF-8", "Accept": "text/html",
	})
	if a.status != 201 || a.body != `{"item": "PP-NAT"}` || a.header.Get("Content-Type") != "application/json" {
		t.Fatalf("got %d %s %v", a.status, a.body, a.header)
	}
	if a.header.Get("Idempotent-Replayed") != "" || a.header.Get("X-Request-Id") != "my-request-1" {
		t.Errorf("headers %v", a.header)
	}
	if gotCommand != body {
		t.Errorf("SQL got %s", gotCommand)
	}
	want := `{"key":"` + key + `","actor":"Ayşe \"Y\" <a&b>` + "\u2028" + `","device":"\\press-3","request_id":"my-request-1","scopes":["inventory:write"],"sites":null}`
	if gotContext != want {
		t.Errorf("SQL got %s\nwant %s", gotContext, want)
	}
	if log := b.log.String(); !strings.Contains(log, `"operation":"echo-item"`) || strings.Contains(log, "1.50") {
		t.Errorf("log %s", log)
	}

	b.do(t, "POST", "/v1/echoes", good, map[string]string{"X-Request-Id": "bad id\t"})
	if strings.Contains(gotContext, "bad id") {
		t.Errorf("SQL got %s", gotContext)
	}
}

// TestNullIsNothing: SQL never sees a member that is null, so it cannot mean one thing in one room and another
// in the next.
func TestNullIsNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var got string
	b.call = func(_ context.Context, _, command json.RawMessage) (row, error) {
		got = string(command)
		return row{Status: 201, Body: []byte(`{"item": "PP-NAT"}`)}, nil
	}
	for body, want := range map[string]string{
		`{"item":"PP-NAT","quantity":"1","note":null}`:                               `{"item":"PP-NAT","quantity":"1"}`,
		` {"at":null, "item":"null","tags":null,"quantity":"1","line":null} `:        `{"item":"null","quantity":"1"}`,
		`{"item":"P","quantity":"1","free":{"a":null,"b":[null,{"c":null}],"d":{}}}`: `{"item":"P","quantity":"1","free":{"b":[null,{}],"d":{}}}`,
	} {
		if a := b.do(t, "POST", "/v1/echoes", body, nil); a.status != 201 {
			t.Errorf("%s is answered with %d %s", body, a.status, a.body)
		}
		if got != want {
			t.Errorf("of %s SQL got %s, want %s", body, got, want)
		}
	}
}

func TestReplay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.call = func(context.Context, json.RawMessage, json.RawMessage) (row, error) {
		return row{Status: 409, Body: []byte(`{"type": "/problems/insufficient-stock"}`), IsReplayed: true}, nil
	}
	a := b.do(t, "POST", "/v1/echoes", good, nil)
	if a.status != 409 || a.header.Get("Idempotent-Replayed") != "true" || a.header.Get("Content-Type") != "application/problem+json" {
		t.Fatalf("got %d %v %s", a.status, a.header, a.body)
	}
}

func TestRefusal(t *testing.T) {
	t.Parallel()
	refusal := &pgconn.PgError{Code: "MR201", Message: "PP-NAT has 3 KGM at RAW-01, 12.5 asked for", Detail: `{"on_hand": "3"}`, Hint: "Count the location."}

	t.Run("is stored and answered", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.call = func(context.Context, json.RawMessage, json.RawMessage) (row, error) {
			return row{}, fmt.Errorf("receive: %w", refusal)
		}
		a := b.do(t, "POST", "/v1/echoes", good, nil)
		a.problem(t, "insufficient-stock", 409)
		if a.doc["detail"] != refusal.Message || a.doc["hint"] != refusal.Hint || a.doc["code"] != "MR201" || a.doc["retryable"] != false {
			t.Errorf("got %s", a.body)
		}
		if details, _ := a.doc["details"].(map[string]any); details["on_hand"] != "3" {
			t.Errorf("got %s", a.body)
		}
		if len(b.refused) != 1 || b.refused[0] != "echo-item 409 "+a.body {
			t.Errorf("stored %q", b.refused)
		}
	})
	t.Run("gives way to an answer that came first", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.call = func(context.Context, json.RawMessage, json.RawMessage) (row, error) { return row{}, refusal }
		b.refuse = func() (httpapi.Answer, error) {
			return httpapi.Answer{Status: 201, Body: []byte(`{"item": "first"}`), IsReplayed: true}, nil
		}
		if a := b.do(t, "POST", "/v1/echoes", good, nil); a.status != 201 || a.body != `{"item": "first"}` || a.header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("got %d %s", a.status, a.body)
		}
	})
	t.Run("is not told when it cannot be stored", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.call = func(context.Context, json.RawMessage, json.RawMessage) (row, error) { return row{}, refusal }
		b.refuse = func() (httpapi.Answer, error) { return httpapi.Answer{}, &net.OpError{Op: "read", Err: io.EOF} }
		a := b.do(t, "POST", "/v1/echoes", good, nil)
		a.problem(t, "unavailable", 503)
		if a.header.Get("Retry-After") == "" || a.doc["retryable"] != true {
			t.Errorf("got %v %s", a.header, a.body)
		}
	})
	for code, tt := range map[string]struct {
		slug   string
		status int
	}{"MR902": {"idempotency-key-reused", 422}, "MR903": {"request-in-progress", 409}} {
		t.Run(code+" is not stored", func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.call = func(context.Context, json.RawMessage, json.RawMessage) (row, error) {
				return row{}, &pgconn.PgError{Code: code, Message: "No."}
			}
			a := b.do(t, "POST", "/v1/echoes", good, nil)
			a.problem(t, tt.slug, tt.status)
			if len(b.refused) != 0 {
				t.Errorf("stored %q", b.refused)
			}
			if (code == "MR903") != (a.header.Get("Retry-After") == "1") {
				t.Errorf("headers %v", a.header)
			}
		})
	}
}

func TestRetries(t *testing.T) {
	t.Parallel()
	for _, moment := range []error{
		&pgconn.PgError{Code: "40001"}, &pgconn.PgError{Code: "40P01", Message: "deadlock detected"},
		&pgconn.PgError{Code: "57P01"}, io.ErrUnexpectedEOF, &net.OpError{Op: "dial", Err: io.EOF},
	} {
		b := setup(t)
		calls := 0
		b.call = func(context.Context, json.RawMessage, json.RawMessage) (row, error) {
			if calls++; calls < 3 {
				return row{}, moment
			}
			return row{Status: 201, Body: []byte(`{"item": "x"}`)}, nil
		}
		if a := b.do(t, "POST", "/v1/echoes", good, nil); a.status != 201 || calls != 3 {
			t.Errorf("got %d after %d calls", a.status, calls)
		}
		calls = -1000
		a := b.do(t, "POST", "/v1/echoes", good, nil)
		a.problem(t, "unavailable", 503)
		if calls != -995 || a.header.Get("Retry-After") != "1" {
			t.Errorf("%d calls, headers %v", calls, a.header)
		}
	}
}

func TestBugsLeakNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, call := range []func(context.Context, json.RawMessage, json.RawMessage) (row, error){
		func(context.Context, json.RawMessage, json.RawMessage) (row, error) {
			return row{}, errors.New("secret")
		},
		func(context.Context, json.RawMessage, json.RawMessage) (row, error) {
			return row{}, &pgconn.PgError{Code: "P0001", Message: "secret", Detail: `{"secret": 1}`, Hint: "secret"}
		},
		func(context.Context, json.RawMessage, json.RawMessage) (row, error) {
			return row{}, &pgconn.PgError{Code: "MR999", Message: "secret"}
		},
		func(context.Context, json.RawMessage, json.RawMessage) (row, error) { panic("secret") },
	} {
		b.call = call
		a := b.do(t, "POST", "/v1/echoes", good, nil)
		a.problem(t, "internal", 500)
		if strings.Contains(a.body, "secret") {
			t.Errorf("got %s", a.body)
		}
		if id, _ := a.doc["request_id"].(string); !strings.Contains(b.log.String(), id) || !strings.Contains(b.log.String(), "secret") {
			t.Errorf("log %s", b.log.String())
		}
	}
	if len(b.refused) != 0 {
		t.Errorf("stored %q", b.refused)
	}
}

func TestReads(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for path, want := range map[string]string{
		"/v1/echoes/PO%2F1":            `{"item":"PO/1"}`,
		"/v1/echoes":                   `{"items": [{"item": "-100"}], "next": null}`,
		"/v1/echoes?after=b&limit=500": `{"items": [{"item": "b-500"}], "next": null}`,
		"/healthz":                     `{"status":"ok"}`,
		"/readyz":                      `{"status":"ok"}`,
	} {
		if a := b.do(t, "GET", path, "", nil); a.status != 200 || strings.TrimSpace(a.body) != want || a.header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: %d %s %v", path, a.status, a.body, a.header)
		}
	}
	for _, path := range []string{"/openapi.json", "/openapi.yaml", "/healthz"} {
		a := b.do(t, "GET", path, "", map[string]string{"Authorization": ""})
		if a.status != 200 || a.header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %d %v", path, a.status, a.header)
		}
	}
}

func TestNoTokenOpensNothing(t *testing.T) {
	t.Parallel()
	api := httpapi.New(httpapi.Options{})
	for _, authorization := range []string{"", "Bearer ", "Bearer x"} {
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/v1/x", nil)
		r.Header.Set("Authorization", authorization)
		api.ServeHTTP(w, r)
		if w.Code != 401 {
			t.Errorf("%q: %d", authorization, w.Code)
		}
	}
}

// TestBrokenBody sends what no HTTP client would.
func TestBrokenBody(t *testing.T) {
	t.Parallel()
	b := setup(t)
	connection, err := net.Dial("tcp", b.server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = connection.Close() }()
	_, _ = fmt.Fprintf(connection, "POST /v1/echoes HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nIdempotency-Key: %s\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n", token, key)
	_ = connection.SetReadDeadline(time.Now().Add(5 * time.Second))
	first := make([]byte, 12)
	if _, err := io.ReadFull(connection, first); err != nil || string(first) != "HTTP/1.1 400" {
		t.Errorf("got %q, %v", first, err)
	}
}

func TestDocument(t *testing.T) {
	t.Parallel()
	b := setup(t)
	doc, err := b.api.OpenAPI().YAML()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"operationId: echo-item", "Httpapi_testEchoedPage", "application/problem+json", "name: Idempotency-Key", "insufficient-stock"} {
		if !bytes.Contains(doc, []byte(want)) {
			t.Errorf("no %q in\n%s", want, doc)
		}
	}
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
