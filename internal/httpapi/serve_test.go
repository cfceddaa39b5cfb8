package httpapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/millrace-erp/millrace/internal/httpapi"
)

// wide has members of every kind that commands of the rooms have, and some more.
type wide struct {
	Item     httpapi.Code     `json:"item"`
	Quantity httpapi.Quantity `json:"quantity"`
	Price    *httpapi.Money   `json:"price,omitempty"`
	Kind     string           `json:"kind,omitempty" enum:"a,b"`
	Line     int32            `json:"line,omitempty" minimum:"1"`
	Count    *uint8           `json:"count,omitempty"`
	Share    float32          `json:"share,omitempty" maximum:"1e39"`
	IsLast   bool             `json:"is_last,omitempty"`
	At       *time.Time       `json:"at,omitempty"`
	On       httpapi.Date     `json:"on,omitempty"`
	Note     *httpapi.Text    `json:"note,omitempty" nullable:"true"`
	Tags     []string         `json:"tags,omitempty" minItems:"1" maxItems:"3" uniqueItems:"true"`
	Bytes    []byte           `json:"bytes,omitempty"`
	Lines    []part           `json:"lines,omitempty"`
	Part     *part            `json:"part,omitempty"`
	Named    map[string]int8  `json:"named,omitempty"`
	Free     any              `json:"free,omitempty"`
}

type part struct {
	Item  httpapi.Code `json:"item"`
	Lot   httpapi.Code `json:"lot,omitempty"`
	Scrap *struct {
		Reason httpapi.Code `json:"reason"`
	} `json:"scrap,omitempty"`
	Parts []string `json:"parts,omitempty"`
}

// told is everything that a request led to.
type told struct {
	Status           int
	Header           http.Header
	Body             string
	Context, Command string // what SQL was told
}

// ways are two APIs of which one leaves every command to huma.
func ways() (short, long func(path, body string, header map[string]string) told) {
	way := func(byHuma bool) func(path, body string, header map[string]string) told {
		var got told
		api := httpapi.New(httpapi.Options{Authenticator: somebody})
		call := func(_ context.Context, requestContext, command json.RawMessage) (row, error) {
			got.Context, got.Command = string(requestContext), string(command)
			switch {
			case strings.Contains(got.Command, "PANIC"):
				panic("as asked")
			case strings.Contains(got.Command, "WRONG"):
				return row{}, fmt.Errorf("as asked")
			case strings.Contains(got.Command, "AGAIN"):
				return row{Status: 409, Body: []byte(`{"status": 409}`), IsReplayed: true}, nil
			}
			return row{Status: 201, Body: []byte(`{"item": "<&>"}`)}, nil
		}
		httpapi.Command[echo, echoed](api, httpapi.CommandSpec{OperationID: "echo-item", Scope: "inventory:write", Path: "/v1/echoes", Tag: "Test", Summary: "Echo"}, call)
		httpapi.Command[wide, echoed](api, httpapi.CommandSpec{OperationID: "echo-all", Scope: "inventory:write", Path: "/v1/all", Tag: "Test", Summary: "Echo"}, call)
		httpapi.Command[part, echoed](api, httpapi.CommandSpec{OperationID: "echo-part", Scope: "inventory:write", Path: "/v1/parts", Tag: "Test", Summary: "Echo"}, call)
		httpapi.Command[[]part, echoed](api, httpapi.CommandSpec{OperationID: "echo-parts", Scope: "inventory:write", Path: "/v1/lists", Tag: "Test", Summary: "Echo"}, call)
		if byHuma {
			api.ByHuma()
		}
		return func(path, body string, header map[string]string) told {
			got = told{}
			r := httptest.NewRequestWithContext(context.Background(), http.MethodPost, path, strings.NewReader(body))
			for name, value := range map[string]string{
				"Authorization": "Bearer " + token, "Content-Type": "application/json", "Idempotency-Key": key, "X-Request-Id": "the-same-id",
			} {
				r.Header.Set(name, value)
			}
			for name, value := range header {
				r.Header.Set(name, value)
			}
			w := httptest.NewRecorder()
			api.ServeHTTP(w, r)
			got.Status, got.Header, got.Body = w.Code, w.Header(), sorted(w.Body.String())
			return got
		}
	}
	return way(false), way(true)
}

