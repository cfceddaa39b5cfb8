// Package httpapitest starts the whole API over a database of the test's own, and holds
// every answer to what the OpenAPI document says of it.
package httpapitest

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace-erp/millrace/internal/app"
	"github.com/millrace-erp/millrace/internal/httpapi"
	"github.com/millrace-erp/millrace/internal/identity"
	"github.com/millrace-erp/millrace/internal/identity/identitytest"
	"github.com/millrace-erp/millrace/internal/pg"
	"github.com/millrace-erp/millrace/internal/sealbox"
	"github.com/millrace-erp/millrace/internal/testdb"
)

// tester is who acts in tests that say nothing else.
func tester() httpapi.Principal {
	return httpapi.Principal{Subject: "tester", Client: "tests", Scopes: identitytest.Scopes}
}

// Token opens the API under test, to everything.
var Token = sync.OnceValue(func() string { return identitytest.Token(tester()) })

// TokenOf is that of an operator on a device, who may do everything. Both may be empty.
func TokenOf(operator, device string) string {
	p := tester()
	if operator != "" {
		p.Subject = operator
	}
	p.Device = device
	return identitytest.Token(p)
}

// TokenAt is that of somebody who may do everything, at the given sites alone.
func TokenAt(subject string, sites ...string) string {
	p := tester()
	p.Subject, p.Device, p.Sites = subject, subject+"-tablet", append([]string{}, sites...)
	return identitytest.Token(p)
}

// Tokens gives [TokenOf], the same one every time.
func Tokens() func(ctx context.Context, operator, device string) (string, error) {
	var known sync.Map
	return func(_ context.Context, operator, device string) (string, error) {
		make := sync.OnceValue(func() string { return TokenOf(operator, device) })
		token, _ := known.LoadOrStore(operator+"\x00"+device, make)
		return token.(func() string)(), nil
	}
}

// Authenticator takes these tokens, by the verifier that the servers have.
func Authenticator() httpapi.Authenticator { return identitytest.Verifier() }

// EncryptionKey seals the secrets in the database under test.
const EncryptionKey = "aHVzaC10aGUta2V5LW9mLXRoZS10ZXN0cy1pcy0zMmI=" // hush-the-key-of-the-tests-is-32b

// Box seals and opens with it.
func Box() *sealbox.Box {
	box, err := sealbox.Parse(EncryptionKey)
	if err != nil {
		panic(err)
	}
	return box
}

// API is the API under test.
type API struct {
	// DB is the database behind it.
	DB *testdb.DB
	// URL is where it listens, for clients of the test's own.
	URL string

	api *httpapi.API
}

// New starts the API over a fresh database.
func New(t testing.TB) *API {
	t.Helper()
	return Over(t, testdb.New(t))
}

// Over starts the API over db.
func Over(t testing.TB, db *testdb.DB) *API {
	t.Helper()
	return With(t, db, Authenticator())
}

// With starts the API over db, for the tokens of the test's own.
func With(t testing.TB, db *testdb.DB, authenticator httpapi.Authenticator) *API {
	t.Helper()
	api := app.New(&pg.Primary{Pool: db.As(t, testdb.APIRole)}, httpapi.Options{
		Authenticator: authenticator, Box: Box(), Ready: db.Pool.Ping, Stopping: t.Context(),
		Log: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError})), // the cause of a 500
	})
	server := httptest.NewServer(api)
	t.Cleanup(server.Close)
	return &API{DB: db, URL: server.URL, api: api}
}

