package audit_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/millrace-erp/millrace/internal/audit"
	"github.com/millrace-erp/millrace/internal/testdb"
)

// Heads arrive where they are sent, once each while all is well; one that does not arrive is told, and sent again.
func TestHeadsAreSentOff(t *testing.T) {
	t.Parallel()
	p := over(t, testdb.New(t))
	p.seal(t)
	folder := t.TempDir()
	var (
		mu     sync.Mutex
		kept   strings.Builder
		refuse = true
	)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		body, err := io.ReadAll(r.Body)
		switch {
		case err != nil || r.Header.Get("Authorization") != "Bearer hush" || r.Header.Get("Content-Type") != "application/x-ndjson":
			t.Errorf("%v, %v", err, r.Header)
		case refuse:
			w.WriteHeader(http.StatusServiceUnavailable)
		default:
			kept.Write(body)
		}
	}))
	defer server.Close()
	endpoint, err := audit.NewEndpoint(server.URL+"/heads?secret=1", audit.EndpointOptions{Token: "hush"})
	if err != nil {
		t.Fatal(err)
	}
	witnesses := []audit.Witness{audit.Folder{Path: folder}, endpoint, audit.Folder{Path: filepath.Join(folder, "gone")}}
	if err := audit.Send(t.Context(), p.worker, witnesses); err == nil || strings.Contains(err.Error(), "secret") {
		t.Fatalf("what failed is not told, or more than that: %v", err)
	}
	type row struct {
		Destination string
		SentTo      int64
		IsFailing   bool
	}
	told := func() map[string]row {
		t.Helper()
		rows, err := p.pool.Query(t.Context(), `SELECT destination, sent_to, failure IS NOT NULL AS is_failing FROM audit.witness WHERE is_active`)
		if err != nil {
			t.Fatal(err)
		}
		list, err := pgx.CollectRows(rows, pgx.RowToStructByName[row])
		if err != nil {
			t.Fatal(err)
		}
		by := map[string]row{}
		for _, r := range list {
			by[r.Destination] = r
		}
		return by
	}
	last := p.verify(t).Last
	if by := told(); by[folder].SentTo != last || by[folder].IsFailing || !by[endpoint.Name()].IsFailing || !by[filepath.Join(folder, "gone")].IsFailing {
		t.Errorf("%+v", by)
	}

	mu.Lock()
	refuse = false
	mu.Unlock()
	p.do(t, `INSERT INTO catalog.unit (code, name, scale) VALUES ('W1', 'unit', 0)`)
	p.seal(t)
	witnesses = witnesses[:2]
	if err := audit.Send(t.Context(), p.worker, witnesses); err != nil {
		t.Fatal(err)
	}
	last = p.verify(t).Last
	if by := told(); len(by) != 2 || by[folder].SentTo != last || by[endpoint.Name()].SentTo != last || by[endpoint.Name()].IsFailing {
		t.Errorf("%+v", by)
	}
	// Both hold every seal, and a line that was cut off spoils nothing.
	files, err := filepath.Glob(filepath.Join(folder, "heads-*.jsonl"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	file, err := os.OpenFile(files[0], os.O_APPEND|os.O_WRONLY, 0)
	if err == nil {
		_, err = file.WriteString(`{"seal":`)
		err = errors.Join(err, file.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	p.do(t, `INSERT INTO catalog.unit (code, name, scale) VALUES ('W2', 'unit', 0)`)
	p.seal(t)
	if err := audit.Send(t.Context(), p.worker, witnesses); err != nil {
		t.Fatal(err)
	}
	written := ""
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		written += string(text)
	}
	for name, text := range map[string]string{"folder": written, "endpoint": kept.String()} {
		v := verify(t, p.withHeads(t, []byte(text)))
		if v.Found > 0 || v.Heads != v.Seals || (name == "folder") != (v.TornHeads == 1) {
			t.Errorf("%s: %d heads of %d seals: %s", name, v.Heads, v.Seals, list(v))
		}
	}
}

func TestAddressesOfWitnesses(t *testing.T) {
	t.Parallel()
	for _, wrong := range []string{"", "witness.example", "http://witness.example/", "https://user:hush@witness.example/", "ftp://witness.example"} {
		if _, err := audit.NewEndpoint(wrong, audit.EndpointOptions{}); err == nil || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: %v", wrong, err)
		}
	}
}

// A dump that is restored counts its transactions from the start again: what was sealed stays proven, what was not is sealed as
// the end of the old life, and new rows with the old numbers are told apart.
func TestRestoredDumpBeginsAnIncarnation(t *testing.T) {
	t.Parallel()
	p := over(t, testdb.New(t))
	p.do(t, `INSERT INTO catalog.unit (code, name, scale) VALUES ('I1', 'unit', 0)`)
	p.seal(t)
	// As if all that is there came from a server which was 4 billion transactions older.
	p.secretly(t, `UPDATE audit.incarnation SET system_identifier = 1`)
	p.secretly(t, `UPDATE audit.entry SET transaction_id = (transaction_id::text::bigint + 4000000000)::text::xid8`)
	p.secretly(t, `TRUNCATE audit.seal, audit.seal_part, audit.seal_chunk`)
	p.secretly(t, `INSERT INTO audit.entry (schema_name, table_name, row_id, operation, actor, new_row, transaction_id) VALUES ('catalog', 'x', 1, 'insert', 'me', '{}', '5000000000')`)
	p.seal(t)
	first := p.wantClean(t)
	p.do(t, `INSERT INTO catalog.unit (code, name, scale) VALUES ('I2', 'unit', 0)`)
	p.seal(t)
	if v := p.wantClean(t); v.Rows <= first.Rows || v.Seals <= first.Seals {
		t.Errorf("%d rows after %d in %d seals after %d", v.Rows, first.Rows, v.Seals, first.Seals)
	}
	var incarnation int
	if err := p.pool.QueryRow(t.Context(), `SELECT incarnation FROM audit.entry ORDER BY id DESC LIMIT 1`).Scan(&incarnation); err != nil || incarnation != 2 {
		t.Errorf("incarnation %d, %v", incarnation, err)
	}
	// A row that claims the old life.
	p.secretly(t, `INSERT INTO audit.entry (schema_name, table_name, row_id, operation, actor, new_row, transaction_id, incarnation) VALUES ('catalog', 'x', 1, 'insert', 'me', '{}', '6000000000', 1)`)
	if v := p.verify(t); !has(v, "added audit.entry") {
		t.Errorf("not found: %s", list(v))
	}
	// By hand, after a copy of the disk of an older day.
	if number, err := audit.BeginIncarnation(context.Background(), p.primary, "restored to noon"); err != nil || number != 3 {
		t.Errorf("%d, %v", number, err)
	}
}