// sorted puts the violations of a problem in order, since huma tells of unknown members in the order of a map.
func sorted(body string) string {
	head, errors, found := strings.Cut(body, `"errors":[{`)
	if !found {
		return body
	}
	each := strings.Split(strings.TrimSuffix(errors, `}]}`), `},{`)
	slices.Sort(each)
	return head + `"errors":[{` + strings.Join(each, `},{`) + `}]}`
}

func same(t interface {
	Helper()
	Errorf(string, ...any)
}, short, long told, body string,
) {
	t.Helper()
	if !reflect.DeepEqual(short, long) {
		t.Errorf("%s\nthe short way %+v\nby huma       %+v", body, short, long)
	}
}

// values of the members of wide, as JSON; the first is good.
var values = map[string][]string{
	"item": {`"PP-NAT"`, `null`, `1`}, "quantity": {`"12.5"`, `"1"`, `"0.000001"`, `"1e3"`}, "price": {`"1.50"`, `null`}, "kind": {`"a"`, `"c"`},
	"line":  {"1", "2147483647", "2147483648", "0", "1.0", "1e2", "1.5", "-1", "1e400", "-0"},
	"count": {"0", "255", "256", "-1"}, "share": {"0.5", "1e38", "5e38", "1e39"}, "is_last": {"true", "false", "null"}, "on": {`"2026-02-28"`, `"2026-02-30"`},
	"at": {
		`"2026-11-22T10:00:00Z"`, `"2026-11-22T10:00:00.5+01:00"`, `"2026-11-22T10:00:60Z"`, `"2026-11-22t10:00:00z"`, `"2026-11-22 10:00:00Z"`, `"2026-11-22T24:00:00Z"`,
		`"10000-01-01T00:00:00Z"`, `"2026-11-22T10:00:00,5Z"`, `"0000-01-01T00:00:00Z"`, `"2026-11-22T1:00:00Z"`, `"2026-11-22T10:00:00+25:00"`, `null`,
	},
	"note": {`"wet\nand cold"`, `null`}, "bytes": {`"aGFsbG8="`, `"aGFsbG8"`, `"_-"`}, "tags": {`["a","b"]`, `["a","a"]`, `[]`, `[null]`, `null`},
	"lines": {`[{"item":"A"}]`, `[{"item":"A","lot":"B","scrap":{"reason":"C"},"parts":["c"]}]`, `[null]`, `{}`}, "part": {`{"item":"A","scrap":null}`, `{"item":"A","parts":[1]}`},
	"named": {`{"a":127}`, `{"a":128}`, `{"a":1,"a":2}`, `{"a":null}`}, "free": {`{"a":[1,"b",null]}`, `[1e400]`, `null`},
}

var texts = []string{`""`, `"x"`, `"a\u0301"`, `"\u007f"`, `"` + strings.Repeat("y", 65) + `"`, `"AGAIN"`, `"WRONG"`, `"PANIC"`, `"2026-02-28"`, `"12"`, `"\u0000"`}

// TestShortWayOfOneMember sends bodies of which all is good but one member, perhaps.
func TestShortWayOfOneMember(t *testing.T) {
	t.Parallel()
	short, long := ways()
	for name, each := range values {
		for _, value := range slices.Concat(each, texts) {
			body := `{"item":"A","quantity":"1","` + name + `":` + value + `}`
			if name == "item" || name == "quantity" {
				body = strings.Replace(`{"item":"A","quantity":"1"}`, map[string]string{"item": `"A"`, "quantity": `"1"`}[name], value, 1)
			}
			for _, path := range []string{"/v1/echoes", "/v1/all"} {
				same(t, short(path, body, nil), long(path, body, nil), body)
			}
		}
	}
}

