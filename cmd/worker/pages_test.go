package main

import (
	"crypto/tls"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/millrace-erp/millrace/internal/browsertest"
	"github.com/millrace-erp/millrace/internal/httpapi/httpapitest"
	"github.com/millrace-erp/millrace/internal/identity"
	"github.com/millrace-erp/millrace/internal/plantca"
	"github.com/millrace-erp/millrace/internal/testdb"
)

// office is an API that issues tokens, a worker that serves pages, and a client of its own that may see them.
type office struct {
	*httpapitest.API

	pages string // where they are
	issue *identity.Issuer
}

func newOffice(t *testing.T) *office {
	t.Helper()
	// The issuer's address is in its tokens, so it has to be known first.
	var behind atomic.Pointer[httputil.ReverseProxy]
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { behind.Load().ServeHTTP(w, r) }))
	t.Cleanup(front.Close)
	db := testdb.New(t)
	issuer, err := identity.Open(t.Context(), db.Pool, identity.Options{URL: front.URL, Box: httpapitest.Box(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	o := &office{API: httpapitest.With(t, db, issuer), pages: "http://" + freeAddress(t), issue: issuer}
	address, err := url.Parse(o.URL)
	if err != nil {
		t.Fatal(err)
	}
	behind.Store(httputil.NewSingleHostReverseProxy(address))
	startProcess(t, db.URLAs(testdb.WorkerRole), "MILLRACE_ADMIN_LISTEN="+strings.TrimPrefix(o.pages, "http://"), "MILLRACE_PUBLIC_URL="+front.URL)
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		response, err := http.Get(o.pages + "/jobs/sign-in")
		if err == nil {
			_ = response.Body.Close()
			return o
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

// token is one for a client of the role, which is made if need be.
func (o *office) token(t *testing.T, client, role string, sites ...string) string {
	t.Helper()
	if _, err := identity.Bootstrap(t.Context(), o.DB.Pool, client, role, sites...); err != nil {
		t.Fatal(err)
	}
	token, err := o.issue.ClientToken(t.Context(), client)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func (o *office) ask(t *testing.T, method, path, token, body string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, o.pages+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

// TestPagesOverJobs: River's pages are there for whose token has the scope for all sites, as long as it has it; what is done there stands
// in the audit under the name of who did it.
func TestPagesOverJobs(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	admin := o.token(t, "erika", "administrator", "*")
	o.DB.SkipChecks() // a site without its places
	floor := o.token(t, "scanner", "operator", "*")
	if _, err := o.DB.Pool.Exec(t.Context(), `INSERT INTO catalog.site (code, name, country, currency, time_zone) VALUES ('ELBE', 'Elbe', 'DE', 'EUR', 'Europe/Berlin')`); err != nil {
		t.Fatal(err)
	}
	plant := o.token(t, "plant", "administrator", "ELBE")
	for _, path := range []string{"/jobs/", "/jobs/api/jobs", "/jobs/api/health-checks/complete", "/jobs/assets/x.js", "/jobs/api/queues"} {
		if status, body := o.ask(t, "GET", path, "", ""); status != http.StatusUnauthorized || strings.Contains(body, "River</title>") {
			t.Errorf("%s without a token: %d %s", path, status, body)
		}
		if status, _ := o.ask(t, "GET", path, admin[:len(admin)-4]+"AAAA", ""); status != http.StatusUnauthorized {
			t.Errorf("%s with a forged token: %d", path, status)
		}
		for _, token := range []string{floor, plant} {
			if status, _ := o.ask(t, "GET", path, token, ""); status != http.StatusForbidden {
				t.Errorf("%s without the right: %d", path, status)
			}
		}
	}
	status, body := o.ask(t, "GET", "/jobs/", admin, "")
	if status != http.StatusOK || !strings.Contains(body, "<title>River") {
		t.Fatalf("the page: %d %s", status, body)
	}
	script := body[strings.Index(body, `module" src="`)+len(`module" src="`):]
	if status, _ := o.ask(t, "GET", script[:strings.IndexByte(script, '"')], admin, ""); status != http.StatusOK {
		t.Errorf("its script: %d", status)
	}
	for _, folder := range []string{"/jobs/assets/", "/jobs/assets", "/jobs/assets//"} {
		if _, body := o.ask(t, "GET", folder, admin, ""); strings.Contains(body, "<pre>") {
			t.Errorf("%s is listed: %s", folder, body)
		}
	}
	until(t, o.API, `SELECT EXISTS (SELECT FROM river.river_job WHERE kind = 'event_run_checks')`, time.Minute)
	if status, body := o.ask(t, "GET", "/jobs/api/jobs?state=completed&limit=20", admin, ""); status != http.StatusOK || !strings.Contains(body, `"data"`) {
		t.Errorf("the jobs: %d %s", status, body)
	}

	// A queue is stopped, and it is known by whom.
	if status, body := o.ask(t, "PUT", "/jobs/api/queues/export/pause", admin, ""); status != http.StatusOK {
		t.Fatalf("pausing a queue: %d %s", status, body)
	}
	if status, body := o.ask(t, "POST", "/jobs/api/jobs/delete", admin, `{"ids":["4711"]}`); status != http.StatusNotFound {
		t.Errorf("deleting a job that is none: %d %s", status, body)
	}
	for _, token := range []string{floor, plant, ""} {
		if status, _ := o.ask(t, "PUT", "/jobs/api/queues/export/resume", token, ""); status < 400 {
			t.Errorf("resumed without the right: %d", status)
		}
	}
	var paused bool
	var acts, audited string
	err := o.DB.Pool.QueryRow(t.Context(), `
		SELECT (SELECT paused_at IS NOT NULL FROM river.river_queue WHERE name = 'export'),
			(SELECT string_agg(i.actor || ' ' || i.action || coalesce(' ' || i.asked::text, ''), '; ' ORDER BY i.id) FROM event.intervention AS i),
			(SELECT string_agg(e.actor || ' ' || (e.new_row ->> 'action'), '; ' ORDER BY e.id) FROM audit.entry AS e WHERE e.table_name = 'intervention')`).Scan(&paused, &acts, &audited)
	if err != nil {
		t.Fatal(err)
	}
	if want := "erika PUT /api/queues/export/pause; erika POST /api/jobs/delete"; !paused || audited != want || acts != want+` {"ids": ["4711"]}` {
		t.Errorf("paused %v; recorded %s; in the audit %s", paused, acts, audited)
	}

	// A right that is taken away is gone with the next request, and a client that is switched off altogether.
	if _, err := o.DB.Pool.Exec(t.Context(), `UPDATE identity.client SET roles = '{operator}' WHERE code = 'erika'`); err != nil {
		t.Fatal(err)
	}
	if status, _ := o.ask(t, "GET", "/jobs/api/jobs", admin, ""); status != http.StatusForbidden {
		t.Errorf("after the right was taken away: %d", status)
	}
	second := o.token(t, "second", "administrator", "*")
	if status, _ := o.ask(t, "GET", "/jobs/api/jobs", second, ""); status != http.StatusOK {
		t.Fatal(status)
	}
	if _, err := o.DB.Pool.Exec(t.Context(), `UPDATE identity.client SET is_enabled = false WHERE code = 'second'`); err != nil {
		t.Fatal(err)
	}
	if status, _ := o.ask(t, "GET", "/jobs/api/jobs", second, ""); status != http.StatusUnauthorized {
		t.Errorf("after the client was switched off: %d", status)
	}
	// A key that leaked opens nothing any more, however lately it was read.
	third := o.token(t, "third", "administrator", "*")
	if status, _ := o.ask(t, "GET", "/jobs/api/jobs", third, ""); status != http.StatusOK {
		t.Fatal(status)
	}
	if _, err := identity.RotateKey(t.Context(), o.DB.Pool, httpapitest.Box(), true); err != nil {
		t.Fatal(err)
	}
	if status, _ := o.ask(t, "GET", "/jobs/api/jobs", third, ""); status != http.StatusUnauthorized {
		t.Errorf("after the keys were dropped: %d", status)
	}
}

// TestABrowserSignsIn: Chromium keeps the cookie, sends it to the pages alone, and River's pages work by it, under their policy.
func TestABrowserSignsIn(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	page := browsertest.Open(t, o.pages+"/jobs/queues")
	page.Wait(`document.querySelector('#token') !== null`)
	page.Tap("#token")
	page.Insert("nonsense")
	page.Tap("#in button")
	page.Wait(`document.querySelector('#said').textContent.includes('not valid')`)
	page.Tap("#token")
	page.Insert(o.token(t, "erika", "administrator", "*"))
	page.Tap("#in button")
	page.Wait(`document.title === 'River' || document.querySelector('#root')?.textContent.length > 0`)
	until(t, o.API, `SELECT EXISTS (SELECT FROM river.river_job WHERE kind = 'event_run_checks')`, time.Minute)
	page.Navigate(o.pages + "/jobs/queues")
	page.Wait(`document.querySelector('#root')?.textContent.includes('costing')`)
	page.Wait(`document.cookie === ''`)
	page.Wait(`(() => { window.said ??= fetch('/jobs/api/queues/export/pause', {method: 'PUT'}).then(r => window.saw = r.status); return window.saw === 200 })()`)
	page.Wait(`(() => { window.out ??= fetch('/jobs/session', {method: 'DELETE'}).then(r => window.gone = r.status); return window.gone === 204 })()`)
	page.Reload()
	page.Wait(`document.querySelector('#token') !== null`)
	var acts []byte
	if err := o.DB.Pool.QueryRow(t.Context(), `SELECT jsonb_agg(i.actor || ' ' || i.action ORDER BY i.id) FROM event.intervention AS i`).Scan(&acts); err != nil {
		t.Fatal(err)
	}
	var told []string
	if err := json.Unmarshal(acts, &told); err != nil || strings.Join(told, "; ") != "erika sign-in; erika PUT /api/queues/export/pause; erika sign-out" {
		t.Errorf("recorded was %v", told)
	}
}

// TestTheIssuerMustProveItself: keys of tokens come from the issuer that the plant's authority vouches for, and from nobody else.
func TestTheIssuerMustProveItself(t *testing.T) {
	t.Parallel()
	var dirs [2]string
	for i := range dirs {
		dirs[i] = t.TempDir()
		if err := plantca.Init(dirs[i], plantca.Plan{Plant: "Nordwind", Names: []string{"127.0.0.1"}}, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	pair, err := tls.LoadX509KeyPair(filepath.Join(dirs[0], plantca.ServerFile), filepath.Join(dirs[0], plantca.ServerKeyFile))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.StartTLS()
	defer server.Close()
	for file, isTrusted := range map[string]bool{filepath.Join(dirs[0], plantca.CAFile): true, filepath.Join(dirs[1], plantca.CAFile): false, "": false} {
		client, err := issuerClient(file)
		if err != nil {
			t.Fatal(err)
		}
		response, err := client.Get(server.URL)
		if err == nil {
			_ = response.Body.Close()
		}
		if (err == nil) != isTrusted {
			t.Errorf("%q: %v", file, err)
		}
	}
	for _, file := range []string{filepath.Join(dirs[0], "absent"), filepath.Join(dirs[0], plantca.ServerKeyFile)} {
		if _, err := issuerClient(file); err == nil {
			t.Errorf("%s is taken", file)
		}
	}
}
