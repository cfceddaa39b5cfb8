package app_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace-erp/millrace/internal/app"
	"github.com/millrace-erp/millrace/internal/demo"
	"github.com/millrace-erp/millrace/internal/httpapi"
	"github.com/millrace-erp/millrace/internal/httpapi/httpapitest"
)

// TestMonkey sends requests that fit the document and are otherwise chosen blindly: things
// that exist and things that do not, quantities and days at the edges, in any order. None is
// answered with a 5xx, every answer is as documented, and the invariants hold at the end.
// MONKEY_REQUESTS asks for more of them than the few hundred of an ordinary run.
func TestMonkey(t *testing.T) {
	t.Parallel()
	requests := 400
	if n, err := strconv.Atoi(os.Getenv("MONKEY_REQUESTS")); err == nil {
		requests = n
	}
	for seed := range uint64(3) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			api := httpapitest.New(t)
			m := &monkey{
				rand:     rand.New(rand.NewPCG(seed, 0)),
				document: app.New(nil, httpapi.Options{}).OpenAPI(),
				known:    map[string][]string{},
			}
			for _, record := range demo.Factory() {
				m.learn(lastSegment(record.Path), api.PostKey(t, record.Key, record.Path, string(record.Body)).Want(200).Body)
			}
			m.play(t, api, requests)
		})
	}
}

type monkey struct {
	rand     *rand.Rand
	document *huma.OpenAPI
	known    map[string][]string // codes and numbers, by what they name
}

