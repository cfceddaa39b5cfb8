package acceptance_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/jackc/pgx/v5"

	"github.com/millrace-erp/millrace/internal/app"
	"github.com/millrace-erp/millrace/internal/demo"
	"github.com/millrace-erp/millrace/internal/httpapi"
	"github.com/millrace-erp/millrace/internal/httpapi/httpapitest"
)

// TestBadInput spoils every kind of command of the journey, just before the good one is sent and so at a
// moment when only the spoiled place can be the reason for a refusal. Each is answered with a problem
// document of the 4xx that is right for it, and nothing in the database changes.
func TestBadInput(t *testing.T) {
	t.Parallel()
	api := httpapitest.New(t)
	spoiler := &spoiler{t: t, api: api, schemas: schemas(t), seen: map[string]bool{}}
	client := &demo.Client{URL: api.URL, Tokens: httpapitest.Tokens(), HTTP: &http.Client{Transport: spoiler}}
	if err := demo.Load(t.Context(), client, silent); err != nil {
		t.Fatal(err)
	}
	if _, err := demo.Journey(t.Context(), client, silent); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d spoiled requests", spoiler.sent)

	// What the journey has no use for is spoiled in form.
	for _, path := range slices.Sorted(maps.Keys(spoiler.schemas)) {
		if !spoiler.seen[path] {
			t.Logf("not part of the journey: %s", path)
			spoiler.spoil(path, []byte(`{}`), map[string]any{})
		}
	}
}

// schemas are the schemas of all commands by path.
func schemas(t *testing.T) map[string]*huma.Schema {
	t.Helper()
	document := app.New(nil, httpapi.Options{}).OpenAPI()
	found := map[string]*huma.Schema{}
	for path, item := range document.Paths {
		if item.Post != nil {
			found[path] = document.Components.Schemas.SchemaFromRef(item.Post.RequestBody.Content["application/json"].Schema.Ref)
		}
	}
	if len(found) == 0 {
		t.Fatal("the document has no commands")
	}
	return found
}

// spoiler stands between the journey and the API.
type spoiler struct {
	t       *testing.T
	api     *httpapitest.API
	schemas map[string]*huma.Schema
	mutex   sync.Mutex
	seen    map[string]bool
	sent    int
}

// RoundTrip sends the request, spoiled ones of its kind first.
func (s *spoiler) RoundTrip(request *http.Request) (*http.Response, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if request.Method != http.MethodPost {
		return http.DefaultTransport.RoundTrip(request)
	}
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	request.Body = io.NopCloser(bytes.NewReader(body))
	var document map[string]any
	if err := json.Unmarshal(body, &document); err != nil {
		return nil, err
	}
	// Once for every path and set of members.
	kind := request.URL.Path + " " + shape(document)
	if !s.seen[kind] {
		s.seen[kind], s.seen[request.URL.Path] = true, true
		s.spoil(request.URL.Path, body, document)
	}
	return http.DefaultTransport.RoundTrip(request)
}

// shape is the names of the members of a document, without its values.
func shape(value any) string {
	switch value := value.(type) {
	case map[string]any:
		text := "{"
		for _, name := range slices.Sorted(maps.Keys(value)) {
			text += name + shape(value[name])
		}
		return text + "}"
	case []any:
		if len(value) > 0 {
			return "[" + shape(value[0]) + "]"
		}
	}
	return ","
}

var (
	quantity = regexp.MustCompile(`(quantity|_percent|price|_rate|_cost|_minutes)$`)
	// free are members that make or describe something new: any code is right there.
	free = regexp.MustCompile(`^(delivery_note|supplier_lot|customer_reference|tracking_reference|external_number|revision|name|gs1_company_prefix|note|number|code|street|postal_code|city|vat_number)$`)
)

// mayBeZero are decimals for which nothing is a right answer.
var mayBeZero = regexp.MustCompile(`(accepted_quantity|rejected_quantity|scrap_quantity|good_quantity|counted_quantity|minimum_quantity|_percent|price|_rate|_cost|_minutes)$`)

// isFree says whether a member may hold a code that nobody knows.
func isFree(path, member string) bool {
	makesLots := path == "/v1/goods-receipts" || path == "/v1/production-reports" || path == "/v1/opening-stocks"
	return free.MatchString(member) || member == "lot" && makesLots
}

