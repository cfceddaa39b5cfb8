package problem_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/millrace-erp/millrace/internal/problem"
)

var raised = regexp.MustCompile(`ERRCODE\s*=\s*'(MR[0-9A-Z]{3})'`)

// TestTableHoldsEveryRefusal holds the table equal to the SQL, both ways.
func TestTableHoldsEveryRefusal(t *testing.T) {
	t.Parallel()
	inSQL := map[string]string{}
	constraints := ""
	for path, text := range sqlFiles(t) {
		if strings.Contains(path, "/schema/") {
			constraints += text
			continue
		}
		for _, m := range raised.FindAllStringSubmatch(text, -1) {
			inSQL[m[1]] = path
		}
	}
	inTable := map[string]bool{}
	for _, e := range problem.Table {
		if inTable[e.Key] {
			t.Errorf("%s stands twice in the table", e.Key)
		}
		inTable[e.Key] = true
		switch {
		case strings.HasPrefix(e.Key, problem.Class) && inSQL[e.Key] == "":
			t.Errorf("%s (%s) is in the table but no function or trigger raises it", e.Key, e.Slug)
		case strings.Contains(e.Key, "_") && !regexp.MustCompile(`\b`+e.Key+`\b`).MatchString(constraints):
			t.Errorf("%s (%s) is in the table but no migration names such a constraint", e.Key, e.Slug)
		}
	}
	for code, path := range inSQL {
		if !inTable[code] {
			t.Errorf("%s is raised in %s but has no entry in internal/problem/table.go", code, path)
		}
	}
}

// TestRefusalsHaveACode: a RAISE without ERRCODE is P0001, which is answered with a 500.
func TestRefusalsHaveACode(t *testing.T) {
	t.Parallel()
	raise := regexp.MustCompile(`(?s)RAISE EXCEPTION.*?;\s*\n`)
	for path, text := range sqlFiles(t) {
		if strings.Contains(path, "/schema/") {
			continue
		}
		for _, statement := range raise.FindAllString(text, -1) {
			if !strings.Contains(statement, "ERRCODE") {
				t.Errorf("%s: no ERRCODE in %s", path, statement)
			}
		}
	}
}

func sqlFiles(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{}
	root := os.DirFS("../..")
	for _, dir := range []string{"sql/functions", "sql/triggers", "sql/schema"} {
		err := fs.WalkDir(root, dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".sql") {
				return err
			}
			text, err := fs.ReadFile(root, path)
			files[path] = string(text)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return files
}

func TestTableIsWhole(t *testing.T) {
	t.Parallel()
	titles := map[string]problem.Entry{}
	for _, e := range slices.Concat(problem.Kinds, problem.Table) {
		if e.Slug == "" || e.Title == "" || e.Status < 400 || !strings.HasSuffix(e.Explanation, ".") || strings.HasSuffix(e.Title, ".") {
			t.Errorf("incomplete: %+v", e)
		}
		if other, ok := titles[e.Slug]; ok && (other.Title != e.Title || other.Status != e.Status) {
			t.Errorf("%s means two things: %q (%d) and %q (%d)", e.Slug, other.Title, other.Status, e.Title, e.Status)
		}
		titles[e.Slug] = e
	}
}

// TestDocument holds docs/problems.md to be current, and so to have a heading for every slug.
func TestDocument(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("../../docs/problems.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(doc) != problem.Markdown() {
		t.Error("docs/problems.md is not current: run make gen")
	}
}

func TestFrom(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		err       error
		slug      string
		status    int
		isRefusal bool
	}{
		"refusal":               {&pgconn.PgError{Code: "MR201", Message: "m"}, "insufficient-stock", 409, true},
		"wrapped":               {fmt.Errorf("x: %w", &pgconn.PgError{Code: "MR201"}), "insufficient-stock", 409, true},
		"unknown refusal":       {&pgconn.PgError{Code: "MR999"}, "internal", 500, false},
		"key reused":            {&pgconn.PgError{Code: "MR902"}, "idempotency-key-reused", 422, false},
		"unique":                {&pgconn.PgError{Code: "23505", ConstraintName: "item_number_key"}, "already-exists", 409, true},
		"foreign key":           {&pgconn.PgError{Code: "23503"}, "reference-violated", 422, true},
		"check":                 {&pgconn.PgError{Code: "23514", ConstraintName: "x_check"}, "value-refused", 422, true},
		"partition made":        {&pgconn.PgError{Code: "23514"}, "unavailable", 503, false},
		"not null":              {&pgconn.PgError{Code: "23502"}, "value-missing", 422, true},
		"out of range":          {&pgconn.PgError{Code: "22003"}, "value-malformed", 422, true},
		"untranslatable":        {&pgconn.PgError{Code: "22P05"}, "value-malformed", 422, true},
		"serialization failure": {&pgconn.PgError{Code: "40001"}, "unavailable", 503, false},
		"deadlock":              {&pgconn.PgError{Code: "40P01"}, "unavailable", 503, false},
		"lock timeout":          {&pgconn.PgError{Code: "55P03"}, "unavailable", 503, false},
		"statement timeout":     {&pgconn.PgError{Code: "57014"}, "unavailable", 503, false},
		"shutting down":         {&pgconn.PgError{Code: "57P01"}, "unavailable", 503, false},
		"too many connections":  {&pgconn.PgError{Code: "53300"}, "unavailable", 503, false},
		"broken connection":     {io.ErrUnexpectedEOF, "unavailable", 503, false},
		"read-only":             {&pgconn.PgError{Code: "25006"}, "internal", 500, false},
		"raise without a code":  {&pgconn.PgError{Code: "P0001", Message: "secret"}, "internal", 500, false},
		"undefined function":    {&pgconn.PgError{Code: "42883"}, "internal", 500, false},
		"anything":              {errors.New("secret"), "internal", 500, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := problem.From(tt.err)
			if p.Type != "/problems/"+tt.slug || p.Status != tt.status || p.IsRefusal() != tt.isRefusal {
				t.Errorf("got %s %d refusal %t", p.Type, p.Status, p.IsRefusal())
			}
			if !errors.Is(p, tt.err) {
				t.Error("the cause is lost to the log")
			}
			w := httptest.NewRecorder()
			if err := p.Write(w); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(w.Body.String(), "secret") {
				t.Errorf("leaks: %s", w.Body)
			}
			if (tt.status == 503) != (w.Header().Get("Retry-After") != "") || (tt.status == 503) != p.Retryable {
				t.Errorf("Retry-After %q, retryable %t", w.Header().Get("Retry-After"), p.Retryable)
			}
		})
	}
}

func TestDetailMustBeAnObject(t *testing.T) {
	t.Parallel()
	for detail, want := range map[string]string{`{"a": "1"}`: `{"a": "1"}`, `{}`: "", "": "", "text": "", "[1]": "", "null": ""} {
		p := problem.From(&pgconn.PgError{Code: "MR201", Detail: detail})
		if string(p.Details) != want {
			t.Errorf("%q became %q", detail, p.Details)
		}
	}
}
