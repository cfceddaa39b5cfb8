package httpapi_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/millrace-erp/millrace/internal/httpapi"
)

// asvs are the requirements of OWASP ASVS 5.0.0 at levels 1 and 2: a line per chapter, its sections and their numbers.
const asvs = `
1: 1.1-2 2.1-9 3.1-11 4.1-3 5.1-2
2: 1.1-3 2.1-3 3.1-4 4.1
3: 2.1-2 3.1-4 4.1-6 5.1-5 7.1-2
4: 1.1-3 2.1 3.1-2 4.1-4
5: 1.1 2.1-3 3.1-2 4.1-3
6: 1.1-3 2.1-12 3.1-4 4.1-4 5.1-5 6.1-3 8.1-4
7: 1.1-3 2.1-4 3.1-2 4.1-5 5.1-2 6.1-2
8: 1.1-2 2.1-3 3.1 4.1
9: 1.1-3 2.1-4
10: 1.1-2 2.1-2 3.1-4 4.1-11 5.1-5 6.1-2 7.1-3
11: 1.1-2 2.1-3 3.1-3 4.1-4 5.1 6.1
12: 1.1-3 2.1-2 3.1-4
13: 1.1 2.1-5 3.1-2 4.1-5
14: 1.1-2 2.1-4 3.1-3
15: 1.1-3 2.1-3 3.1-7
16: 1.1 2.1-5 3.1-4 4.1-3 5.1-3
17: 1.1 2.1-4 3.1-2`

func requirements(t *testing.T) []string {
	t.Helper()
	var all []string
	for line := range strings.Lines(strings.TrimSpace(asvs)) {
		chapter, sections, _ := strings.Cut(line, ": ")
		for _, one := range strings.Fields(sections) {
			var section, first, last int
			if n, _ := fmt.Sscanf(one, "%d.%d-%d", &section, &first, &last); n == 2 {
				last = first
			} else if n != 3 {
				t.Fatal(one)
			}
			for number := first; number <= last; number++ {
				all = append(all, fmt.Sprintf("V%s.%d.%d", chapter, section, number))
			}
		}
	}
	if len(all) != 253 {
		t.Fatalf("%d requirements", len(all))
	}
	return all
}

