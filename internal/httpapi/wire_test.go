package httpapi_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/millrace-erp/millrace/internal/httpapi"
	"github.com/millrace-erp/millrace/internal/plantca"
)

// wire is an API behind the server that cmd/api has, for requests written by hand.
type wire struct {
	address string
	server  *http.Server
	calls   atomic.Int32 // commands that reached the database
}

// serveWire starts it. Both functions may change what they are given.
func serveWire(t *testing.T, options httpapi.Options, adapt func(*httpapi.API, *http.Server)) *wire {
	t.Helper()
	w := &wire{}
	if options.Authenticator == nil {
		options.Authenticator = somebody
	}
	api := httpapi.New(options)
	httpapi.Command[echo, echoed](api, httpapi.CommandSpec{OperationID: "echo-item", Scope: "inventory:write", Path: "/v1/echoes", Tag: "Test", Summary: "Echo"},
		func(context.Context, json.RawMessage, json.RawMessage) (row, error) {
			w.calls.Add(1)
			return row{Status: 201, Body: []byte(`{"item": "PP-NAT"}`)}, nil
		})
	httpapi.Get[echoed](api, httpapi.ReadSpec{OperationID: "get-echo", Scope: "inventory:write", Path: "/v1/echoes/{number}", Tag: "Test", Summary: "Get"},
		func(_ context.Context, number string) (json.RawMessage, error) {
			return json.Marshal(echoed{Item: number})
		})
	httpapi.List[echoed](api, httpapi.ReadSpec{OperationID: "list-echoes", Scope: "inventory:write", Path: "/v1/echoes", Tag: "Test", Summary: "List"},
		func(context.Context, string, int32) (json.RawMessage, error) {
			return []byte(`{"items": [], "next": null}`), nil
		})
	w.server = httpapi.NewServer(api, slog.New(slog.DiscardHandler))
	if adapt != nil {
		adapt(api, w.server)
	}
	listener, err := httpapi.Listen(t.Context(), "127.0.0.1:0", 64)
	if err != nil {
		t.Fatal(err)
	}
	w.address = listener.Addr().String()
	go func() {
		if w.server.TLSConfig != nil {
			_ = w.server.ServeTLS(listener, "", "")
			return
		}
		_ = w.server.Serve(listener)
	}()
	t.Cleanup(func() { _ = w.server.Close() })
	return w
}

// dial opens a connection that does not wait for ever.
func (w *wire) dial(t *testing.T) net.Conn {
	t.Helper()
	connection, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", w.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	_ = connection.SetDeadline(time.Now().Add(time.Minute))
	return connection
}

// send writes text and reads one answer.
func (w *wire) send(t *testing.T, text string) (*http.Response, string) {
	t.Helper()
	connection := w.dial(t)
	if _, err := io.WriteString(connection, text); err != nil {
		t.Fatal(err)
	}
	method, _, _ := strings.Cut(text, " ")
	resp, err := http.ReadResponse(bufio.NewReader(connection), &http.Request{Method: method})
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, _ := io.ReadAll(resp.Body)
	return resp, string(body)
}

const authorized = "Host: millrace\r\nAuthorization: Bearer " + token + "\r\n"

