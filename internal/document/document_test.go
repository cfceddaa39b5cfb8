package document_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/millrace-erp/millrace/internal/document"
	"github.com/millrace-erp/millrace/internal/httpapi/httpapitest"
	"github.com/millrace-erp/millrace/internal/pg"
	"github.com/millrace-erp/millrace/internal/queue"
	"github.com/millrace-erp/millrace/internal/testdb"
)

//go:embed testdata/plant.sql
var plant string

type m = map[string]any

func setup(t *testing.T) *httpapitest.API {
	t.Helper()
	api := httpapitest.New(t)
	if _, err := api.DB.Pool.Exec(context.Background(), plant); err != nil {
		t.Fatal(err)
	}
	return api
}

// work runs a worker of documents until every job is done.
func work(t *testing.T, api *httpapitest.API) {
	t.Helper()
	primary := &pg.Primary{Pool: api.DB.As(t, testdb.WorkerRole)}
	jobs := queue.NewJobs()
	document.RegisterJobs(jobs, primary, document.Printing{Guard: loopback})
	client, err := queue.NewClient(primary, jobs, queue.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Start(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := client.Stop(ctx); err != nil {
			t.Error(err)
		}
	}()
	for range 600 {
		var open int
		if err := api.DB.Pool.QueryRow(t.Context(), `SELECT count(*) FROM river.river_job WHERE kind = 'document_render' AND finalized_at IS NULL`).Scan(&open); err != nil {
			t.Fatal(err)
		}
		if open == 0 {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("documents were not rendered in time")
}

// ship sells a quantity of crates of two lots and gives shipment, pallet and pick.
func ship(t *testing.T, api *httpapitest.API, customer string) (shipment *httpapitest.Answer, pallet string) {
	t.Helper()
	for _, lot := range []string{"L-1", "L-2"} {
		api.Post(t, "/v1/opening-stocks", m{"item": "CRATE", "lot": lot, "to": "A", "quantity": "60"})
	}
	order := api.Post(t, "/v1/sales-orders", m{
		"site": "P1", "customer": customer, "customer_reference": "4500012345",
		"lines": []m{{"item": "CRATE", "quantity": "50", "unit_price": "4.35"}, {"item": "CRATE", "quantity": "20", "unit_price": "4.20"}},
	}).Want(201).Text("number")
	pick := api.Post(t, "/v1/picks", m{"sales_order": order, "lines": []m{{"line": 1, "quantity": "50", "lot": "L-1"}, {"line": 2, "quantity": "20", "lot": "L-2"}}}).Want(201).Text("number")
	pallet = api.Post(t, "/v1/handling-units", m{"kind": "pallet", "contents": []m{{"pick": pick, "line": 1, "quantity": "50"}}}).Want(201).Text("sscc")
	work(t, api)
	api.Post(t, "/v1/handling-units", m{"kind": "box", "parent": pallet, "contents": []m{{"pick": pick, "line": 2, "quantity": "20"}}}).Want(201)
	return api.Post(t, "/v1/shipments", m{"handling_units": []string{pallet}}).Want(201), pallet
}

func content(t *testing.T, api *httpapitest.API, kind, number string) []byte {
	t.Helper()
	meta := api.Get(t, "/v1/documents/"+kind+"/"+number).Want(200)
	file := api.Get(t, meta.Text("content")).Want(200)
	sum := sha256.Sum256(file.Body)
	if got := hex.EncodeToString(sum[:]); got != meta.Text("sha256") || file.Header.Get("ETag") != `"`+got+`"` {
		t.Errorf("%s %s: hash %s, ETag %s, stored %s", kind, number, got, file.Header.Get("ETag"), meta.Text("sha256"))
	}
	if got := file.Header.Get("Content-Type"); got != "application/pdf" || !bytes.HasPrefix(file.Body, []byte("%PDF-")) {
		t.Errorf("%s %s is %s", kind, number, got)
	}
	if dir := os.Getenv("MILLRACE_KEEP_DOCUMENTS"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, number+".pdf"), file.Body, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return file.Body
}

func text(t *testing.T, pdf []byte) string {
	t.Helper()
	path, err := exec.LookPath("pdftotext")
	if err != nil {
		t.Fatal("pdftotext is not installed (package poppler-utils)")
	}
	command := exec.CommandContext(t.Context(), path, "-layout", "-", "-")
	command.Stdin = bytes.NewReader(pdf)
	out, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(strings.Fields(string(out)), " ")
}

func wants(t *testing.T, got string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(got, part) {
			t.Errorf("%q is not in %s", part, got)
		}
	}
}

func TestDocumentsFollowTheGoods(t *testing.T) {
	t.Parallel()
	api := setup(t)
	shipment, pallet := ship(t, api, "ABROAD")
	note := shipment.Text("delivery_note")
	invoice := api.Post(t, "/v1/invoices", m{"shipment": shipment.Text("number")}).Want(201).Text("number")
	back := api.Post(t, "/v1/customer-returns", m{"shipment": shipment.Text("number"), "lines": []m{{"line": 1, "quantity": "10", "reason": "BACK"}}}).Want(201).Text("number")
	credit := api.Post(t, "/v1/credit-notes", m{"customer_return": back}).Want(201).Text("number")
	api.Get(t, "/v1/documents/invoice/"+invoice).Problem("not-found", 404)
	work(t, api)

	wants(t, text(t, content(t, api, "delivery_note", note)), "İrsaliye "+note, "Çağlayan A.Ş.", "L-1", "L-2", "50 adet", "4500012345", pallet)
	wants(t, text(t, content(t, api, "invoice", invoice)), "Fatura "+invoice, "217,50", "84,00", "EUR 301,50", "Vergiden müstesna ihracat teslimi.", "TR1234567890", note)
	wants(t, text(t, content(t, api, "credit_note", credit)), "İade faturası "+credit, invoice+" numaralı", "43,50")
	// The pallet was labelled with one lot; when a box with another came onto it, it got a new label.
	meta := api.Get(t, "/v1/documents/handling_unit_label/"+pallet).Want(200)
	if got := meta.Value("revision"); got != 2.0 {
		t.Errorf("revision %v of the label", got)
	}
	wants(t, text(t, content(t, api, "handling_unit_label", pallet)), "(00)"+pallet, "Karışık içerik (2)")

	var list struct {
		Items []m     `json:"items"`
		Next  *string `json:"next"`
	}
	seen := 0
	for after := ""; ; after = "&after=" + *list.Next {
		api.Get(t, "/v1/documents?limit=2"+after).Want(200).JSON(&list)
		seen += len(list.Items)
		if list.Next == nil {
			break
		}
	}
	if seen != 6 { // note, invoice, credit note, box, pallet twice
		t.Errorf("%d documents in the list", seen)
	}
}

func TestDownloadIsConditional(t *testing.T) {
	t.Parallel()
	api := setup(t)
	shipment, _ := ship(t, api, "HOME")
	work(t, api)
	path := "/v1/documents/delivery_note/" + shipment.Text("delivery_note") + "/content"
	tag := api.Get(t, path).Want(200).Header.Get("ETag")
	for header, status := range map[string]int{tag: 304, "W/" + tag: 304, `"other", ` + tag: 304, "*": 304, `"other"`: 200} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, api.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("If-None-Match", header)
		answer := api.Do(t, req).Want(status)
		if (status == 304) != (len(answer.Body) == 0) {
			t.Errorf("%s: %d bytes", header, len(answer.Body))
		}
	}
	api.Get(t, "/v1/documents/delivery_note/DN-1999-000001/content").Problem("not-found", 404)
	api.Get(t, "/v1/documents/love_letter/1").Want(422)
}

// TestRenderedOnce runs every job again, and others for the same documents at once: what is
// stored stays as it is.
func TestRenderedOnce(t *testing.T) {
	t.Parallel()
	api := setup(t)
	shipment, pallet := ship(t, api, "HOME")
	work(t, api)
	before := content(t, api, "delivery_note", shipment.Text("delivery_note"))
	label := content(t, api, "handling_unit_label", pallet)
	if _, err := api.DB.Pool.Exec(t.Context(), `SELECT event.insert_job('document_render', j.args)
		FROM (SELECT args FROM river.river_job WHERE kind = 'document_render' UNION SELECT '{"kind": "invoice", "number": "INV-1999-000001"}') AS j
		CROSS JOIN generate_series(1, 8)`); err != nil {
		t.Fatal(err)
	}
	var files int
	count := func() int {
		if err := api.DB.Pool.QueryRow(t.Context(), `SELECT count(*) FROM document.file`).Scan(&files); err != nil {
			t.Fatal(err)
		}
		return files
	}
	want := count()
	work(t, api)
	if got := count(); got != want {
		t.Errorf("%d files, want %d", got, want)
	}
	if !bytes.Equal(before, content(t, api, "delivery_note", shipment.Text("delivery_note"))) || !bytes.Equal(label, content(t, api, "handling_unit_label", pallet)) {
		t.Error("a second rendering changed a document")
	}
	var cancelled, failed int
	if err := api.DB.Pool.QueryRow(t.Context(), `SELECT count(*) FILTER (WHERE state = 'cancelled'), count(*) FILTER (WHERE state NOT IN ('cancelled', 'completed'))
		FROM river.river_job WHERE kind = 'document_render'`).Scan(&cancelled, &failed); err != nil {
		t.Fatal(err)
	}
	if cancelled != 8 || failed != 0 {
		t.Errorf("%d jobs of unknown documents cancelled, %d not done", cancelled, failed)
	}
}
