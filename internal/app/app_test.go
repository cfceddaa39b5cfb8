package app_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace-erp/millrace/internal/app"
	"github.com/millrace-erp/millrace/internal/httpapi"
)

// TestDocument holds docs/openapi.yaml to be current.
func TestDocument(t *testing.T) {
	t.Parallel()
	want, err := app.New(nil, httpapi.Options{}).OpenAPI().YAML()
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../../docs/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Error("docs/openapi.yaml is not current: run make gen")
	}
}

// TestOperations holds what every operation must have, and that a command begins its
// request under the name of its operation: a stored refusal is found again by that name.
func TestOperations(t *testing.T) {
	t.Parallel()
	id := regexp.MustCompile(`^[a-z]+(-[a-z0-9]+)+$`)
	begun := begunRequests(t)
	seen := map[string]string{}
	for path, item := range app.New(nil, httpapi.Options{}).OpenAPI().Paths {
		for method, op := range map[string]*huma.Operation{"GET": item.Get, "POST": item.Post, "PUT": item.Put, "PATCH": item.Patch, "DELETE": item.Delete} {
			if op == nil {
				continue
			}
			place := method + " " + path
			if other, ok := seen[op.OperationID]; ok {
				t.Errorf("%s and %s are both %s", place, other, op.OperationID)
			}
			seen[op.OperationID] = place
			if !id.MatchString(op.OperationID) || op.Summary == "" || strings.HasSuffix(op.Summary, ".") || len(op.Tags) != 1 || op.Tags[0] == "" {
				t.Errorf("%s: id %q, summary %q, tags %q", place, op.OperationID, op.Summary, op.Tags)
			}
			if strings.HasPrefix(path, "/v1/") && (op.Responses["401"] == nil || op.Responses["500"] == nil) {
				t.Errorf("%s does not document its problems", place)
			}
			if method == "POST" && !begun[op.OperationID] {
				t.Errorf("%s: no function begins a request as %q", place, op.OperationID)
			}
		}
	}
}

func begunRequests(t *testing.T) map[string]bool {
	t.Helper()
	begins := regexp.MustCompile(`event\.begin_request\(\s*'([^']+)'`)
	begun := map[string]bool{}
	files, err := filepath.Glob("../../sql/functions/*/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range begins.FindAllStringSubmatch(string(text), -1) {
			begun[m[1]] = true
		}
	}
	return begun
}
