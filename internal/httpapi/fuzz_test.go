package httpapi_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/millrace-erp/millrace/internal/httpapi"
)

// FuzzCheckJSON: what is let through is one JSON value that everybody reads in the same way, and taking the nulls
// out of it changes nothing else.
func FuzzCheckJSON(f *testing.F) {
	for _, body := range []string{
		good, ``, ` `, `null`, `{"a":null,"b":[null,{"c":null}]}`, `{"a":1,"a":2}`, `{"a":1,"\u0061":2}`, `{"A":1,"a":2}`, `[1,-0,1e5,1e400,0.1]`,
		`"\ud83d\ude00"`, `"\ud800"`, "\"\xff\"", "\ufeff{}", `{"a":"\u0000"}`, "{\"\u202e\":1}", `"\u202e"`, `{}{}`, `[}`, `01`, `+1`, `.5`, `1.`, `tru`,
		strings.Repeat("[", 33) + strings.Repeat("]", 33), strings.Repeat(`{"a":`, 31) + "1" + strings.Repeat("}", 31), `{"a":"<\u2028&>"}`, "\"\x7f\"", `"\/"`, `{"":0}`,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		value, bare, ok := httpapi.CheckJSON(body)
		if !ok {
			return
		}
		if !utf8.Valid(body) || !json.Valid(body) || bytes.Contains(body, []byte{0}) {
			t.Fatalf("%q was let through", body)
		}
		var standard any
		if err := json.Unmarshal(body, &standard); err == nil && !reflect.DeepEqual(value, standard) {
			t.Fatalf("%q is %#v to us and %#v to others", body, value, standard)
		}
		again, twice, ok := httpapi.CheckJSON(bare)
		if !ok || !bytes.Equal(bare, twice) || hasNullMember(again) {
			t.Fatalf("%q became %q, and that %q", body, bare, twice)
		}
	})
}

func hasNullMember(value any) bool {
	switch value := value.(type) {
	case map[string]any:
		for _, member := range value {
			if member == nil || hasNullMember(member) {
				return true
			}
		}
	case []any:
		for _, item := range value {
			if hasNullMember(item) {
				return true
			}
		}
	}
	return false
}

// FuzzRequest: whatever comes over the wire is answered, never with a 5xx, always with a document that is sound; and
// only what is wholly right reaches the database.
func FuzzRequest(f *testing.F) {
	head := "POST /v1/echoes HTTP/1.1\r\n" + authorized + "Content-Type: application/json\r\nIdempotency-Key: " + key + "\r\n"
	for _, text := range []string{
		head + "Content-Length: 35\r\n\r\n" + good,
		head + "Transfer-Encoding: chunked\r\n\r\n23\r\n" + good + "\r\n0\r\n\r\n",
		head + "Idempotency-Key: " + key + "\r\n\r\n",
		"GET /v1/echoes?after=%1d&limit=5 HTTP/1.1\r\n" + authorized + "\r\n",
		"GET /v1/echoes/%c0%af HTTP/1.1\r\n" + authorized + "\r\n",
		"GET /v1/x/%2e%2e/echoes HTTP/1.1\r\n" + authorized + "\r\n",
		"HEAD //evil.example/../v1 HTTP/1.1\r\n" + authorized + "\r\n",
		"OPTIONS * HTTP/1.1\r\n" + authorized + "\r\n",
		"CONNECT a:1 HTTP/1.1\r\n" + authorized + "\r\n",
		"GET http://a:b@c/v1/echoes#x HTTP/1.1\r\n" + authorized + "Origin: null\r\n\r\n",
		"POST /v1/echoes HTTP/1.0\r\n\r\n",
	} {
		f.Add([]byte(text))
	}
	api := httpapi.New(httpapi.Options{Authenticator: somebody})
	httpapi.Command[wide, echoed](api, httpapi.CommandSpec{OperationID: "echo-item", Scope: "inventory:write", Path: "/v1/echoes", Tag: "Test", Summary: "Echo"},
		func(context.Context, json.RawMessage, json.RawMessage) (row, error) {
			return row{Status: 201, Body: []byte(`{"item": "PP-NAT"}`)}, nil
		})
	httpapi.List[echoed](api, httpapi.ReadSpec{OperationID: "list-echoes", Scope: "inventory:write", Path: "/v1/echoes", Tag: "Test", Summary: "List"},
		func(context.Context, string, int32) (json.RawMessage, error) {
			return []byte(`{"items": [], "next": null}`), nil
		})
	httpapi.Get[echoed](api, httpapi.ReadSpec{OperationID: "get-echo", Scope: "inventory:write", Path: "/v1/echoes/{number}", Tag: "Test", Summary: "Get"},
		func(_ context.Context, number string) (json.RawMessage, error) {
			return json.Marshal(echoed{Item: number})
		})
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(text)))
		if err != nil {
			return
		}
		r.RemoteAddr = tablet
		w := httptest.NewRecorder()
		api.ServeHTTP(w, r)
		if w.Code >= 500 || w.Code < 200 {
			t.Fatalf("%q is answered with %d", text, w.Code)
		}
		if w.Code >= 400 {
			var p map[string]any
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || p["status"] != float64(w.Code) || w.Header().Get("Content-Type") != "application/problem+json" {
				t.Fatalf("%q is answered with %d %v %s", text, w.Code, w.Header(), w.Body)
			}
		}
		if w.Header().Get("X-Content-Type-Options") != "nosniff" || w.Header().Get("X-Request-Id") == "" {
			t.Fatalf("%q is answered with %v", text, w.Header())
		}
	})
}
