package main

import (
	"bytes"
	"context"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/millrace-erp/millrace/internal/demo"
	"github.com/millrace-erp/millrace/internal/fakeprinter"
	"github.com/millrace-erp/millrace/internal/httpapi/httpapitest"
	"github.com/millrace-erp/millrace/internal/testdb"
)

// TestKilledWhileItRendersAndPrints: the worker, the real one, is killed with SIGKILL again and again while it renders
// documents and prints labels. In the end every document has the bytes that a worker makes which nobody disturbs, every
// label came out, and those that came out twice are told.
func TestKilledWhileItRendersAndPrints(t *testing.T) {
	t.Parallel()
	const kills = 12
	api := httpapitest.New(t)
	client := &demo.Client{URL: api.URL, Tokens: httpapitest.Tokens(), HTTP: http.DefaultClient}
	silent := func(int, int, string) {}
	if err := demo.Load(t.Context(), client, silent); err != nil {
		t.Fatal(err)
	}
	printer, err := fakeprinter.Start(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(printer.Off)
	printer.Break(fakeprinter.Faults{Slowness: 10 * time.Millisecond})
	var places []map[string]any
	for _, location := range []string{"QUA-01", "RAW-01", "WIP-01", "FG-01"} {
		if api.Get(t, "/v1/locations/"+location).Status == http.StatusOK {
			places = append(places, map[string]any{"location": location, "label": "lot_label"})
		}
	}
	var staging string
	if err := api.DB.Pool.QueryRow(t.Context(), `SELECT l.code FROM catalog.location AS l JOIN catalog.site AS s ON s.id = l.site_id
		WHERE l.kind = 'staging' AND s.code = 'ELBE' ORDER BY l.id LIMIT 1`).Scan(&staging); err != nil {
		t.Fatal(err)
	}
	places = append(places, map[string]any{"location": staging, "label": "handling_unit_label"})
	api.Post(t, "/v1/printers", map[string]any{
		"code": "ZD", "name": "ZD", "site": "ELBE", "host": "127.0.0.1", "port": printer.Port(),
		"label_width": "102", "label_height": "152", "default_for": places,
	}).Want(200)
	for range 8 {
		if _, err := demo.Journey(t.Context(), client, silent); err != nil {
			t.Fatal(err)
		}
	}

	var worker *exec.Cmd
	start := func() {
		t.Helper()
		worker = exec.Command(os.Args[0])
		worker.Env = append(os.Environ(), beWorker+"=1", "MILLRACE_DATABASE_URL="+api.DB.URLAs(testdb.WorkerRole), "MILLRACE_ENCRYPTION_KEY="+httpapitest.EncryptionKey, "MILLRACE_LOG_LEVEL=error", "MILLRACE_MAX_WORKERS=2",
			"MILLRACE_PRINTER_NETWORKS=127.0.0.0/8")
		if err := worker.Start(); err != nil {
			t.Fatal(err)
		}
	}
	kill := func() {
		_ = worker.Process.Kill()
		_ = worker.Wait() // killed
	}
	t.Cleanup(func() { kill() })
	number := func(sql string) (n int) {
		t.Helper()
		if err := api.DB.Pool.QueryRow(context.Background(), sql).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	until := func(what string, isSo func() bool) {
		t.Helper()
		for deadline := time.Now().Add(60 * time.Second); !isSo(); time.Sleep(10 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("waited in vain: " + what)
			}
		}
	}
	const files = `SELECT count(*) FROM document.file`
	allDone := func() bool {
		return number(`SELECT count(*) FROM river.river_job WHERE kind = 'document_render' AND finalized_at IS NULL`) == 0 &&
			number(`SELECT count(*) FROM document.print_job WHERE state <> 'printed'`) == 0
	}

	total := number(`SELECT count(*) FROM river.river_job WHERE kind = 'document_render'`)
	atWork := 0
	for i := range kills {
		start()
		want := total * (i + 1) / (kills + 2)
		until("progress", func() bool { return number(files) >= want })
		time.Sleep(rand.N(20 * time.Millisecond))
		kill()
		atWork += number(`SELECT count(*) FROM river.river_job WHERE kind IN ('document_render', 'print_labels') AND state = 'running'`)
	}
	// Now while it prints.
	const printed = `SELECT count(*) FROM document.print_job WHERE state = 'printed'`
	for range 3 {
		start()
		want := min(number(printed)+4, number(`SELECT count(*) FROM document.print_job`))
		until("labels", func() bool { return number(printed) >= want })
		time.Sleep(rand.N(100 * time.Millisecond))
		kill()
		atWork += number(`SELECT count(*) FROM document.print_job WHERE state = 'sending'`)
	}
	start()
	until("all documents and labels", allDone)
	kill()

	type rendering struct{ kind, number, language, sum string }
	read := func(sql string) map[rendering]int {
		t.Helper()
		rows, err := api.DB.Pool.Query(t.Context(), sql)
		if err != nil {
			t.Fatal(err)
		}
		all := map[rendering]int{}
		for rows.Next() {
			var r rendering
			if err := rows.Scan(&r.kind, &r.number, &r.language, &r.sum); err != nil {
				t.Fatal(err)
			}
			all[r]++
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		return all
	}
	const stored = `SELECT kind::text, number, language, encode(sha256, 'hex') FROM document.file`
	const sent = `SELECT kind::text, document_number, '', encode(sha256, 'hex') FROM document.print_job`
	killedFiles, killedLabels := read(stored), read(sent)

	// Each label came out; more often only where its print job says so.
	paper := printer.Labels()
	var doubles int
	for label, jobs := range killedLabels {
		var content []byte
		var maybe int
		if err := api.DB.Pool.QueryRow(t.Context(), `SELECT min(encode(content, 'escape'))::bytea, count(*) FILTER (WHERE is_maybe_double) FROM document.print_job
			WHERE document_number = $1 AND encode(sha256, 'hex') = $2`, label.number, label.sum).Scan(&content, &maybe); err != nil {
			t.Fatal(err)
		}
		out := 0
		for _, zpl := range paper {
			if bytes.Equal(bytes.TrimSpace(content), zpl) {
				out++
			}
		}
		if out < jobs || out > jobs+maybe*kills {
			t.Errorf("%s %s came out %d times for %d print jobs, of which %d say that it may be more", label.kind, label.number, out, jobs, maybe)
		}
		doubles += out - jobs
	}

	// Once more from the beginning, undisturbed.
	conn, err := api.DB.Pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
		`SET session_replication_role = replica`,
		`TRUNCATE document.file, document.print_job CASCADE`,
		`RESET session_replication_role`,
		`SELECT event.insert_job('document_render', j.args, 'document') FROM river.river_job AS j WHERE j.kind = 'document_render' ORDER BY j.id`,
	} {
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			conn.Release()
			t.Fatal(err)
		}
	}
	conn.Release()
	start()
	until("all documents and labels again", allDone)
	undisturbedFiles, undisturbedLabels := read(stored), read(sent)
	if len(killedFiles) < 50 || len(killedLabels) < 20 || atWork < kills/2 {
		t.Errorf("%d documents, %d labels, %d jobs under way at %d kills: that proves little", len(killedFiles), len(killedLabels), atWork, kills)
	}
	for name, both := range map[string][2]map[rendering]int{"document": {killedFiles, undisturbedFiles}, "label": {killedLabels, undisturbedLabels}} {
		if len(both[0]) != len(both[1]) {
			t.Errorf("%d %ss with kills, %d without", len(both[0]), name, len(both[1]))
		}
		for r, n := range both[0] {
			if both[1][r] != n {
				t.Errorf("%s %s %s was made %d times with these bytes, and %d times undisturbed", name, r.kind, r.number, n, both[1][r])
			}
		}
	}
	t.Logf("%d documents and %d labels; %d kills and 3 more, with %d jobs under way; %d labels came out twice", len(killedFiles), len(killedLabels), kills, atWork, doubles)
}
