package config_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/millrace-erp/millrace/internal/config"
)

const (
	url = "MILLRACE_DATABASE_URL=postgres://erp:hush@127.0.0.1/millrace"
	key = "MILLRACE_ENCRYPTION_KEY=aHVzaC10aGUta2V5LW9mLXRoZS10ZXN0cy1pcy0zMmI=" // hush-the-key-of-the-tests-is-32b
)

func TestDefaults(t *testing.T) {
	t.Parallel()
	c, err := config.ReadAPI([]string{url, key})
	if err != nil {
		t.Fatal(err)
	}
	if c.Listen != "127.0.0.1:8000" || c.LogLevel != slog.LevelInfo || c.DrainTimeout != 20*time.Second {
		t.Errorf("got %+v", c)
	}
	w, err := config.ReadWorker([]string{url, key})
	if err != nil {
		t.Fatal(err)
	}
	if w.DirectDatabaseURL != w.DatabaseURL || w.MaxWorkers != 8 {
		t.Errorf("got %+v", w)
	}
}

func TestSecretsStayHidden(t *testing.T) {
	t.Parallel()
	c, err := config.ReadAPI([]string{url, key})
	if err != nil {
		t.Fatal(err)
	}
	if c.DatabaseURL.Reveal() != strings.TrimPrefix(url, "MILLRACE_DATABASE_URL=") {
		t.Errorf("got %q", c.DatabaseURL.Reveal())
	}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "config", c, "url", c.DatabaseURL, "keys", c.EncryptionKeys)
	document, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, shown := range []string{fmt.Sprint(c), fmt.Sprintf("%+v %#v %s %q", c, c, c.DatabaseURL, c.DatabaseURL), log.String(), string(document)} {
		if strings.Contains(shown, "hush") || strings.Contains(shown, strings.TrimPrefix(key, "MILLRACE_ENCRYPTION_KEY=")) {
			t.Errorf("shows a secret: %s", shown)
		}
	}
}