// TestWire sends what no client library would. Whatever could be read in two ways is refused.
func TestWire(t *testing.T) {
	t.Parallel()
	w := serveWire(t, httpapi.Options{}, nil)
	post := func(headers, body string) string {
		return "POST /v1/echoes HTTP/1.1\r\n" + authorized + "Content-Type: application/json\r\nIdempotency-Key: " + key + "\r\n" + headers + "\r\n" + body
	}
	length := fmt.Sprintf("Content-Length: %d\r\n", len(good))
	get := func(target, headers string) string {
		return "GET " + target + " HTTP/1.1\r\n" + authorized + headers + "\r\n"
	}
	for name, tt := range map[string]struct {
		text   string
		status int
	}{
		// What is good.
		"a command":               {post(length, good), 201},
		"in chunks":               {post("Transfer-Encoding: chunked\r\n", fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(good), good)), 201},
		"in chunks of one byte":   {post("Transfer-Encoding: chunked\r\n", "1\r\n"+strings.Join(strings.Split(good, ""), "\r\n1\r\n")+"\r\n0\r\n\r\n"), 201},
		"charset":                 {strings.Replace(post(length, good), "application/json", "Application/JSON;charset=\"utf-8\"", 1), 201},
		"both spellings":          {post(length+"X-Idempotency-Key: "+key+"\r\n", good), 201},
		"identity":                {post(length+"Content-Encoding: identity\r\n", good), 201},
		"a slash in a number":     {get("/v1/echoes/PO%2F1", ""), 200},
		"the headers alone":       {"HEAD /v1/echoes HTTP/1.1\r\n" + authorized + "\r\n", 200},
		"of our own page":         {post(length+"Sec-Fetch-Site: same-origin\r\nOrigin: https://millrace\r\n", good), 201},
		"FNC1 of a scanned label": {get("/v1/echoes?after=10ABC%1d21X", ""), 200},

		// Framing.
		"two lengths":             {post(length+"Content-Length: 3\r\n", good), 400},
		"a signed length":         {post(fmt.Sprintf("Content-Length: +%d\r\n", len(good)), good), 400},
		"a negative length":       {post("Content-Length: -1\r\n", good), 400},
		"a hexadecimal length":    {post("Content-Length: 0x22\r\n", good), 400},
		"unknown transfer coding": {post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), 501},
		"two transfer codings":    {post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 501},
		"a chunk of no size":      {post("Transfer-Encoding: chunked\r\n", "zz\r\n{}\r\n0\r\n\r\n"), 400},
		"a chunk of huge size":    {post("Transfer-Encoding: chunked\r\n", "fffffffffffffffff\r\n{}\r\n0\r\n\r\n"), 400},
		"a chunk that goes on":    {post("Transfer-Encoding: chunked\r\n", "2\r\n{}xx\r\n0\r\n\r\n"), 400},
		"no host":                 {"GET /v1/echoes HTTP/1.1\r\nAuthorization: Bearer " + token + "\r\n\r\n", 400},
		"two hosts":               {get("/v1/echoes", "Host: other\r\n"), 400},
		"a folded header":         {get("/v1/echoes", "X-Note: a\r\n b\r\n"), 200}, // joined before we see it; no header of ours can be
		"a blank before a colon":  {get("/v1/echoes", "X-Note : a\r\n"), 400},
		"a NUL in a header":       {get("/v1/echoes", "X-Note: a\x00b\r\n"), 400},
		"a name of no token":      {get("/v1/echoes", "X(Note): a\r\n"), 400},
		"headers too long":        {get("/v1/echoes", "X-Note: "+strings.Repeat("x", 32<<10)+"\r\n"), 431},
		"a line too long":         {get("/v1/echoes?after="+strings.Repeat("x", 32<<10), ""), 431},
		"version 3":               {"GET /v1/echoes HTTP/3.0\r\n" + authorized + "\r\n", 505},
		"no version":              {"GET /v1/echoes\r\n" + authorized + "\r\n", 400},
		"a method of no token":    {"G(ET /v1/echoes HTTP/1.1\r\n" + authorized + "\r\n", 400},
		"unknown expectation":     {post(length+"Expect: 200-maybe\r\n", good), 417},

		// Headers that stand twice.
		"two tokens":             {get("/v1/echoes", "Authorization: Bearer "+token+"\r\n"), 401},
		"two tokens in one":      {strings.Replace(get("/v1/echoes", ""), token, token+", Bearer "+token, 1), 401},
		"the same key twice":     {post(length+"Idempotency-Key: "+key+"\r\n", good), 400},
		"two keys in one":        {strings.Replace(post(length, good), key, key+", "+key, 1), 400},
		"two content types":      {post(length+"Content-Type: text/plain\r\n", good), 400},
		"two codings":            {post(length+"Content-Encoding: identity\r\nContent-Encoding: gzip\r\n", good), 400},
		"two ids of the request": {get("/v1/echoes", "X-Request-Id: aaaaaaaa\r\nX-Request-Id: bbbbbbbb\r\n"), 400},
		"two positions":          {get("/v1/echoes", "Last-Event-ID: 1\r\nLast-Event-ID: 2\r\n"), 400},

		// Bodies.
		"compressed":            {post(length+"Content-Encoding: gzip\r\n", good), 415},
		"twice compressed":      {post(length+"Content-Encoding: gzip, br\r\n", good), 415},
		"a form":                {strings.Replace(post("Content-Length: 11\r\n", "item=PP-NAT"), "application/json", "application/x-www-form-urlencoded", 1), 415},
		"in parts":              {strings.Replace(post(length, good), "application/json", "multipart/form-data; boundary=x", 1), 415},
		"JSON by another name":  {strings.Replace(post(length, good), "application/json", "text/json", 1), 415},
		"two types in one":      {strings.Replace(post(length, good), "application/json", "application/json, text/plain", 1), 415},
		"two charsets":          {strings.Replace(post(length, good), "application/json", "application/json; charset=utf-8; charset=utf-16", 1), 415},
		"UTF-16":                {strings.Replace(post("Content-Length: 4\r\n", "{\x00}\x00"), "application/json", "application/json; charset=utf-16", 1), 415},
		"more than announced":   {post(length, good[:len(good)-1]+"}GET / HTTP/1.1\r\n\r\n"), 201}, // what follows is another request, and a bad one
		"more than one value":   {post(fmt.Sprintf("Content-Length: %d\r\n", 2*len(good)), good+good), 400},
		"a read with a body":    {strings.Replace(post(length, good), "POST", "GET", 1), 400},
		"a read with chunks":    {get("/v1/echoes", "Transfer-Encoding: chunked\r\n") + "0\r\n\r\n", 400},
		"larger than it may be": {post(fmt.Sprintf("Content-Length: %d\r\n", 2<<20), strings.Repeat(" ", 2<<20)), 413},

		// Addresses.
		"a slash, overlong":        {get("/v1/echoes/%c0%af", ""), 400},
		"a dot, overlong":          {get("/v1/%c0%ae%c0%ae/echoes", ""), 400},
		"NUL, overlong":            {get("/v1/echoes/a%c0%80b", ""), 400},
		"a surrogate":              {get("/v1/echoes/%ed%a0%80", ""), 400},
		"NUL":                      {get("/v1/echoes/a%00", ""), 400},
		"a line break":             {get("/v1/echoes/a%0d%0aX-Evil:%201", ""), 400},
		"a tab":                    {get("/v1/echoes/a%09", ""), 400},
		"turned over":              {get("/v1/echoes/a%e2%80%aeb", ""), 400},
		"of no width":              {get("/v1/echoes/a%e2%80%8bb", ""), 400},
		"a separator of lines":     {get("/v1/echoes?after=a%e2%80%a8b", ""), 400},
		"dots":                     {get("/v1/echoes/../../v1/echoes", ""), 404},
		"dots in code":             {get("/v1/x/%2e%2e/echoes", ""), 404},
		"dots and slashes in code": {get("/v1/x%2f..%2fechoes", ""), 404},
		"code in code":             {get("/v1/%2565choes", ""), 404},
		"a backslash":              {get("/v1\\echoes", ""), 404},
		"two slashes":              {get("//evil.example/v1/echoes", ""), 404},
		"parameters of a segment":  {get("/v1/echoes;admin=true", ""), 404},
		"in capitals":              {get("/V1/ECHOES", ""), 404},
		"no escape":                {get("/v1/echoes/%zz", ""), 400},
		"no address":               {get("echoes", ""), 400},
		"a semicolon":              {get("/v1/echoes?limit=1;limit=2", ""), 400},
		"a parameter twice":        {get("/v1/echoes?limit=1&limit=1", ""), 400},
		"a parameter by code":      {get("/v1/echoes?limit=1&li%6dit=2", ""), 400},
		"a parameter as a list":    {get("/v1/echoes?limit[]=1", ""), 422},
		"an unknown parameter":     {get("/v1/echoes?access_token="+token, ""), 422},
		"a method as a parameter":  {get("/v1/echoes?_method=DELETE", ""), 422},
		"no name":                  {get("/v1/echoes?=1", ""), 422},
		"a signed number":          {get("/v1/echoes?limit=%2b1", ""), 200}, // one number, whichever way it is read
		"a hexadecimal number":     {get("/v1/echoes?limit=0x10", ""), 422},
		"a number with a break":    {get("/v1/echoes?limit=10%0a", ""), 400},

		// Methods.
		"what is allowed":  {"OPTIONS /v1/echoes HTTP/1.1\r\n" + authorized + "\r\n", 405},
		"a preflight":      {"OPTIONS /v1/echoes HTTP/1.1\r\nHost: millrace\r\nOrigin: https://evil.example\r\nAccess-Control-Request-Method: POST\r\n\r\n", 401},
		"options of all":   {"OPTIONS * HTTP/1.1\r\n" + authorized + "\r\n", 404},
		"trace":            {"TRACE /v1/echoes HTTP/1.1\r\n" + authorized + "\r\n", 405},
		"connect":          {"CONNECT evil.example:443 HTTP/1.1\r\n" + authorized + "\r\n", 404},
		"delete":           {"DELETE /v1/echoes HTTP/1.1\r\n" + authorized + "\r\n", 405},
		"a small get":      {"get /v1/echoes HTTP/1.1\r\n" + authorized + "\r\n", 405},
		"method override":  {post(length+"X-HTTP-Method-Override: DELETE\r\n", good), 400},
		"method override2": {post(length+"X-Method-Override: GET\r\n", good), 400},
		"an upgrade":       {get("/v1/echoes", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"), 200},

		// Pages of other sites.
		"another site":         {post(length+"Sec-Fetch-Site: cross-site\r\n", good), 403},
		"a sibling":            {post(length+"Sec-Fetch-Site: same-site\r\n", good), 403},
		"another origin":       {post(length+"Origin: https://evil.example\r\n", good), 403},
		"an origin of nothing": {post(length+"Origin: null\r\n", good), 403},
	} {
		t.Run(name, func(t *testing.T) {
			before := w.calls.Load()
			resp, body := w.send(t, tt.text)
			if resp.StatusCode != tt.status {
				t.Errorf("got %d %s, want %d", resp.StatusCode, body, tt.status)
			}
			if reached := w.calls.Load() != before; reached != (tt.status == 201) {
				t.Errorf("reached the database: %t", reached)
			}
			for name := range resp.Header {
				if strings.HasPrefix(name, "Access-Control-") || name == "X-Evil" || name == "Set-Cookie" {
					t.Errorf("the answer has %s", name)
				}
			}
			if resp.Header.Get("X-Request-Id") != "" && resp.Header.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("headers %v", resp.Header)
			}
			if resp.StatusCode == http.StatusMethodNotAllowed && resp.Header.Get("Allow") == "" {
				t.Error("no Allow")
			}
		})
	}
}

