package app_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace-erp/millrace/internal/app"
	"github.com/millrace-erp/millrace/internal/httpapi"
	"github.com/millrace-erp/millrace/internal/queue"
	"github.com/millrace-erp/millrace/internal/testdb"
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
			if strings.HasPrefix(path, "/v1/") && (op.Responses["401"] == nil || op.Responses["403"] == nil || op.Responses["429"] == nil || op.Responses["500"] == nil) {
				t.Errorf("%s does not document its problems", place)
			}
			if method == "POST" && isCommand(op) && !begun[op.OperationID] {
				t.Errorf("%s: no function begins a request as %q", place, op.OperationID)
			}
		}
	}
}

// isCommand says whether the operation takes a key: what takes none only asks, or says how things are.
func isCommand(op *huma.Operation) bool {
	return slices.ContainsFunc(op.Parameters, func(p *huma.Param) bool { return p.Name == "Idempotency-Key" })
}

func begunRequests(t *testing.T) map[string]bool {
	t.Helper()
	// Most begin their request by name; the batch of transfers tells its operations apart itself.
	begins := regexp.MustCompile(`(?:event\.begin_request\(\s*|WHEN )'([^']+)'`)
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

// TestJobs holds that every job which SQL inserts has a worker, and a queue that is worked:
// it would lie for ever otherwise.
func TestJobs(t *testing.T) {
	t.Parallel()
	kinds := app.Jobs(nil, app.Settings{}).Kinds()
	call := regexp.MustCompile(`event\.insert_job\(`)
	files, err := filepath.Glob("../../sql/functions/*/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if filepath.Base(file) == "insert_job.sql" {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, at := range call.FindAllIndex(text, -1) {
			arguments := arguments(string(text[at[1]:]))
			if kind := literal(arguments[0]); !slices.Contains(kinds, kind) {
				t.Errorf("%s: nobody works jobs of kind %s", file, kind)
			}
			if len(arguments) > 2 && !slices.Contains(queue.Queues, literal(arguments[2])) {
				t.Errorf("%s: nobody works the queue %s", file, arguments[2])
			}
		}
	}
}

// TestReadersHaveAWorker: so does every job that the sequencer inserts for a reader of the feed.
func TestReadersHaveAWorker(t *testing.T) {
	t.Parallel()
	rows, err := testdb.New(t).Pool.Query(t.Context(), `SELECT name, job_kind, job_queue FROM event.consumer WHERE job_kind IS NOT NULL`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	kinds, readers := app.Jobs(nil, app.Settings{}).Kinds(), 0
	for ; rows.Next(); readers++ {
		var name, kind, inQueue string
		if err := rows.Scan(&name, &kind, &inQueue); err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(kinds, kind) || !slices.Contains(queue.Queues, inQueue) {
			t.Errorf("reader %s: nobody works jobs of kind %s in the queue %s", name, kind, inQueue)
		}
	}
	if rows.Err() != nil || readers == 0 {
		t.Errorf("%d readers, %v", readers, rows.Err())
	}
}

// arguments splits what stands between a call's parentheses; text begins behind the first.
func arguments(text string) []string {
	found, depth, start, quoted := []string{}, 0, 0, false
	for i, r := range text {
		switch {
		case r == '\'':
			quoted = !quoted
		case quoted:
		case r == '(':
			depth++
		case r == ')' && depth == 0:
			return append(found, text[start:i])
		case r == ')':
			depth--
		case r == ',' && depth == 0:
			found = append(found, text[start:i])
			start = i + 1
		}
	}
	return append(found, text[start:])
}

func literal(argument string) string { return strings.Trim(strings.TrimSpace(argument), "'") }

// TestNullIsAmongTheValues: a schema that names the values of a member that may be null names null as well, as
// validators of clients want it.
func TestNullIsAmongTheValues(t *testing.T) {
	t.Parallel()
	for name, schema := range app.New(nil, httpapi.Options{}).OpenAPI().Components.Schemas.Map() {
		for member, s := range schema.Properties {
			if s.Nullable && len(s.Enum) > 0 && !slices.Contains(s.Enum, nil) {
				t.Errorf("%s.%s may be null, which is none of its values", name, member)
			}
		}
	}
}