// TestShortWay sends bodies that are nearly what the schema asks for, by both ways: whatever comes of one comes of
// the other.
func TestShortWay(t *testing.T) {
	t.Parallel()
	short, long := ways()
	taken := 0
	names := slices.Sorted(maps.Keys(values))
	var value func(depth int) *rapid.Generator[string]
	object := func(depth int) *rapid.Generator[string] {
		return rapid.Custom(func(r *rapid.T) string {
			var members []string
			for _, name := range names {
				chance := 8
				if name == "item" || name == "quantity" {
					chance = 1
				}
				if rapid.IntRange(0, chance).Draw(r, name) <= 1-chance/8 {
					v := values[name][0]
					switch rapid.IntRange(0, 30).Draw(r, "odd") {
					case 0:
						v = value(depth+1).Draw(r, name)
					case 1:
						v = rapid.SampledFrom(texts).Draw(r, name)
					case 2, 3, 4, 5:
						v = rapid.SampledFrom(values[name]).Draw(r, name)
					}
					members = append(members, `"`+name+`":`+v)
				}
			}
			for _, name := range []string{"lot", "reason", "scrap", "parts", "pin", "Item"} {
				if rapid.IntRange(0, 12).Draw(r, name) == 0 {
					members = append(members, `"`+name+`": `+value(depth+1).Draw(r, name))
				}
			}
			return "{" + strings.Join(rapid.Permutation(members).Draw(r, "order"), ",") + "}"
		})
	}
	value = func(depth int) *rapid.Generator[string] {
		return rapid.Custom(func(r *rapid.T) string {
			kinds := 5
			if depth > 3 {
				kinds = 2
			}
			switch rapid.IntRange(0, kinds).Draw(r, "kind") {
			case 0:
				return rapid.SampledFrom([]string{"null", "true", "1", "1e400", "-1.5"}).Draw(r, "atom")
			case 1, 2:
				return rapid.SampledFrom(texts).Draw(r, "text")
			case 3:
				return "[" + strings.Join(rapid.SliceOfN(value(depth+1), 0, 3).Draw(r, "list"), ", ") + "]"
			case 4:
				return rapid.SampledFrom([]string{`{"item":"A"}`, `{"item":"A","lot":"B","parts":["c"]}`, `{"a":1}`, `{"reason":"R"}`, `{"a":128}`, `[{"item":"A"}]`, `["a","b"]`, `["a","a"]`, `{"a":1,"a":2}`, `[null]`}).Draw(r, "given")
			default:
				return object(depth+1).Draw(r, "object")
			}
		})
	}
	rapid.Check(t, func(r *rapid.T) {
		path := rapid.SampledFrom([]string{"/v1/echoes", "/v1/all", "/v1/all", "/v1/parts", "/v1/lists"}).Draw(r, "path")
		body := value(0).Draw(r, "body")
		if path != "/v1/lists" {
			body = object(0).Draw(r, "body")
		}
		got := short(path, body, nil)
		if got.Status == 201 {
			taken++
		}
		same(r, got, long(path, body, nil), body)
	})
	if taken == 0 {
		t.Error("no body was good")
	}
}

// TestShortWayOfOddRequests is about what is odd outside of the body.
func TestShortWayOfOddRequests(t *testing.T) {
	t.Parallel()
	short, long := ways()
	for _, path := range []string{"/v1/echoes", "/v1/echoes?", "/v1/echoes?dry=1", "/v1/ech%6Fes", "/v1%2Fechoes", "/v1/echoes/", "/v1//echoes", "/v1/nothing"} {
		for _, header := range []map[string]string{
			nil,
			{"Idempotency-Key": "42"},
			{"Authorization": "Bearer x"},
			{"Content-Type": "application/json; charset=utf-8"},
			{"Content-Type": "APPLICATION/JSON"},
			{"Content-Type": "text/plain"},
			{"Accept": "application/cbor"},
		} {
			for _, body := range []string{good, `{}`, ``, `{"item":"WRONG","quantity":"1"}`, `{"item":"AGAIN","quantity":"1"}`, `{"item":"PANIC","quantity":"1"}`, `{"item":"A","quantity":"1","free":1e400}`, good + good} {
				same(t, short(path, body, header), long(path, body, header), fmt.Sprint(path, header, body))
			}
		}
	}
}

// FuzzShortWay is for longer searches than a test run has time for.
func FuzzShortWay(f *testing.F) {
	for _, body := range []string{
		good, `null`, `[{"item":"A"}]`, `{"item":"A","quantity":"1","line":1e400}`, `{"item":"A","quantity":"1","at":"2026-11-22T10:00:60Z"}`,
		`{"item":"A","quantity":"1","note":null,"tags":[null]}`, `{"item":"\ud83d\ude00","quantity":"1.5"}`, `{"a":{"b":[{"c":[]}]}}`,
	} {
		f.Add(body)
	}
	short, long := ways()
	f.Fuzz(func(t *testing.T, body string) {
		for _, path := range []string{"/v1/echoes", "/v1/all", "/v1/parts", "/v1/lists"} {
			same(t, short(path, body, nil), long(path, body, nil), body)
		}
	})
}