// TestLengthAndChunks: where a request has both, one of them was put there to deceive a proxy. The chunks alone
// count, as RFC 9112 has it: what a proxy that goes by the length takes for a body never becomes a command.
func TestLengthAndChunks(t *testing.T) {
	t.Parallel()
	w := serveWire(t, httpapi.Options{}, nil)
	head := "POST /v1/echoes HTTP/1.1\r\n" + authorized + "Content-Type: application/json\r\nIdempotency-Key: " + key + "\r\nConnection: close\r\n"
	resp, body := w.send(t, head+fmt.Sprintf("Content-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n%s", len(good)+5, good))
	if resp.StatusCode != 400 || w.calls.Load() != 0 {
		t.Errorf("got %d %s, %d calls", resp.StatusCode, body, w.calls.Load())
	}
}

// TestSlowClients: none of them keeps a connection, whatever it is slow with, with a token or without.
func TestSlowClients(t *testing.T) {
	t.Parallel()
	var written atomic.Value
	w := serveWire(t, httpapi.Options{BodyTimeout: 200 * time.Millisecond}, func(api *httpapi.API, server *http.Server) {
		server.ReadHeaderTimeout = 200 * time.Millisecond
		server.WriteTimeout = 500 * time.Millisecond
		server.IdleTimeout = 200 * time.Millisecond
		api.Public("/much", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			var err error
			for piece := make([]byte, 1<<20); err == nil; {
				_, err = w.Write(piece)
			}
			written.Store(err)
		}))
	})
	for name, text := range map[string]string{
		"nothing at all":              "",
		"half a line":                 "GET /v1/ech",
		"headers without an end":      "GET /v1/echoes HTTP/1.1\r\n" + authorized,
		"nothing more":                "GET /v1/echoes HTTP/1.1\r\n" + authorized + "\r\n",
		"half a body":                 "POST /v1/echoes HTTP/1.1\r\n" + authorized + "Content-Type: application/json\r\nIdempotency-Key: " + key + "\r\nContent-Length: 100\r\n\r\n{",
		"half a chunk":                "POST /v1/echoes HTTP/1.1\r\n" + authorized + "Content-Type: application/json\r\nIdempotency-Key: " + key + "\r\nTransfer-Encoding: chunked\r\n\r\n64\r\n{",
		"half a body without a token": "POST /v1/echoes HTTP/1.1\r\nHost: millrace\r\nContent-Length: 100\r\n\r\n{",
		"half a body to nowhere":      "POST /v1/nothing HTTP/1.1\r\n" + authorized + "Content-Length: 100\r\n\r\n{",
		"half a body of a read":       "GET /v1/echoes HTTP/1.1\r\n" + authorized + "Content-Length: 100\r\n\r\n{",
		"half a body of a public one": "POST /much HTTP/1.0\r\nContent-Length: 100\r\n\r\n{",
		"does not read":               "GET /much HTTP/1.1\r\nHost: millrace\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			connection := w.dial(t)
			_, _ = io.WriteString(connection, text)
			if name == "does not read" {
				return // whether the server gave up is looked at below
			}
			if _, err := io.Copy(io.Discard, connection); err != nil && strings.Contains(err.Error(), "i/o timeout") {
				t.Error("is still served after a minute")
			}
		})
	}
	t.Cleanup(func() {
		if err, _ := written.Load().(error); err == nil {
			t.Error("the server waits for one that does not read")
		}
		if w.calls.Load() != 0 {
			t.Error("half a body reached the database")
		}
	})
}

