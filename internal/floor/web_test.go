package floor_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/millrace-erp/millrace/internal/floor"
	"github.com/millrace-erp/millrace/internal/httpapi/httpapitest"
)

// TestSize holds what a device has to fetch before the first tap and to keep for a day without a network: everything but the
// camera and what only shows answers of the server.
func TestSize(t *testing.T) {
	t.Parallel()
	const limit = 60_000
	total := floor.Bytes()
	t.Logf("%d bytes, compressed", total)
	if total > limit {
		t.Errorf("the screens are %d bytes compressed, more than %d", total, limit)
	}
}

// TestVendored holds what others wrote to be what it is said to be.
func TestVendored(t *testing.T) {
	t.Parallel()
	var files []struct{ File, Package, Version, License, Source, Change, SHA256 string }
	read(t, "web/vendor/vendored.json", &files)
	known := map[string]bool{"vendored.json": true}
	for _, file := range files {
		content, err := os.ReadFile("web/vendor/" + file.File)
		if err != nil {
			t.Fatal(err)
		}
		if sum := sha256.Sum256(content); hex.EncodeToString(sum[:]) != file.SHA256 {
			t.Errorf("%s is not %s %s", file.File, file.Package, file.Version)
		}
		if strings.Contains(string(content), "sourceMappingURL") {
			t.Errorf("%s names a source map that is not there", file.File)
		}
		if _, err := os.Stat("web/vendor/LICENSE." + file.Package); err != nil {
			t.Error(err)
		}
		known[file.File], known["LICENSE."+file.Package] = true, true
	}
	entries, err := os.ReadDir("web/vendor")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if !known[entry.Name()] {
			t.Errorf("vendor/%s: nobody says what it is", entry.Name())
		}
	}
}

// TestTexts holds that every text is there in every language, with the same names in braces, and that none is asked
// for that is not there.
func TestTexts(t *testing.T) {
	t.Parallel()
	texts(t, "web/i18n/", "web/app.js", "web/lib/*.js", "web/screens/*.js")
	texts(t, "web/board/", "web/board/*.js")
	texts(t, "web/desk/", "web/desk/*.js")
}

func texts(t *testing.T, folder string, patterns ...string) {
	t.Helper()
	languages := map[string]map[string]string{}
	for _, language := range []string{"en", "de", "tr"} {
		var texts map[string]string
		read(t, folder+language+".json", &texts)
		languages[language] = texts
	}
	english := languages["en"]
	names := regexp.MustCompile(`\{\w+\}`)
	for language, texts := range languages {
		for key, text := range texts {
			if english[key] == "" || text == "" {
				t.Errorf("%s: %s has no counterpart, or no text", language, key)
			}
			if got, want := slices.Sorted(slices.Values(names.FindAllString(text, -1))), slices.Sorted(slices.Values(names.FindAllString(english[key], -1))); !slices.Equal(got, want) {
				t.Errorf("%s: %s names %v, not %v", language, key, got, want)
			}
		}
		for key := range english {
			if texts[key] == "" {
				t.Errorf("%s: %s is missing", language, key)
			}
		}
	}
	asked := regexp.MustCompile(`\bt\('([a-z_]+(?:\.[a-z_]+)*)'`)
	begun := regexp.MustCompile(`\bt\('([a-z_.]+\.)' \+`)
	var scripts []string
	for _, pattern := range patterns {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Fatal(pattern, err)
		}
		scripts = append(scripts, found...)
	}
	for _, script := range scripts {
		text, err := os.ReadFile(script)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range asked.FindAllStringSubmatch(string(text), -1) {
			if english[m[1]] == "" {
				t.Errorf("%s asks for the text %s, which is not there", script, m[1])
			}
		}
		for _, m := range begun.FindAllStringSubmatch(string(text), -1) {
			if !slices.ContainsFunc(slices.Collect(maps.Keys(english)), func(key string) bool { return strings.HasPrefix(key, m[1]) }) {
				t.Errorf("%s asks for texts %s…, which are not there", script, m[1])
			}
		}
	}
}

// TestScreensAreServed holds how the files come: without a token, with a policy that lets no other script run, and
// again only when they changed.
func TestScreensAreServed(t *testing.T) {
	t.Parallel()
	api := httpapitest.New(t)
	get := func(path string, header http.Header) *http.Response {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, api.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		maps.Copy(req.Header, header)
		resp, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = resp.Body.Close() })
		return resp
	}
	page := get("/floor/", nil)
	body, err := io.ReadAll(page.Body)
	if err != nil || page.StatusCode != http.StatusOK || !strings.HasPrefix(page.Header.Get("Content-Type"), "text/html") {
		t.Fatalf("%d %v: %s", page.StatusCode, err, body)
	}
	policy := page.Header.Get("Content-Security-Policy")
	if !strings.Contains(policy, "script-src 'self' 'wasm-unsafe-eval'") || strings.Contains(policy, "unsafe-inline") {
		t.Errorf("policy %q", policy)
	}
	if regexp.MustCompile(`<script(?:[^>]*)>[^<]|<style| on[a-z]+=| style=`).Match(body) {
		t.Error("the page holds script or style of its own")
	}
	if again := get("/floor/", http.Header{"If-None-Match": {page.Header.Get("ETag")}}); again.StatusCode != http.StatusNotModified {
		t.Errorf("again: %d", again.StatusCode)
	}
	if packed := get("/floor/app.js", http.Header{"Accept-Encoding": {"gzip"}}); packed.Header.Get("Content-Encoding") != "gzip" {
		t.Error("app.js is not compressed")
	}
	if to := get("/floor", nil); to.StatusCode != http.StatusPermanentRedirect || to.Header.Get("Location") != "/floor/" {
		t.Errorf("/floor: %d", to.StatusCode)
	}
	for path, want := range map[string]int{"/floor/none.js": 404, "/floor/vendor/LICENSE.htm": 404, "/floor/sw.js": 200, "/floor/manifest.webmanifest": 200, "/floor/icons/icon-192.png": 200} {
		if got := get(path, nil); got.StatusCode != want {
			t.Errorf("%s: %d", path, got.StatusCode)
		}
	}
}

func read(t *testing.T, file string, v any) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, v); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}