// spoil sends the request in every bad form.
func (s *spoiler) spoil(path string, body []byte, document map[string]any) {
	s.t.Helper()
	before := s.count()
	text := string(body)
	open := strings.TrimPrefix(text, "{")
	separator := ","
	if len(document) == 0 {
		separator = ""
	}
	first := ""
	for _, name := range slices.Sorted(maps.Keys(document)) {
		first = name
		break
	}
	s.refused(path, "malformed", text[:len(text)-1], 400)
	s.refused(path, "an array", "["+text+"]", 422)
	s.refused(path, "two documents", text+text, 400)
	s.refused(path, "bad UTF-8", `{"a":"`+"\xff"+`"`+separator+open, 400)
	s.refused(path, "NUL", `{"a":"\u0000"`+separator+open, 400)
	s.refused(path, "oversize", `{"a":"`+strings.Repeat("x", 2<<20)+`"`+separator+open, 413)
	s.refused(path, "unknown member", `{"no_such_member":"1"`+separator+open, 422)
	s.refused(path, "deep", strings.Repeat("[", 100000)+strings.Repeat("]", 100000), 400)
	if first != "" {
		value, err := json.Marshal(document[first])
		if err != nil {
			s.t.Fatal(err)
		}
		s.refused(path, "duplicate member", `{"`+first+`":`+string(value)+separator+open, 400)
		s.refused(path, "wrong case", `{"`+strings.ToUpper(first)+`":`+string(value)+separator+open, 422)
		if slices.Contains(s.schemas[path].Required, first) {
			s.refused(path, "null", strings.Replace(text, string(value), "null", 1), 422)
		}
	}
	s.members(path, document, document)
	for table, rows := range s.count() {
		if rows != before[table] {
			s.t.Errorf("%s %s: bad input took %s from %d rows to %d", path, text, table, before[table], rows)
		}
	}
}

// members spoils every decimal and code in the document, wherever it stands, one at a time.
func (s *spoiler) members(path string, document map[string]any, value any) {
	switch value := value.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(value)) {
			old := value[name]
			_, isText := old.(string)
			_, isNumber := old.(float64)
			var spoils []any
			switch {
			case isText && quantity.MatchString(name):
				spoils = []any{strings.Repeat("9", 40), "-1", "1e3", "NaN", "", " 1", "1,5", "0x1", 1, true}
				if !mayBeZero.MatchString(name) {
					spoils = append(spoils, "0", "0.000000")
				}
			case isNumber:
				spoils = []any{-1, 1.5, 1e13, 1e40, "x"}
			case isText && strings.HasSuffix(name, "_on") || isText && strings.HasPrefix(name, "valid_"):
				spoils = []any{"2026-02-30", "yesterday", "", 5}
			case isText && strings.HasSuffix(name, "_at"):
				spoils = []any{"2026-02-30T00:00:00Z", "noon", "", 5}
			case isText && !isFree(path, name):
				spoils = []any{"NO-SUCH-CODE", "'; DROP TABLE inventory.movement; --", strings.Repeat("x", 300), "", 5}
			case isText:
				spoils = []any{strings.Repeat("x", 3000), 5}
			}
			for _, spoiled := range spoils {
				value[name] = spoiled
				s.send(path, fmt.Sprintf("%s = %v", name, spoiled), document)
			}
			value[name] = old
			s.members(path, document, old)
		}
	case []any:
		for i, old := range value {
			if _, isText := old.(string); isText {
				value[i] = "NO-SUCH-CODE"
				s.send(path, "an unknown code in a list", document)
				value[i] = old
			}
			s.members(path, document, old)
		}
	}
}

func (s *spoiler) send(path, what string, document map[string]any) {
	body, err := json.Marshal(document)
	if err != nil {
		s.t.Fatal(err)
	}
	s.refused(path, what, string(body), 0)
}

// refused sends a request that must be refused with the status, or with any 4xx that says that the request
// is wrong.
func (s *spoiler) refused(path, what, body string, status int) {
	s.t.Helper()
	s.sent++
	answer := s.api.PostKey(s.t, rand4(), path, body)
	isRight := answer.Status == status || status == 0 && (answer.Status == 409 || answer.Status == 422)
	if !isRight || !strings.HasPrefix(answer.Header.Get("Content-Type"), "application/problem+json") {
		s.t.Errorf("POST %s with %s is answered with %d: %.300s\n%.400s", path, what, answer.Status, answer.Body, body)
	}
}

// rand4 is a random key: an old client's.
func rand4() string {
	var id [16]byte
	_, _ = rand.Read(id[:])
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}

// count is the number of rows of every table but that of stored refusals.
func (s *spoiler) count() map[string]int {
	rows, err := s.api.DB.Pool.Query(s.t.Context(), `
		SELECT t.name, (xpath('/row/n/text()', query_to_xml('SELECT count(*) AS n FROM ' || t.name, false, true, '')))[1]::text::integer
		FROM (
			SELECT format('%I.%I', n.nspname, c.relname) AS name
			FROM pg_class AS c
			JOIN pg_namespace AS n ON n.oid = c.relnamespace
			WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
				AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'public')
				AND NOT (n.nspname = 'event' AND c.relname = 'request')
		) AS t`)
	if err != nil {
		s.t.Fatal(err)
	}
	counts := map[string]int{}
	var table string
	var n int
	if _, err := pgx.ForEachRow(rows, []any{&table, &n}, func() error { counts[table] = n; return nil }); err != nil {
		s.t.Fatal(err)
	}
	return counts
}