// TestConnections: what is above the bound waits until another one leaves, and is then served.
func TestConnections(t *testing.T) {
	t.Parallel()
	listener, err := httpapi.Listen(t.Context(), "127.0.0.1:0", 2)
	if err != nil {
		t.Fatal(err)
	}
	var open, most atomic.Int32
	server := httpapi.NewServer(http.NotFoundHandler(), slog.New(slog.DiscardHandler))
	server.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			if now := open.Add(1); now > most.Load() {
				most.Store(now)
			}
		case http.StateClosed, http.StateHijacked:
			open.Add(-1)
		default:
		}
	}
	go func() { _ = server.Serve(listener) }()
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			connection, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", listener.Addr().String())
			if err != nil {
				t.Error(err)
				return
			}
			defer func() { _ = connection.Close() }()
			_ = connection.SetDeadline(time.Now().Add(time.Minute))
			_, _ = io.WriteString(connection, "GET / HTTP/1.0\r\n\r\n")
			if answer, err := io.ReadAll(connection); err != nil || !strings.HasPrefix(string(answer), "HTTP/1.0 404") {
				t.Errorf("%q, %v", answer, err)
			}
		})
	}
	all.Wait()
	if most.Load() > 2 {
		t.Errorf("%d connections at once", most.Load())
	}
	held := make(chan struct{})
	go func() { // waits for a place while it closes
		_ = server.Close()
		close(held)
	}()
	<-held
}