// declaredTests are all tests of the tree, by package and name.
func declaredTests(t *testing.T) map[string]bool {
	t.Helper()
	root := filepath.Join("..", "..")
	tests := map[string]bool{}
	declared := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	for _, folder := range []string{"internal", "cmd", "sql"} {
		err := filepath.WalkDir(filepath.Join(root, folder), func(path string, entry os.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, "_test.go") {
				return err
			}
			source, err := os.ReadFile(path)
			for _, found := range declared.FindAllSubmatch(source, -1) {
				name := filepath.Base(filepath.Dir(path)) + "." + string(found[1])
				if folder == "cmd" {
					name = "cmd/" + name
				}
				tests[name] = true
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return tests
}

// TestDocumentsNameWhatIsThere: tests that any page of the documents names exist, and so do the pages that it links to.
func TestDocumentsNameWhatIsThere(t *testing.T) {
	t.Parallel()
	tests := declaredTests(t)
	bare := map[string]bool{}
	for name := range tests {
		_, test, _ := strings.Cut(name, ".")
		bare[test] = true
	}
	root := filepath.Join("..", "..")
	pages := []string{filepath.Join(root, "README.md"), filepath.Join(root, "CHANGELOG.md"), filepath.Join(root, "sql", "README.md")}
	err := filepath.WalkDir(filepath.Join(root, "docs"), func(path string, _ os.DirEntry, err error) error {
		if strings.HasSuffix(path, ".md") {
			pages = append(pages, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(pages) < 50 {
		t.Fatalf("%d pages: this proves nothing", len(pages))
	}
	named := regexp.MustCompile("`((?:cmd/)?[a-z0-9]+\\.)?((?:Test|Fuzz)[A-Z]\\w+)`")
	linked := regexp.MustCompile(`\]\(([\w./-]+)(?:#[^)]*)?\)`)
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range named.FindAllSubmatch(text, -1) {
			if where, test := string(found[1]), string(found[2]); where != "" && !tests[where+test] || !bare[test] {
				t.Errorf("%s: there is no test %s%s", page, where, test)
			}
		}
		for _, found := range linked.FindAllSubmatch(text, -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), string(found[1]))); err != nil {
				t.Errorf("%s: there is no %s", page, found[1])
			}
		}
	}
}

// TestProgramsHoldNoTestCode: what is deployed stands on nothing that is for tests, demonstrations or measurements.
func TestProgramsHoldNoTestCode(t *testing.T) {
	t.Parallel()
	list := exec.CommandContext(t.Context(), "go", "list", "-deps", "./cmd/api", "./cmd/worker", "./cmd/dba")
	list.Dir = filepath.Join("..", "..")
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	packages := strings.Fields(string(out))
	if !slices.Contains(packages, "github.com/millrace-erp/millrace/internal/httpapi") {
		t.Fatal("the list is not that of our programs")
	}
	forbidden := regexp.MustCompile(`^(testing|net/http/httptest|net/http/pprof|expvar)$|millrace/internal/(\w*test\w*|.*/\w*test|fake\w+|postbox|devcluster|demo)$`)
	for _, name := range packages {
		if forbidden.MatchString(name) {
			t.Errorf("a program stands on %s", name)
		}
	}
}

// TestNothingToDebug: what servers of other makes show under known paths is not there, with a token or without.
func TestNothingToDebug(t *testing.T) {
	t.Parallel()
	w := serveWire(t, httpapi.Options{}, nil)
	for _, path := range []string{"/debug/pprof/", "/debug/pprof/heap", "/debug/vars", "/.git/config", "/.env", "/server-status", "/actuator", "/v1/", "/docs", "/schemas/"} {
		if resp, body := w.send(t, "GET "+path+" HTTP/1.1\r\n"+authorized+"\r\n"); resp.StatusCode != 404 {
			t.Errorf("%s: %d %s", path, resp.StatusCode, body)
		}
		if resp, body := w.send(t, "GET "+path+" HTTP/1.1\r\nHost: millrace\r\n\r\n"); resp.StatusCode != 401 {
			t.Errorf("%s without a token: %d %s", path, resp.StatusCode, body)
		}
	}
}

// TestSecurityPage holds docs/security.md to the tree: every requirement stands there once, in its order, and what
// is said to be proved names tests that exist.
func TestSecurityPage(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	text, err := os.ReadFile(filepath.Join(root, "docs", "security.md"))
	if err != nil {
		t.Fatal(err)
	}
	tests := declaredTests(t)
	named := regexp.MustCompile("`((?:cmd/)?[a-z0-9]+\\.(?:Test|Fuzz)\\w+)`")
	for _, found := range named.FindAllSubmatch(text, -1) {
		if !tests[string(found[1])] {
			t.Errorf("there is no test %s", found[1])
		}
	}
	for _, found := range regexp.MustCompile(`\]\(([^)#:]+)\)`).FindAllSubmatch(text, -1) {
		if _, err := os.Stat(filepath.Join(root, "docs", string(found[1]))); err != nil {
			t.Errorf("the page links to %s: %v", found[1], err)
		}
	}

	var ids []string
	counts := map[string]int{}
	for _, row := range regexp.MustCompile(`(?m)^\| (V\d+\.\d+\.\d+) \| ([^|]+) \| (\S+) \| (.+) \|$`).FindAllSubmatch(text, -1) {
		id, state, how := string(row[1]), string(row[3]), string(row[4])
		ids = append(ids, id)
		counts[state]++
		isLinked := strings.Contains(how, "](") || strings.HasPrefix(how, "Below")
		switch {
		case state == "yes" && !named.MatchString(how):
			t.Errorf("%s: no test proves it", id)
		case state == "doc" && !isLinked && !strings.Contains(how, "go.mod"):
			t.Errorf("%s: no document is named", id)
		case (state == "plant" || state == "n/a" || state == "no") && len(how) < 12:
			t.Errorf("%s: no reason is given", id)
		}
	}
	want := requirements(t)
	if got := strings.Join(ids, " "); got != strings.Join(want, " ") {
		t.Errorf("the page has other requirements than the standard, or in another order:\n%s", got)
	}
	sum := fmt.Sprintf("Of %d: %d yes, %d doc, %d plant, %d n/a, %d no.", len(want), counts["yes"], counts["doc"], counts["plant"], counts["n/a"], counts["no"])
	if !strings.Contains(string(text), sum) {
		t.Errorf("the page does not say: %s", sum)
	}
}
