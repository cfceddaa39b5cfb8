package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/millrace-erp/millrace/internal/config"
	"github.com/millrace-erp/millrace/internal/httpapi/httpapitest"
	"github.com/millrace-erp/millrace/internal/plantca"
	"github.com/millrace-erp/millrace/internal/testdb"
)

func configure(t *testing.T, url string) config.API {
	t.Helper()
	cfg, err := config.ReadAPI([]string{
		"MILLRACE_DATABASE_URL=" + url, "MILLRACE_ENCRYPTION_KEY=" + httpapitest.EncryptionKey, "MILLRACE_LISTEN=127.0.0.1:0", "MILLRACE_LOG_LEVEL=error",
	})
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func TestServesAndStops(t *testing.T) {
	t.Parallel()
	db := testdb.New(t)
	cfg := configure(t, db.URLAs(testdb.APIRole))
	ctx, stop := context.WithCancel(t.Context())
	address := make(chan net.Addr, 1)
	stopped := make(chan error, 1)
	go func() { stopped <- Run(ctx, cfg, func(a net.Addr) { address <- a }) }()

	var base string
	select {
	case a := <-address:
		base = "http://" + a.String()
	case err := <-stopped:
		t.Fatal(err)
	}
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 200, "/openapi.yaml": 200, "/v1/items": 401, "/metrics": 401, "/v1/status": 401} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%s: %d", path, resp.StatusCode)
		}
	}
	// A screen that follows the feed does not keep it from stopping.
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+"/v1/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+httpapitest.Issued(t, db, cfg.URL()))
	screen, err := http.DefaultClient.Do(req)
	if err != nil || screen.StatusCode != 200 {
		t.Fatal(screen, err)
	}
	defer func() { _ = screen.Body.Close() }()
	stop()
	select {
	case err := <-stopped:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Error("does not stop")
	}
	text, err := io.ReadAll(screen.Body)
	if err != nil || !strings.Contains(string(text), "come back") {
		t.Errorf("the screen got %q, %v", text, err)
	}
}

func TestRefusesAnEmptyDatabase(t *testing.T) {
	t.Parallel()
	err := Run(t.Context(), configure(t, testdb.NewEmpty(t).URL), func(net.Addr) { t.Error("listens") })
	if err == nil || !strings.Contains(err.Error(), "migrate up") {
		t.Errorf("got %v", err)
	}
}

// TestRefusesALoginWithTooManyRights: as a superuser, or as the other server, it does not start, wherever the login stands.
func TestRefusesALoginWithTooManyRights(t *testing.T) {
	t.Parallel()
	db := testdb.New(t)
	both := configure(t, db.URLAs(testdb.APIRole))
	both.DirectDatabaseURL = configure(t, db.URL).DatabaseURL
	for _, c := range []struct {
		cfg  config.API
		want string
	}{
		{configure(t, db.URL), "is a superuser; run `dba roles` and let this server log in as millrace_api"},
		{configure(t, db.URLAs(testdb.WorkerRole)), "is that of another program"},
		{both, "is a superuser"},
	} {
		err := Run(t.Context(), c.cfg, func(net.Addr) { t.Error("listens") })
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %q", err, c.want)
		}
	}
}

// TestServesTLS starts it with what `dba tls init` makes.
func TestServesTLS(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := plantca.Init(dir, plantca.Plan{Plant: "Nordwind", Names: []string{"127.0.0.1"}}, time.Now()); err != nil {
		t.Fatal(err)
	}
	db := testdb.New(t)
	cfg := configure(t, db.URLAs(testdb.APIRole))
	cfg.TLSCertFile, cfg.TLSKeyFile, cfg.TLSCAFile = filepath.Join(dir, plantca.ServerFile), filepath.Join(dir, plantca.ServerKeyFile), filepath.Join(dir, plantca.CAFile)
	ca, err := os.ReadFile(cfg.TLSCAFile)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	ctx, stop := context.WithCancel(t.Context())
	address, stopped := make(chan net.Addr, 1), make(chan error, 1)
	go func() { stopped <- Run(ctx, cfg, func(a net.Addr) { address <- a }) }()
	var base string
	select {
	case a := <-address:
		base = "https://" + a.String()
	case err := <-stopped:
		t.Fatal(err)
	}
	for path, want := range map[string]string{"/healthz": `{"status":"ok"}`, "/ca.crt": strings.TrimSpace(string(ca)), "/metrics": "millrace_tls_certificate_expires_timestamp_seconds "} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if path == "/metrics" {
			req.Header.Set("Authorization", "Bearer "+httpapitest.Issued(t, db, cfg.URL()))
		}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil || resp.StatusCode != 200 || !strings.Contains(string(text), want) {
			t.Errorf("%s: %d %s, %v", path, resp.StatusCode, text, err)
		}
	}
	client.CloseIdleConnections()
	stop()
	if err := <-stopped; err != nil {
		t.Error(err)
	}
	cfg.TLSKeyFile = filepath.Join(dir, plantca.CAKeyFile)
	if err := Run(t.Context(), cfg, func(net.Addr) { t.Error("listens") }); err == nil {
		t.Error("starts with a key that is another's")
	}
}

// TestTheWayToPostgresIsTLS: with sslmode=verify-full every session is encrypted, to the server that the plant's authority vouches for; to another one,
// or without TLS, the api does not start.
func TestTheWayToPostgresIsTLS(t *testing.T) {
	t.Parallel()
	secure := testdb.NewSecure(t)
	ctx, stop := context.WithCancel(t.Context())
	address, stopped := make(chan net.Addr, 1), make(chan error, 1)
	go func() {
		stopped <- Run(ctx, configure(t, secure.URLAs(testdb.APIRole)), func(a net.Addr) { address <- a })
	}()
	select {
	case a := <-address:
		response, err := http.Get("http://" + a.String() + "/readyz")
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusOK {
			t.Errorf("not ready: %d", response.StatusCode)
		}
	case err := <-stopped:
		t.Fatal(err)
	}
	if clear, all := secure.InTheClear(t, testdb.APIRole); clear != 0 || all == 0 {
		t.Errorf("%d of %d sessions are not encrypted", clear, all)
	}
	stop()
	if err := <-stopped; err != nil {
		t.Error(err)
	}
	for url, why := range secure.Wrong(testdb.APIRole) {
		err := Run(t.Context(), configure(t, url), func(net.Addr) { t.Error("listens") })
		if err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("want %q, got %v", why, err)
		}
	}
}