// TestStrangersMakeRoom: whoever opens as many connections as there may be and leaves them open keeps nobody out: those over which no good token came make
// room for others, over TLS as well. Who has shown one keeps its connection.
func TestStrangersMakeRoom(t *testing.T) {
	t.Parallel()
	_, files, roots := plant(t)
	for name, adapt := range map[string]func(*httpapi.API, *http.Server){
		"plain": nil,
		"TLS":   func() func(*httpapi.API, *http.Server) { _, adapt := secure(t, files); return adapt }(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const places = 64 // of serveWire
			w := serveWire(t, httpapi.Options{}, adapt)
			ask := func(headers string) (ask func() string) {
				connection := w.dial(t)
				if adapt != nil {
					connection = tls.Client(connection, &tls.Config{RootCAs: roots, ServerName: "127.0.0.1", NextProtos: []string{"http/1.1"}})
				}
				reader := bufio.NewReader(connection)
				return func() string {
					if _, err := io.WriteString(connection, "GET /v1/echoes HTTP/1.1\r\n"+headers+"\r\n"); err != nil {
						return err.Error()
					}
					resp, err := http.ReadResponse(reader, nil)
					if err != nil {
						return err.Error()
					}
					_, _ = io.Copy(io.Discard, resp.Body)
					_ = resp.Body.Close()
					return resp.Status
				}
			}
			tablet := ask(authorized)
			if got := tablet(); got != "200 OK" {
				t.Fatal(got)
			}
			for n := range places - 1 {
				if got := ask("Host: millrace\r\n")(); got != "401 Unauthorized" {
					t.Fatal(n, got)
				}
			}
			for range 5 { // all places are taken, for two minutes
				if got := ask(authorized)(); got != "200 OK" {
					t.Errorf("a tablet that comes later: %s", got)
				}
			}
			if got := tablet(); got != "200 OK" {
				t.Errorf("the tablet that was there: %s", got)
			}
		})
	}
}

// plant makes an authority with a server's certificate, and gives a pool that believes it.
func plant(t *testing.T) (dir string, files httpapi.TLSFiles, roots *x509.CertPool) {
	t.Helper()
	dir = t.TempDir()
	if err := plantca.Init(dir, plantca.Plan{Plant: "Nordwind", Names: []string{"127.0.0.1", "millrace"}}, time.Now()); err != nil {
		t.Fatal(err)
	}
	ca, err := os.ReadFile(filepath.Join(dir, plantca.CAFile))
	if err != nil {
		t.Fatal(err)
	}
	roots = x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	return dir, httpapi.TLSFiles{Cert: filepath.Join(dir, plantca.ServerFile), Key: filepath.Join(dir, plantca.ServerKeyFile)}, roots
}