// Issuing starts the API over db with an issuer of its own, so that devices and operators log
// in there, and gives a token that may do everything.
func Issuing(t testing.TB, db *testdb.DB) (api *API, token string) {
	t.Helper()
	issuer, err := identity.Open(t.Context(), db.Pool, identity.Options{URL: identitytest.URL, Box: Box(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := identity.Bootstrap(t.Context(), db.Pool, "admin", "administrator", "*"); err != nil {
		t.Fatal(err)
	}
	if token, err = issuer.ClientToken(t.Context(), "admin"); err != nil {
		t.Fatal(err)
	}
	return With(t, db, issuer), token
}

// Issued is a token for an api of its own process, whose issuer is named by the given URL and
// whose encryption key is [EncryptionKey]. It may do everything.
func Issued(t testing.TB, db *testdb.DB, issuerURL string) string {
	t.Helper()
	issuer, err := identity.Open(t.Context(), db.Pool, identity.Options{URL: issuerURL, Box: Box()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := identity.Bootstrap(t.Context(), db.Pool, "tests", "administrator", "*"); err != nil {
		t.Fatal(err)
	}
	token, err := issuer.ClientToken(t.Context(), "tests")
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// Key is a new idempotency key.
func Key() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// Post sends a command under a new key. The body is JSON text or anything that makes JSON.
func (a *API) Post(t testing.TB, path string, body any) *Answer {
	t.Helper()
	return a.PostKey(t, Key(), path, body)
}

// PostKey sends a command under the given key.
func (a *API) PostKey(t testing.TB, key, path string, body any) *Answer {
	t.Helper()
	text, ok := body.(string)
	if !ok {
		b, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		text = string(b)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, a.URL+path, strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", key)
	return a.Do(t, req)
}

// Get reads.
func (a *API) Get(t testing.TB, path string) *Answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, a.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "application/json, */*;q=0.5") // no stream, where there is a choice
	return a.Do(t, req)
}

// Do sends a request of the test's own, with the token, and holds the answer to the
// document.
func (a *API) Do(t testing.TB, req *http.Request) *Answer {
	t.Helper()
	if req.Header.Get("Authorization") == "" {
		req.Header.Set("Authorization", "Bearer "+Token())
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	answer := &Answer{
		t: t, request: req.Method + " " + req.URL.RequestURI(),
		Status: resp.StatusCode, Header: resp.Header, Body: body,
		Replayed: resp.Header.Get("Idempotent-Replayed") == "true",
	}
	if answer.isJSON() {
		if err := json.Unmarshal(body, &answer.document); err != nil {
			t.Fatalf("%s: %v in %s", answer.request, err, body)
		}
	}
	a.hold(t, req, answer)
	return answer
}

// hold fails the test when the answer is not what the document says: an undocumented
// status or media type, a member that is unknown, missing or of another form.
func (a *API) hold(t testing.TB, req *http.Request, answer *Answer) {
	t.Helper()
	op := a.operation(req)
	if op == nil {
		return // 404 and 405 belong to no operation
	}
	response := op.Responses[strconv.Itoa(answer.Status)]
	if response == nil {
		response = op.Responses["default"]
	}
	if response == nil {
		t.Errorf("%s: status %d is not documented: %s", answer.request, answer.Status, answer.Body)
		return
	}
	mediaType, _, _ := strings.Cut(answer.Header.Get("Content-Type"), ";")
	content := response.Content[mediaType]
	if mediaType == "" && len(answer.Body) == 0 && len(response.Content) == 0 {
		return
	}
	if content == nil {
		if response.Content["application/octet-stream"] == nil {
			t.Errorf("%s: media type %q is not documented for %d", answer.request, mediaType, answer.Status)
		}
		return
	}
	if content.Schema == nil || !answer.isJSON() {
		return
	}
	path := huma.NewPathBuffer([]byte{}, 0)
	result := &huma.ValidateResult{}
	huma.Validate(a.api.OpenAPI().Components.Schemas, content.Schema, path, huma.ModeReadFromServer, answer.document, result)
	for _, err := range result.Errors {
		t.Errorf("%s answers %d with what is not documented: %v", answer.request, answer.Status, err)
	}
}

// operation is the documented operation that a request meets: of two that fit, the one
// with fewer parameters.
func (a *API) operation(req *http.Request) *huma.Operation {
	var best *huma.Operation
	fewest := 1 << 20
	for path, item := range a.api.OpenAPI().Paths {
		parameters, ok := fits(path, req.URL.EscapedPath())
		if !ok || parameters >= fewest {
			continue
		}
		op := item.Get
		if req.Method == http.MethodPost {
			op = item.Post
		}
		if op != nil {
			best, fewest = op, parameters
		}
	}
	return best
}

func fits(template, path string) (parameters int, ok bool) {
	want, got := strings.Split(template, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return 0, false
	}
	for i := range want {
		if strings.HasPrefix(want[i], "{") {
			parameters++
		} else if want[i] != got[i] {
			return 0, false
		}
	}
	return parameters, true
}

// Answer is what the API answered.
type Answer struct {
	Status   int
	Header   http.Header
	Body     []byte
	Replayed bool

	t        testing.TB
	request  string
	document any
}

func (a *Answer) isJSON() bool {
	ct := a.Header.Get("Content-Type")
	return strings.HasPrefix(ct, "application/json") || strings.HasPrefix(ct, "application/problem+json")
}

// Want ends the test unless the status is the given one.
func (a *Answer) Want(status int) *Answer {
	a.t.Helper()
	if a.Status != status {
		a.t.Fatalf("%s: got %d, want %d: %s", a.request, a.Status, status, a.Body)
	}
	return a
}

// Problem ends the test unless the answer is the given problem.
func (a *Answer) Problem(slug string, status int) *Answer {
	a.t.Helper()
	a.Want(status)
	if got := a.Text("type"); got != "/problems/"+slug {
		a.t.Fatalf("%s: got problem %s, want %s: %s", a.request, got, slug, a.Body)
	}
	return a
}

// JSON decodes the whole answer.
func (a *Answer) JSON(v any) *Answer {
	a.t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(a.Body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(v); err != nil {
		a.t.Fatalf("%s: %v in %s", a.request, err, a.Body)
	}
	return a
}

// Value is what stands at a place in the answer: member names and list indexes, from the
// outside in. The test ends when there is no such place.
func (a *Answer) Value(place ...any) any {
	a.t.Helper()
	v := a.document
	for _, step := range place {
		switch step := step.(type) {
		case string:
			object, _ := v.(map[string]any)
			member, ok := object[step]
			if !ok {
				a.t.Fatalf("%s: no %v in %s", a.request, place, a.Body)
			}
			v = member
		case int:
			list, _ := v.([]any)
			if step < 0 || step >= len(list) {
				a.t.Fatalf("%s: no %v in %s", a.request, place, a.Body)
			}
			v = list[step]
		default:
			a.t.Fatalf("a place is made of names and indexes, not of %T", step)
		}
	}
	return v
}

// Text is the value at a place, as text; null is empty.
func (a *Answer) Text(place ...any) string {
	a.t.Helper()
	v := a.Value(place...)
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

// Len is the length of the list at a place.
func (a *Answer) Len(place ...any) int {
	a.t.Helper()
	list, ok := a.Value(place...).([]any)
	if !ok {
		a.t.Fatalf("%s: %v is no list in %s", a.request, place, a.Body)
	}
	return len(list)
}