func TestSecretsFromFiles(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte(strings.TrimPrefix(key, "MILLRACE_ENCRYPTION_KEY=")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.ReadAPI([]string{url, "MILLRACE_ENCRYPTION_KEY_FILE=" + file})
	if err != nil {
		t.Fatal(err)
	}
	if got := c.EncryptionKeys[0].Reveal(); "MILLRACE_ENCRYPTION_KEY="+got != key {
		t.Errorf("got %q", got)
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	for name, environ := range map[string][]string{
		"no database":        {key},
		"empty database":     {"MILLRACE_DATABASE_URL=", key},
		"public URL":         {url, key, "MILLRACE_PUBLIC_URL=millrace.example"},
		"public path":        {url, key, "MILLRACE_PUBLIC_URL=https://plant.example/millrace?x"},
		"key in two places":  {url, key, "MILLRACE_ENCRYPTION_KEY_FILE=/dev/null"},
		"no such file":       {url, "MILLRACE_ENCRYPTION_KEY_FILE=/does/not/exist"},
		"unknown level":      {url, key, "MILLRACE_LOG_LEVEL=loud"},
		"unknown format":     {url, key, "MILLRACE_LOG_FORMAT=xml"},
		"drain without unit": {url, key, "MILLRACE_DRAIN_TIMEOUT=20"},
		"no encryption key":  {url},
		"short key":          {url, "MILLRACE_ENCRYPTION_KEY=aHVzaA=="},
		"key twice":          {url, key + "," + strings.TrimPrefix(key, "MILLRACE_ENCRYPTION_KEY=")},
		"drain in no time":   {url, key, "MILLRACE_DRAIN_TIMEOUT=0s"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := config.ReadAPI(environ)
			if err == nil {
				t.Fatal("taken")
			}
			if strings.Contains(err.Error(), "hush") {
				t.Errorf("shows a secret: %v", err)
			}
		})
	}
	if _, err := config.ReadWorker([]string{url, key, "MILLRACE_MAX_WORKERS=0"}); err == nil {
		t.Error("no workers at all")
	}
	relay := []string{url, key, "MILLRACE_MAIL_HOST=mail.example", "MILLRACE_MAIL_FROM=a@b.example"}
	if w, err := config.ReadWorker(append(relay, "MILLRACE_MAIL_USER=u", "MILLRACE_MAIL_PASSWORD=hush")); err != nil || w.MailTLS != "starttls" || strings.Contains(fmt.Sprintf("%+v", w), "hush") {
		t.Errorf("%v, %+v", err, w)
	}
	for name, environ := range map[string][]string{
		"mail without sender":    relay[:3:3],
		"user without password":  append(relay[:4:4], "MILLRACE_MAIL_USER=u"),
		"password without user":  append(relay[:4:4], "MILLRACE_MAIL_PASSWORD=hush"),
		"password in the clear":  append(relay[:4:4], "MILLRACE_MAIL_USER=u", "MILLRACE_MAIL_PASSWORD=hush", "MILLRACE_MAIL_TLS=none"),
		"unknown TLS":            append(relay[:4:4], "MILLRACE_MAIL_TLS=maybe"),
		"no such port":           append(relay[:4:4], "MILLRACE_MAIL_PORT=70000"),
		"lease within timeout":   {url, key, "MILLRACE_WEBHOOK_LEASE=5s"},
		"no timeout":             {url, key, "MILLRACE_WEBHOOK_TIMEOUT=0s"},
		"disabled at once":       {url, key, "MILLRACE_WEBHOOK_DISABLE_AFTER=1s"},
		"mails given up at once": append(relay[:4:4], "MILLRACE_MAIL_GIVE_UP_AFTER=0s"),
	} {
		if _, err := config.ReadWorker(environ); err == nil || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestEdge(t *testing.T) {
	t.Parallel()
	c, err := config.ReadAPI([]string{url, key})
	if err != nil {
		t.Fatal(err)
	}
	if c.RateDevice != (config.Rate{PerSecond: 100, Burst: 1000}) || c.RateClient.PerSecond == 0 || c.RateAddress.PerSecond == 0 || c.StreamsPerDevice == 0 || c.MaxConnections == 0 {
		t.Errorf("something has no bound: %+v", c.Edge)
	}
	c, err = config.ReadAPI([]string{url, key, "MILLRACE_RATE_DEVICE=0", "MILLRACE_RATE_ADDRESS=5/50", "MILLRACE_TRUSTED_PROXIES=10.99.0.1,fd00::/8"})
	if err != nil {
		t.Fatal(err)
	}
	if c.RateDevice != (config.Rate{}) || c.RateAddress.Burst != 50 || len(c.TrustedProxies) != 2 || c.TrustedProxies[0].String() != "10.99.0.1/32" {
		t.Errorf("got %+v", c.Edge)
	}
	for _, good := range [][]string{
		{"MILLRACE_LISTEN=localhost:1"},
		{"MILLRACE_LISTEN=[::1]:1"},
		{"MILLRACE_LISTEN=:8000", "MILLRACE_INSECURE_HTTP=true"},
		{"MILLRACE_LISTEN=:443", "MILLRACE_TLS_CERT_FILE=a", "MILLRACE_TLS_KEY_FILE=b", "MILLRACE_TLS_CLIENT_CA_FILE=c"},
	} {
		if _, err := config.ReadAPI(append([]string{url, key}, good...)); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range [][]string{
		{"MILLRACE_LISTEN=:8000"},
		{"MILLRACE_LISTEN=0.0.0.0:8000"},
		{"MILLRACE_LISTEN=10.20.0.5:8000"},
		{"MILLRACE_LISTEN=[::]:8000"},
		{"MILLRACE_LISTEN=millrace:8000"},
		{"MILLRACE_TLS_CERT_FILE=a"},
		{"MILLRACE_TLS_KEY_FILE=a"},
		{"MILLRACE_TLS_CLIENT_CA_FILE=a"},
		{"MILLRACE_RATE_DEVICE=10"},
		{"MILLRACE_RATE_DEVICE=0/5"},
		{"MILLRACE_RATE_DEVICE=-1/5"},
		{"MILLRACE_RATE_CLIENT=a/b"},
		{"MILLRACE_TRUSTED_PROXIES=proxy"},
		{"MILLRACE_STREAMS_PER_DEVICE=0"},
		{"MILLRACE_MAX_CONNECTIONS=1"},
	} {
		if _, err := config.ReadAPI(append([]string{url, key}, bad...)); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

// TestPages: pages over jobs are off until an address is named; then they take tokens of an issuer that is named, and are seen
// by no other machine without TLS.
func TestPages(t *testing.T) {
	t.Parallel()
	const issuer = "MILLRACE_PUBLIC_URL=https://millrace.plant.example"
	for _, good := range [][]string{
		nil,
		{"MILLRACE_ADMIN_TOKEN=of-an-earlier-release"},
		{"MILLRACE_ADMIN_LISTEN=127.0.0.1:8001", issuer},
		{"MILLRACE_ADMIN_LISTEN=127.0.0.1:8001", "MILLRACE_OIDC_ISSUER=https://login.example"},
		{"MILLRACE_ADMIN_LISTEN=:8001", issuer, "MILLRACE_TLS_CERT_FILE=a", "MILLRACE_TLS_KEY_FILE=b"},
		{"MILLRACE_ADMIN_LISTEN=:8001", issuer, "MILLRACE_INSECURE_HTTP=true"},
	} {
		if _, err := config.ReadWorker(append([]string{url, key}, good...)); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range [][]string{
		{"MILLRACE_ADMIN_LISTEN=127.0.0.1:8001"},
		{"MILLRACE_ADMIN_LISTEN=:8001", issuer},
		{"MILLRACE_ADMIN_LISTEN=10.0.8.11:8001", issuer},
		{"MILLRACE_ADMIN_LISTEN=:8001", issuer, "MILLRACE_TLS_CERT_FILE=a"},
		{"MILLRACE_ADMIN_LISTEN=127.0.0.1:8001", "MILLRACE_PUBLIC_URL=millrace.plant.example"},
	} {
		if _, err := config.ReadWorker(append([]string{url, key}, bad...)); err == nil || !strings.Contains(err.Error(), "MILLRACE_") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