// secure has server speak TLS with what is in files.
func secure(t *testing.T, files httpapi.TLSFiles) (*httpapi.Certificates, func(*httpapi.API, *http.Server)) {
	t.Helper()
	certificates, err := httpapi.NewCertificates(files, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return certificates, func(_ *httpapi.API, server *http.Server) { server.TLSConfig = certificates.Config() }
}

func TestTLS(t *testing.T) {
	t.Parallel()
	dir, files, roots := plant(t)
	certificates, adapt := secure(t, files)
	w := serveWire(t, httpapi.Options{}, adapt)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true, DisableKeepAlives: true}}
	get := func() *http.Response {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+w.address+"/v1/echoes", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
		return resp
	}
	first := get()
	if first.StatusCode != 200 || first.ProtoMajor != 2 || first.TLS.Version != tls.VersionTLS13 || first.Header.Get("Strict-Transport-Security") == "" {
		t.Errorf("got %d over HTTP/%d, TLS %x, %v", first.StatusCode, first.ProtoMajor, first.TLS.Version, first.Header)
	}
	for name, config := range map[string]*tls.Config{
		"TLS 1.1":         {RootCAs: roots, MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10},
		"RC4":             {RootCAs: roots, MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_RC4_128_SHA}},
		"CBC":             {RootCAs: roots, MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA}},
		"no trust":        {},
		"a name not ours": {RootCAs: roots, ServerName: "other.example"},
	} {
		if connection, err := (&tls.Dialer{Config: config}).DialContext(t.Context(), "tcp", w.address); err == nil {
			_ = connection.Close()
			t.Errorf("%s: goes through", name)
		}
	}
	if resp, _ := w.send(t, "GET /v1/echoes HTTP/1.1\r\n"+authorized+"\r\n"); resp.StatusCode != 400 {
		t.Errorf("without TLS: %d", resp.StatusCode)
	}

	// A new certificate is taken up without a restart; a broken one is not.
	if err := plantca.Renew(dir, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	certificates.LookAgain()
	second := get()
	if second.TLS.PeerCertificates[0].SerialNumber.Cmp(first.TLS.PeerCertificates[0].SerialNumber) == 0 {
		t.Error("the certificate is the old one")
	}
	if err := os.WriteFile(files.Cert, []byte("half a certif"), 0o600); err != nil {
		t.Fatal(err)
	}
	certificates.LookAgain()
	if third := get(); third.TLS.PeerCertificates[0].SerialNumber.Cmp(second.TLS.PeerCertificates[0].SerialNumber) != 0 {
		t.Error("the certificate is another one")
	}
	if metrics, err := certificates.Measure(t.Context()); err != nil || len(metrics) != 1 || metrics[0].Value != float64(second.TLS.PeerCertificates[0].NotAfter.Unix()) {
		t.Errorf("%v, %v", metrics, err)
	}
	if _, err := httpapi.NewCertificates(files, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("starts with half a certificate")
	}
}