func (m *monkey) play(t *testing.T, api *httpapitest.API, requests int) {
	t.Helper()
	paths := make([]string, 0, len(m.document.Paths))
	for path := range m.document.Paths {
		if strings.HasPrefix(path, "/v1/") {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	if len(paths) == 0 {
		t.Fatal("the API has no operations")
	}
	done := map[string]int{}
	for range requests {
		path := paths[m.rand.IntN(len(paths))]
		item := m.document.Paths[path]
		var answer *httpapitest.Answer
		if item.Post != nil && (item.Get == nil || m.rand.IntN(4) > 0) {
			body, err := json.Marshal(m.value("", item.Post.RequestBody.Content["application/json"].Schema, 0))
			if err != nil {
				t.Fatal(err)
			}
			key := httpapitest.Key()
			answer = api.PostKey(t, key, path, string(body))
			if m.rand.IntN(8) == 0 {
				again := api.PostKey(t, key, path, string(body))
				// A request that never came to the database is not stored, only refused again.
				if again.Status != answer.Status || (again.Replayed && !isReplay(answer.Body, again.Body)) {
					t.Errorf("POST %s %s: first %d %s, then %d %s", path, body, answer.Status, answer.Body, again.Status, again.Body)
				}
			}
			if answer.Status >= http.StatusInternalServerError {
				t.Errorf("POST %s %s: %d %s", path, body, answer.Status, answer.Body)
			}
		} else if item.Get != nil {
			address := m.address(path, item.Get)
			answer = api.Get(t, address)
			if answer.Status >= http.StatusInternalServerError {
				t.Errorf("GET %s: %d %s", address, answer.Status, answer.Body)
			}
		} else {
			continue
		}
		outcome := strconv.Itoa(answer.Status)
		if answer.Status >= http.StatusBadRequest {
			outcome = answer.Text("type")
		}
		done[outcome]++
		if answer.Status < http.StatusMultipleChoices {
			m.learn(lastSegment(path), answer.Body)
		}
	}
	t.Logf("answers: %v", done)
}

// isReplay says whether the second answer is the first, but for secrets: those are told once.
func isReplay(first, second []byte) bool {
	var a, b map[string]any
	if json.Unmarshal(first, &a) != nil || json.Unmarshal(second, &b) != nil {
		return string(first) == string(second)
	}
	for _, secret := range []string{"code", "secret"} {
		if value, ok := b[secret]; ok && value == nil {
			delete(a, secret)
			delete(b, secret)
		}
	}
	return reflect.DeepEqual(a, b)
}

// learn remembers every code and number of an answer.
func (m *monkey) learn(collection string, body []byte) {
	var document any
	if json.Unmarshal(body, &document) != nil {
		return
	}
	var walk func(name string, v any)
	walk = func(name string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for member, inner := range v {
				if member == "number" || member == "code" {
					walk(name, inner)
				}
				walk(member, inner)
			}
		case []any:
			for _, inner := range v {
				walk(name, inner)
			}
		case string:
			if v != "" && len(m.known[name]) < 50 && !slices.Contains(m.known[name], v) {
				m.known[name] = append(m.known[name], v)
			}
		}
	}
	walk(singular(collection), document)
}

func (m *monkey) address(path string, op *huma.Operation) string {
	query := url.Values{}
	for _, p := range op.Parameters {
		switch {
		case p.In == "path":
			name := singular(lastSegment(path[:strings.Index(path, "{")-1]))
			path = strings.Replace(path, "{"+p.Name+"}", url.PathEscape(m.text(name)), 1)
		case p.In == "query" && (p.Required || m.rand.IntN(3) == 0):
			query.Set(p.Name, fmt.Sprint(m.value(p.Name, p.Schema, 0)))
		}
	}
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return path
}

// value makes a value that mostly fits the schema.
func (m *monkey) value(name string, s *huma.Schema, depth int) any {
	for s.Ref != "" {
		s = m.document.Components.Schemas.SchemaFromRef(s.Ref)
	}
	if len(s.Enum) > 0 {
		return s.Enum[m.rand.IntN(len(s.Enum))]
	}
	if s.Nullable && m.rand.IntN(4) == 0 {
		return nil
	}
	switch s.Type {
	case huma.TypeObject:
		object := map[string]any{}
		for _, member := range slices.Sorted(maps.Keys(s.Properties)) {
			schema := s.Properties[member]
			if slices.Contains(s.Required, member) || m.rand.IntN(3) > 0 {
				object[member] = m.value(member, schema, depth+1)
			}
		}
		return object
	case huma.TypeArray:
		n := m.rand.IntN(4)
		if s.MinItems != nil {
			n = max(n, *s.MinItems)
		}
		list := make([]any, n)
		for i := range list {
			list[i] = m.value(singular(name), s.Items, depth+1)
		}
		return list
	case huma.TypeBoolean:
		return m.rand.IntN(2) == 0
	case huma.TypeInteger:
		return pick(m, 1, 1, 1, 2, 3, 10, 100, 0, 32768, 2147483647, -1)
	case huma.TypeNumber:
		return pick(m, 1.5, 0, -1)
	case huma.TypeString:
		return m.string(name, s)
	default:
		return pick[any](m, "x", 1, nil)
	}
}

func (m *monkey) string(name string, s *huma.Schema) string {
	switch {
	case s.Format == "date":
		return pick(m, "2026-11-22", "2026-11-01", "2027-12-31", "2024-02-29", "0001-01-01", "9999-12-31", "1900-02-29")
	case s.Format == "date-time":
		return pick(m, "2026-11-22T10:00:00Z", "2026-11-01T23:59:59.123456+03:30", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "0000-01-01T00:00:00Z")
	case isDecimal.MatchString(s.Pattern):
		return pick(m, "1", "2", "5", "10", "12.5", "100", "0", "0.5", "0.0001", "0.000001", "0.000000", "999999999999", "999999999999.999999", "99999999999999.9999", "000012.500", "1000000")
	case strings.HasPrefix(s.Pattern, "^[A-Z]{3}"):
		return pick(m, "EUR", "EUR", "TRY", "XXX", "ZZZ")
	default:
		return m.text(name)
	}
}

var isDecimal = regexp.MustCompile(`^\^(-\?)?\[0-9\]`)

// text is mostly something that exists.
func (m *monkey) text(name string) string {
	known := m.known[name]
	if len(known) == 0 {
		for _, ending := range []string{"location", "item", "partner", "unit", "lot"} {
			if strings.Contains(name, ending) || (ending == "location" && (name == "from" || name == "to")) ||
				(ending == "partner" && slices.Contains([]string{"supplier", "customer", "carrier"}, name)) {
				known = m.known[ending]
			}
		}
	}
	if len(known) > 0 && m.rand.IntN(10) > 0 {
		return known[m.rand.IntN(len(known))]
	}
	return pick(m, "NEW-"+strconv.Itoa(m.rand.IntN(1000)), "x", "ş", strings.Repeat("ğ", 64), "'; DROP TABLE inventory.movement; --", `{"a":1}`,
		"%", "\\", "\u202etxt", "🏭", "NaN", "Infinity", "null", "-1", "1e9", "2026-01-01", " ", "../..", "PO-9999999999999999999999")
}

func pick[T any](m *monkey, choices ...T) T { return choices[m.rand.IntN(len(choices))] }

func lastSegment(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

// singular is what a member of a collection is called in bodies.
func singular(collection string) string {
	name := strings.ReplaceAll(collection, "-", "_")
	if before, after, ok := strings.Cut(name, "s_of_"); ok {
		return before + "_of_" + after
	}
	return strings.TrimSuffix(name, "s")
}