// TestRapidReset: a client of HTTP/2 that asks and takes it back at once, over and over, has no more requests under way than it may, though each is
// taken back before it is answered, and loses its connection.
func TestRapidReset(t *testing.T) {
	t.Parallel()
	_, files, roots := plant(t)
	_, adapt := secure(t, files)
	var running, most, began atomic.Int32
	release := make(chan struct{})
	w := serveWire(t, httpapi.Options{}, func(api *httpapi.API, server *http.Server) {
		adapt(api, server)
		api.Public("/slow", http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			began.Add(1)
			for now := running.Add(1); ; {
				if known := most.Load(); now <= known || most.CompareAndSwap(known, now) {
					break
				}
			}
			<-release // whatever the client thinks better of
			running.Add(-1)
		}))
	})
	defer close(release)
	connection, err := (&tls.Dialer{Config: &tls.Config{RootCAs: roots, NextProtos: []string{"h2"}}}).DialContext(t.Context(), "tcp", w.address)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	_ = connection.SetDeadline(time.Now().Add(time.Minute))
	if _, err := io.WriteString(connection, http2.ClientPreface); err != nil {
		t.Fatal(err)
	}
	ended := make(chan string, 1)
	frames := http2.NewFramer(connection, connection)
	go func() {
		for {
			frame, err := frames.ReadFrame()
			if goAway, isIt := frame.(*http2.GoAwayFrame); isIt {
				ended <- goAway.ErrCode.String()
				return
			}
			if err != nil {
				ended <- err.Error()
				return
			}
		}
	}()
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	for _, field := range [][2]string{{":method", "GET"}, {":scheme", "https"}, {":authority", w.address}, {":path", "/slow"}} {
		if err := encoder.WriteField(hpack.HeaderField{Name: field[0], Value: field[1]}); err != nil {
			t.Fatal(err)
		}
	}
	const requests = 20_000
	err = frames.WriteSettings()
	for stream := uint32(1); err == nil && stream < 2*requests; stream += 2 {
		if err = frames.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: block.Bytes(), EndStream: true, EndHeaders: true}); err == nil {
			err = frames.WriteRSTStream(stream, http2.ErrCodeCancel)
		}
	}
	why := <-ended
	if began.Load() == 0 {
		t.Error("no request was begun: this proves nothing")
	}
	if most.Load() > 100 || began.Load() > 1000 {
		t.Errorf("%d requests at once, %d in all", most.Load(), began.Load())
	}
	// That it is told to be calm may be lost with the connection.
	if strings.Contains(why, "i/o timeout") {
		t.Errorf("the connection is kept: %v, %s", err, why)
	}
	t.Logf("%d at once, %d in all, ended by %s", most.Load(), began.Load(), why)
}

// named takes for a device's token its name.
type named struct{}

func (named) Authenticate(_ context.Context, _ *http.Request, token string) (httpapi.Principal, error) {
	device, _ := strings.CutPrefix(token, "client:")
	if device != token {
		return httpapi.Principal{Subject: device, Kind: httpapi.ClientKind, Scopes: []string{"inventory:write", "event:read"}}, nil
	}
	return httpapi.Principal{Subject: "4711", Kind: httpapi.OperatorKind, Device: token, Scopes: []string{"inventory:write", "event:read"}}, nil
}

func TestDeviceCertificates(t *testing.T) {
	t.Parallel()
	dir, files, roots := plant(t)
	files.ClientCA = filepath.Join(dir, plantca.CAFile)
	_, adapt := secure(t, files)
	w := serveWire(t, httpapi.Options{Authenticator: named{}, DeviceCertificates: true}, adapt)
	stranger, _, _ := plant(t) // another plant, that knows a press-3 as well
	pair := func(dir, name string) []tls.Certificate {
		t.Helper()
		file, err := plantca.Device(dir, name, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		pair, err := tls.LoadX509KeyPair(file, strings.TrimSuffix(file, ".crt")+".key")
		if err != nil {
			t.Fatal(err)
		}
		return []tls.Certificate{pair}
	}
	press, foreign := pair(dir, "press-3"), pair(stranger, "press-3")
	server, err := tls.LoadX509KeyPair(files.Cert, files.Key)
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		certificates []tls.Certificate
		path, token  string
		status       int // 0: no connection
	}{
		"its own":                     {press, "/v1/echoes", "press-3", 200},
		"of another device":           {press, "/v1/echoes", "press-4", 401},
		"none":                        {nil, "/v1/echoes", "press-3", 401},
		"none, and health":            {nil, "/healthz", "", 200},
		"none, and no device":         {nil, "/v1/echoes", "client:planner", 200},
		"of another plant":            {foreign, "/v1/echoes", "press-3", 0},
		"the server's for a device's": {[]tls.Certificate{server}, "/v1/echoes", "127.0.0.1", 0},
	} {
		t.Run(name, func(t *testing.T) {
			config := &tls.Config{RootCAs: roots, Certificates: tt.certificates}
			if len(tt.certificates) > 0 { // whoever the server asks for
				config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &tt.certificates[0], nil }
			}
			client := &http.Client{Transport: &http.Transport{TLSClientConfig: config, DisableKeepAlives: true}}
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+w.address+tt.path, nil)
			if err != nil {
				t.Fatal(err)
			}
			if tt.token != "" {
				req.Header.Set("Authorization", "Bearer "+tt.token)
			}
			resp, err := client.Do(req)
			if err != nil {
				if tt.status != 0 {
					t.Error(err)
				}
				return
			}
			_ = resp.Body.Close()
			if resp.StatusCode != tt.status {
				t.Errorf("got %d, want %d", resp.StatusCode, tt.status)
			}
		})
	}
}

func TestAuthority(t *testing.T) {
	t.Parallel()
	dir, _, _ := plant(t)
	both := filepath.Join(dir, "both.pem") // someone may put the key beside it
	var text []byte
	for _, name := range []string{plantca.CAKeyFile, plantca.CAFile} {
		part, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		text = append(text, part...)
	}
	if err := os.WriteFile(both, text, 0o600); err != nil {
		t.Fatal(err)
	}
	authority, err := httpapi.Authority(both)
	if err != nil {
		t.Fatal(err)
	}
	w := serveWire(t, httpapi.Options{}, func(api *httpapi.API, _ *http.Server) { api.Public("/ca.crt", authority) })
	resp, body := w.send(t, "GET /ca.crt HTTP/1.0\r\n\r\n")
	if resp.StatusCode != 200 || !strings.Contains(body, "BEGIN CERTIFICATE") || strings.Contains(body, "PRIVATE") || resp.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("got %d %v %s", resp.StatusCode, resp.Header, body)
	}
	if resp, _ := w.send(t, "POST /ca.crt HTTP/1.0\r\n\r\n"); resp.StatusCode != 405 {
		t.Errorf("got %d", resp.StatusCode)
	}
	if _, err := httpapi.Authority(filepath.Join(dir, plantca.CAKeyFile)); err == nil {
		t.Error("gives out a file without a certificate")
	}
}

// TestRefusalsAreLogged: whoever has no right, or tries to get around something, leaves a record with his name, if he showed one, the status
// and the kind of problem; and nothing of what he sent.
func TestRefusalsAreLogged(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var log bytes.Buffer
	keeper := &doorkeeper{known: map[string]httpapi.Principal{"small-token": {Subject: "O-7", Device: "TAB-01", Scopes: []string{"inventory:read"}}}}
	w := serveWire(t, httpapi.Options{Authenticator: keeper, Log: slog.New(slog.NewJSONHandler(locked{&mu, &log}, nil)), Rates: httpapi.Rates{Address: httpapi.Rate{PerSecond: 1, Burst: 2}}}, nil)
	post := func(token, headers, body string) string {
		return "POST /v1/echoes HTTP/1.1\r\nHost: millrace\r\nAuthorization: Bearer " + token + "\r\nContent-Type: application/json\r\nIdempotency-Key: " + key + "\r\n" + headers +
			fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body)
	}
	for _, tt := range []struct {
		text            string
		status          float64
		problem, device string
	}{
		{post("small-token", "", good), 403, "/problems/insufficient-scope", "TAB-01"},
		{post("small-token", "Sec-Fetch-Site: cross-site\r\n", good), 403, "/problems/cross-origin-request", ""},
		{post("small-token", "X-HTTP-Method-Override: GET\r\n", good), 400, "/problems/malformed-request", ""},
		{post("small-token", "", `{"item": "secret-item", "item": "x"}`), 400, "/problems/malformed-request", "TAB-01"},
		{post("forged-token", "", good), 401, "/problems/unauthorized", ""},
		{post("forged-token", "", good), 429, "/problems/too-many-requests", ""},
	} {
		var text string
		for answered := 0; ; {
			mu.Lock()
			log.Reset()
			mu.Unlock()
			resp, body := w.send(t, tt.text)
			answered = resp.StatusCode
			text = ""
			for deadline := time.Now().Add(time.Minute); !strings.HasSuffix(text, "\n") && time.Now().Before(deadline); time.Sleep(time.Millisecond) { // it is written after the answer
				mu.Lock()
				text = log.String()
				mu.Unlock()
			}
			if tt.status == http.StatusTooManyRequests && answered == http.StatusUnauthorized {
				continue // until there were too many
			}
			if float64(answered) != tt.status {
				t.Errorf("%s: %d %s", tt.problem, answered, body)
			}
			break
		}
		var record map[string]any
		if err := json.Unmarshal([]byte(text), &record); err != nil {
			t.Fatalf("%v: %q", err, text)
		}
		device, _ := record["device"].(string)
		if record["status"] != tt.status || record["problem"] != tt.problem || device != tt.device || record["time"] == nil || record["request_id"] == "" || record["path"] != "/v1/echoes" {
			t.Errorf("want %v %s of %q, got %s", tt.status, tt.problem, tt.device, text)
		}
		for _, secret := range []string{"token", "secret-item", good, key} {
			if strings.Contains(text, secret) {
				t.Errorf("it holds %s: %s", secret, text)
			}
		}
	}
}

// locked is a writer for many.
type locked struct {
	mu *sync.Mutex
	io.Writer
}

func (l locked) Write(text []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.Writer.Write(text)
}
