package document_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/millrace-erp/millrace/internal/document"
	"github.com/millrace-erp/millrace/internal/fakeprinter"
	"github.com/millrace-erp/millrace/internal/httpapi/httpapitest"
	"github.com/millrace-erp/millrace/internal/pg"
	"github.com/millrace-erp/millrace/internal/queue"
	"github.com/millrace-erp/millrace/internal/remote"
	"github.com/millrace-erp/millrace/internal/testdb"
)

var loopback = remote.Only(netip.MustParsePrefix("127.0.0.0/8"))

// worker works documents and labels until the test ends, or until the function that it gives is called.
func worker(t *testing.T, api *httpapitest.API, printing document.Printing) (stop func()) {
	t.Helper()
	primary := &pg.Primary{Pool: api.DB.As(t, testdb.WorkerRole)}
	jobs := queue.NewJobs()
	document.RegisterJobs(jobs, primary, printing)
	client, err := queue.NewClient(primary, jobs, queue.Options{MaxWorkers: 4})
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Start(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	hasStopped := false
	stop = func() {
		if hasStopped {
			return
		}
		hasStopped = true
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := client.StopAndCancel(ctx); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(stop)
	return stop
}

// device is a fake printer that is master data, too.
func device(t *testing.T, api *httpapitest.API, code string, more m) *fakeprinter.Printer {
	t.Helper()
	p, err := fakeprinter.Start(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Off)
	body := m{"code": code, "name": code, "site": "P1", "host": "127.0.0.1", "port": p.Port(), "label_width": "102", "label_height": "152"}
	for k, v := range more {
		body[k] = v
	}
	api.Post(t, "/v1/printers", body).Want(200)
	return p
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(60 * time.Second); !is(); time.Sleep(30 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("in vain: %s", what)
		}
	}
}

func receive(t *testing.T, api *httpapitest.API, lines ...m) {
	t.Helper()
	var ordered []m
	for i, line := range lines {
		ordered = append(ordered, m{"item": line["item"], "quantity": "100", "price": "1"})
		delete(line, "item")
		line["line"] = i + 1
	}
	order := api.Post(t, "/v1/purchase-orders", m{"site": "P1", "supplier": "POLY", "lines": ordered}).Want(201).Text("number")
	api.Post(t, "/v1/goods-receipts", m{"purchase_order": order, "lines": lines}).Want(201)
}

// symbolsOf are what scanners read on a label.
func symbolsOf(t *testing.T, zpl []byte) []string {
	t.Helper()
	label, err := fakeprinter.Parse(zpl)
	if err != nil {
		t.Fatal(err)
	}
	var codes []string
	for _, s := range label.Symbols {
		codes = append(codes, s.Data)
	}
	slices.Sort(codes)
	return codes
}

func jobOf(t *testing.T, api *httpapitest.API, number string) *httpapitest.Answer {
	t.Helper()
	return api.Get(t, "/v1/print-jobs/"+number).Want(200)
}

func isPrinted(t *testing.T, api *httpapitest.API, number string) func() bool {
	return func() bool { return jobOf(t, api, number).Text("state") == "printed" }
}

func printLot(t *testing.T, api *httpapitest.API, printer, lot string) string {
	t.Helper()
	return api.Post(t, "/v1/print-jobs", m{"label": "lot_label", "item": "CRATE", "lot": lot, "printer": printer}).Want(201).Text("number")
}

func lots(t *testing.T, api *httpapitest.API, names ...string) {
	t.Helper()
	for _, name := range names {
		api.Post(t, "/v1/opening-stocks", m{"item": "CRATE", "lot": name, "to": "A", "quantity": "60"}).Want(201)
	}
}

// TestReceiptPrintsItsLots: whatever has a lot gets its label at the printer of the location it is received at, and
// the symbols say what the rows say.
func TestReceiptPrintsItsLots(t *testing.T) {
	t.Parallel()
	api := setup(t)
	dock := device(t, api, "DOCK", m{"label_width": "100", "label_height": "70", "language": "de", "default_for": []m{{"location": "A", "label": "lot_label"}}})
	worker(t, api, document.Printing{Guard: loopback})
	receive(t, api,
		m{"item": "PP/NAT", "quantity": "50", "lot": "PP/A.1", "manufactured_on": "2026-11-01", "supplier_lot": "S-1"},
		m{"item": "MOULD", "quantity": "1", "lot": "M-7", "manufactured_on": "2026-11-02"},
		m{"item": "GLUE", "quantity": "3", "lot": "G-9"},
		m{"item": "BOLT", "quantity": "100"})
	eventually(t, "three labels", func() bool { return len(dock.Labels()) == 3 })
	var codes []string
	for _, label := range dock.Labels() {
		codes = append(codes, strings.Join(symbolsOf(t, label), "|"))
	}
	slices.Sort(codes)
	want := []string{
		"G-9|G-9|GLUE",
		"]C1" + "0104012345000016" + "17271101" + "|" + "]C1" + "10PP/A.1" + "|" + "]d2" + "0104012345000016" + "17271101" + "10PP/A.1",
		"]C1" + "0104012345000023" + "17271102" + "|" + "]C1" + "21M-7" + "|" + "]d2" + "0104012345000023" + "17271102" + "21M-7",
	}
	if strings.Join(codes, "\n") != strings.Join(want, "\n") {
		t.Errorf("printed\n%q, want\n%q", codes, want)
	}
	// The rows say the same.
	var gtin, expires string
	if err := api.DB.Pool.QueryRow(t.Context(), `SELECT i.gtin, to_char(l.expires_on, 'YYMMDD') FROM inventory.lot AS l JOIN catalog.item AS i ON i.id = l.item_id
		WHERE l.number = 'PP/A.1'`).Scan(&gtin, &expires); err != nil || gtin != "04012345000016" || expires != "271101" {
		t.Errorf("%s %s %v", gtin, expires, err)
	}
	// A scanner's answer leads back to the lot.
	found := api.Get(t, "/v1/barcode?barcode="+url.QueryEscape("]d2"+"0104012345000016"+"17271101"+"10PP/A.1")).Want(200)
	if found.Text("item") != "PP/NAT" || found.Text("lot") != "PP/A.1" {
		t.Errorf("%s", found.Body)
	}
	// The PDF is there as well, under a path that works.
	pdf := content(t, api, "lot_label", "PP%2FNAT:PP%2FA.1")
	wants(t, text(t, pdf), "PP/NAT", "PP/A.1", "Verfall 01.11.2027", "Hergestellt 01.11.2026", "Lieferantencharge S-1", "(10)PP/A.1")

	printer := api.Get(t, "/v1/printers/DOCK").Want(200)
	if printer.Text("state") != "ready" || printer.Value("waiting_jobs") != 0.0 || printer.Value("last_success_at") == nil {
		t.Errorf("%s", printer.Body)
	}
	var automatic int
	if err := api.DB.Pool.QueryRow(t.Context(), `SELECT count(*) FROM document.print_job WHERE is_automatic AND state = 'printed' AND attempts = 1 AND NOT is_maybe_double`).Scan(&automatic); err != nil || automatic != 3 {
		t.Errorf("%d automatic print jobs, %v", automatic, err)
	}
}

// TestPackingPrintsTheSSCC: the label of the pallet comes out where its goods were staged, and again when what stands
// on it changed.
func TestPackingPrintsTheSSCC(t *testing.T) {
	t.Parallel()
	api := setup(t)
	staging := device(t, api, "STAGE", m{"default_for": []m{{"location": "S", "label": "handling_unit_label"}}})
	worker(t, api, document.Printing{Guard: loopback})
	_, pallet := ship(t, api, "ABROAD")
	eventually(t, "labels", func() bool { return len(staging.Labels()) == 3 }) // pallet, box, pallet with the box
	var mixed, boxes int
	for _, label := range staging.Labels() {
		switch codes := symbolsOf(t, label); {
		case !slices.Contains(codes, "]C1"+"00"+pallet): // the box
			boxes++
			if !slices.Contains(codes, "]C1"+"0204012345678901"+"3720") || !slices.Contains(codes, "]C1"+"10L-2") {
				t.Errorf("%q", codes)
			}
		case len(codes) == 2: // only the SSCC, as bars and as matrix
			mixed++
		}
	}
	if boxes != 1 || mixed == 0 {
		t.Errorf("%d labels of the box, %d of the pallet with both lots", boxes, mixed)
	}
	label, err := fakeprinter.Parse(staging.Labels()[0])
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(label.Texts, func(text fakeprinter.Text) bool { return text.Text == "Çağlayan A.Ş." }) {
		t.Errorf("%+v", label.Texts)
	}
}

// TestPrintAgain: a label is printed again, once for each request, and the same bytes each time.
func TestPrintAgain(t *testing.T) {
	t.Parallel()
	api := setup(t)
	lots(t, api, "L-1")
	p := device(t, api, "ZD", nil)
	worker(t, api, document.Printing{Guard: loopback})
	body := m{"label": "lot_label", "item": "CRATE", "lot": "L-1", "printer": "ZD", "copies": 3, "language": "tr"}
	key := "0197a000-0000-7000-8000-000000000001"
	first := api.PostKey(t, key, "/v1/print-jobs", body).Want(201)
	again := api.PostKey(t, key, "/v1/print-jobs", body).Want(201)
	if again.Header.Get("Idempotent-Replayed") != "true" || again.Text("number") != first.Text("number") {
		t.Errorf("%s", again.Body)
	}
	eventually(t, "the label", isPrinted(t, api, first.Text("number")))
	second := api.Post(t, "/v1/print-jobs", body).Want(201).Text("number")
	eventually(t, "the second label", isPrinted(t, api, second))
	labels := p.Labels()
	if len(labels) != 6 || !bytes.Equal(labels[0], labels[5]) {
		t.Errorf("%d labels", len(labels))
	}
	job := jobOf(t, api, second)
	file := api.Get(t, job.Text("content")).Want(200)
	sum := sha256.Sum256(file.Body)
	if hex.EncodeToString(sum[:]) != job.Text("sha256") || !bytes.Contains(file.Body, bytes.TrimSpace(labels[5])) {
		t.Errorf("stored %s\nprinted %s", file.Body, labels[5])
	}

	for _, test := range []struct {
		body   m
		slug   string
		status int
	}{
		{m{"label": "lot_label", "item": "CRATE", "lot": "L-1", "printer": "NONE"}, "unknown-printer", 422},
		{m{"label": "lot_label", "item": "CRATE", "lot": "L-1", "location": "A"}, "no-printer-here", 409},
		{m{"label": "lot_label", "item": "CRATE", "lot": "L-9", "printer": "ZD"}, "unknown-lot", 422},
		{m{"label": "lot_label", "item": "BOLT", "printer": "ZD"}, "no-lot-to-label", 409},
		{m{"label": "handling_unit_label", "handling_unit": "340123450000000017", "printer": "ZD"}, "unknown-handling-unit", 422},
	} {
		api.Post(t, "/v1/print-jobs", test.body).Problem(test.slug, test.status)
	}
	small := m{"code": "SMALL", "name": "S", "site": "P1", "host": "127.0.0.1", "label_width": "50", "label_height": "25"}
	api.Post(t, "/v1/printers", small).Want(200)
	_, pallet := ship(t, api, "HOME")
	api.Post(t, "/v1/print-jobs", m{"label": "handling_unit_label", "handling_unit": pallet, "printer": "SMALL"}).Problem("label-does-not-fit", 409)
	small["default_for"] = []m{{"location": "S", "label": "handling_unit_label"}}
	api.Post(t, "/v1/printers", small).Problem("label-does-not-fit", 409)
	small["default_for"] = []m{{"location": "V-CUSTOMER", "label": "lot_label"}}
	api.Post(t, "/v1/printers", small).Problem("location-not-served", 409)
	small["default_for"], small["is_active"] = []m{{"location": "Q", "label": "lot_label"}}, false
	api.Post(t, "/v1/printers", small).Want(200)
	api.Post(t, "/v1/print-jobs", m{"label": "lot_label", "item": "CRATE", "lot": "L-1", "printer": "SMALL"}).Problem("printer-switched-off", 409)
	if got := api.Get(t, "/v1/printers/SMALL").Want(200).Text("state"); got != "off" {
		t.Error(got)
	}
}

// TestPrinterIsDown: it shows, what is to be printed waits, and comes out in order when the printer is back. What
// nobody wants any more can be taken back.
func TestPrinterIsDown(t *testing.T) {
	t.Parallel()
	api := setup(t)
	lots(t, api, "L-1", "L-2", "L-3", "L-4")
	p := device(t, api, "ZD", nil)
	p.Off()
	worker(t, api, document.Printing{Guard: loopback})
	jobs := []string{printLot(t, api, "ZD", "L-1"), printLot(t, api, "ZD", "L-2"), printLot(t, api, "ZD", "L-3"), printLot(t, api, "ZD", "L-4")}
	eventually(t, "the printer is down", func() bool { return api.Get(t, "/v1/printers/ZD").Want(200).Text("state") == "down" })
	down := api.Get(t, "/v1/printers/ZD").Want(200)
	if !strings.Contains(down.Text("last_error"), "refused") || down.Value("waiting_jobs") != 4.0 || down.Value("waiting_since") == nil || down.Value("last_success_at") != nil {
		t.Errorf("%s", down.Body)
	}
	if _, err := api.DB.Pool.Exec(t.Context(), `UPDATE document.print_job SET created_at = created_at - interval '1 hour' WHERE number = $1`, jobs[0]); err != nil {
		t.Fatal(err)
	}
	var finding string
	if err := api.DB.Pool.QueryRow(t.Context(), `SELECT finding FROM event.list_findings() WHERE subject = 'printer ZD'`).Scan(&finding); err != nil || !strings.Contains(finding, "refused") {
		t.Errorf("the doctor says %q, %v", finding, err)
	}
	eventually(t, "a label that waits again", func() bool { return jobOf(t, api, jobs[0]).Text("state") == "waiting" })
	api.Post(t, "/v1/print-job-cancellations", m{"print_job": jobs[2]}).Want(201)
	api.Post(t, "/v1/print-job-cancellations", m{"print_job": jobs[2]}).Problem("print-job-not-waiting", 409)
	api.Post(t, "/v1/print-job-cancellations", m{"print_job": "PJ-999999"}).Problem("unknown-print-job", 422)
	if err := p.On(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the labels", isPrinted(t, api, jobs[3]))
	var printed []string
	for _, label := range p.Labels() {
		printed = append(printed, symbolsOf(t, label)[1])
	}
	if strings.Join(printed, " ") != "]C110L-1 ]C110L-2 ]C110L-4" {
		t.Errorf("printed %q", printed)
	}
	first := jobOf(t, api, jobs[0])
	if first.Value("is_maybe_double") != false || first.Value("attempts").(float64) < 2 || jobOf(t, api, jobs[2]).Text("state") != "cancelled" {
		t.Errorf("%s", first.Body)
	}
	up := api.Get(t, "/v1/printers/ZD").Want(200)
	if up.Text("state") != "ready" || up.Value("waiting_jobs") != 0.0 {
		t.Errorf("%s", up.Body)
	}
	var told []string
	rows, err := api.DB.Pool.Query(t.Context(), `SELECT DISTINCT topic FROM event.inbox WHERE topic LIKE 'print%' UNION SELECT DISTINCT topic FROM event.log WHERE topic LIKE 'print%' ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		var topic string
		if err := rows.Scan(&topic); err != nil {
			t.Fatal(err)
		}
		told = append(told, topic)
	}
	if strings.Join(told, " ") != "print_job.printed printer.failed printer.recovered printer.saved" {
		t.Errorf("told %q", told)
	}
}

// TestPrinterDiesInTheMiddle: the label comes out at least once. Where it may have come out twice, the print job says so.
func TestPrinterDiesInTheMiddle(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		faults fakeprinter.Faults
		labels int
	}{
		"in the first half": {fakeprinter.Faults{DiesAfter: 40}, 1},
		"near the end":      {fakeprinter.Faults{DiesAfter: 400}, 1},
		"after it printed":  {fakeprinter.Faults{DiesAtEnd: true}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := setup(t)
			lots(t, api, "L-1", "L-2")
			p := device(t, api, "ZD", nil)
			p.Break(test.faults)
			worker(t, api, document.Printing{Guard: loopback, Patience: 3 * time.Second})
			job := printLot(t, api, "ZD", "L-1")
			eventually(t, "the label", isPrinted(t, api, job))
			if got := len(p.Labels()); got != test.labels {
				t.Errorf("%d labels came out", got)
			}
			if got := jobOf(t, api, job); got.Value("is_maybe_double") != true || got.Value("attempts") != 2.0 || got.Value("last_error") == nil {
				t.Errorf("%s", got.Body)
			}
			// What had begun does not spoil the next label.
			next := printLot(t, api, "ZD", "L-2")
			eventually(t, "the next label", isPrinted(t, api, next))
			if got := jobOf(t, api, next); got.Value("is_maybe_double") != false {
				t.Errorf("%s", got.Body)
			}
		})
	}
}

// TestPrinterSaysWhatItLacks: without paper nothing is sent, its words show, and nothing comes out twice afterwards.
func TestPrinterSaysWhatItLacks(t *testing.T) {
	t.Parallel()
	api := setup(t)
	lots(t, api, "L-1")
	p := device(t, api, "ZD", nil)
	p.Break(fakeprinter.Faults{IsOutOfPaper: true})
	worker(t, api, document.Printing{Guard: loopback, Patience: 2 * time.Second})
	job := printLot(t, api, "ZD", "L-1")
	eventually(t, "the printer is down", func() bool { return api.Get(t, "/v1/printers/ZD").Want(200).Text("state") == "down" })
	if got := api.Get(t, "/v1/printers/ZD").Want(200).Text("last_error"); got != "is out of paper" {
		t.Errorf("%q", got)
	}
	p.Break(fakeprinter.Faults{})
	eventually(t, "the label", isPrinted(t, api, job))
	if len(p.Labels()) != 1 || jobOf(t, api, job).Value("is_maybe_double") != false {
		t.Errorf("%d labels", len(p.Labels()))
	}
	// One that takes everything and says nothing is down, too.
	p.Break(fakeprinter.Faults{IsMute: true})
	job = printLot(t, api, "ZD", "L-1")
	eventually(t, "the printer is down", func() bool { return api.Get(t, "/v1/printers/ZD").Want(200).Text("state") == "down" })
	p.Break(fakeprinter.Faults{Slowness: 1500 * time.Millisecond})
	eventually(t, "the label of a slow printer", isPrinted(t, api, job))
	if len(p.Labels()) != 2 || jobOf(t, api, job).Value("is_maybe_double") != false {
		t.Errorf("%d labels", len(p.Labels()))
	}
}

// TestPrinterWithoutAStatus: one that answers nothing is printed on as well, when its master data say so.
func TestPrinterWithoutAStatus(t *testing.T) {
	t.Parallel()
	api := setup(t)
	lots(t, api, "L-1")
	p := device(t, api, "OLD", m{"tells_status": false})
	p.Break(fakeprinter.Faults{IsMute: true})
	worker(t, api, document.Printing{Guard: loopback})
	eventually(t, "the label", isPrinted(t, api, printLot(t, api, "OLD", "L-1")))
	eventually(t, "the paper", func() bool { return len(p.Labels()) == 1 })
}

// TestOnlyWhereAnAdministratorAllows: no master data lead the worker to an address that its configuration does not name.
func TestOnlyWhereAnAdministratorAllows(t *testing.T) {
	t.Parallel()
	api := setup(t)
	lots(t, api, "L-1")
	p := device(t, api, "ZD", nil)
	other := device(t, api, "META", m{"host": "169.254.169.254", "port": 80})
	worker(t, api, document.Printing{Guard: remote.Only(netip.MustParsePrefix("10.0.0.0/8"))})
	printLot(t, api, "ZD", "L-1")
	printLot(t, api, "META", "L-1")
	for _, code := range []string{"ZD", "META"} {
		eventually(t, code+" is down", func() bool { return api.Get(t, "/v1/printers/"+code).Want(200).Text("state") == "down" })
		if got := api.Get(t, "/v1/printers/"+code).Want(200).Text("last_error"); !strings.Contains(got, "MILLRACE_PRINTER_NETWORKS") {
			t.Errorf("%q", got)
		}
	}
	if p.MostConnections()+other.MostConnections() != 0 {
		t.Error("it was called")
	}
	for _, host := range []string{"http://10.0.0.1", "a b", "x/../y", "-x", "a:b@c"} {
		body := m{"code": "X", "name": "X", "site": "P1", "host": host, "label_width": "100", "label_height": "150"}
		api.Post(t, "/v1/printers", body).Want(422)
	}
}

// TestManyWorkersOnePrinter: labels come out once and in order, over one connection at a time, although four workers
// are there, one of them ends in the middle, and everybody prints at once.
func TestManyWorkersOnePrinter(t *testing.T) {
	t.Parallel()
	api := setup(t)
	var names []string
	for i := range 40 {
		names = append(names, fmt.Sprintf("L-%03d", i))
	}
	lots(t, api, names...)
	p := device(t, api, "ZD", nil)
	p.Break(fakeprinter.Faults{Slowness: 20 * time.Millisecond})
	var stops []func()
	for range 4 {
		stops = append(stops, worker(t, api, document.Printing{Guard: loopback}))
	}
	var last string
	for i, name := range names {
		last = printLot(t, api, "ZD", name)
		if i == 20 {
			go stops[0]()
		}
	}
	eventually(t, "all labels", func() bool {
		var open int
		if err := api.DB.Pool.QueryRow(t.Context(), `SELECT count(*) FROM document.print_job WHERE state <> 'printed'`).Scan(&open); err != nil {
			t.Fatal(err)
		}
		return open == 0
	})
	isPrinted(t, api, last)
	var doubles int
	if err := api.DB.Pool.QueryRow(t.Context(), `SELECT count(*) FROM document.print_job WHERE is_maybe_double`).Scan(&doubles); err != nil {
		t.Fatal(err)
	}
	var printed []string
	for _, label := range p.Labels() {
		printed = append(printed, strings.TrimPrefix(symbolsOf(t, label)[1], "]C110"))
	}
	if once := slices.Compact(slices.Clone(printed)); strings.Join(once, " ") != strings.Join(names, " ") || len(printed)-len(once) > doubles || doubles > 1 {
		t.Errorf("%d doubles told, printed %q", doubles, printed)
	}
	// The printer may still be reading what the worker that ended had sent when the next one comes; of four, no more than that.
	if got := p.MostConnections(); got > 2 {
		t.Errorf("%d connections at once", got)
	}
}

// TestOldLabelsAreForgotten: what ended long ago goes, some at a time; what waits stays for as long as it takes.
func TestOldLabelsAreForgotten(t *testing.T) {
	t.Parallel()
	api := setup(t)
	device(t, api, "P1", nil)
	for _, sql := range []string{
		`INSERT INTO document.print_job (printer_id, kind, document_number, is_automatic, actor, state, content, created_at, finished_at)
		SELECT p.id, 'lot_label', 'X:' || n, false, 'x', 'cancelled', 'x', now() - interval '1 year', now() - make_interval(days => CASE WHEN n <= 2500 THEN 91 ELSE 89 END)
		FROM document.printer AS p, generate_series(1, 2510) AS n`,
		`INSERT INTO document.print_job (printer_id, kind, document_number, is_automatic, actor, created_at)
		SELECT p.id, 'lot_label', 'X:0', false, 'x', now() - interval '1 year' FROM document.printer AS p`,
		`SELECT event.insert_job('document_forget_print_jobs', '{}')`,
	} {
		if _, err := api.DB.Pool.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	api.DB.SkipChecks() // labels of lots that never were
	worker(t, api, document.Printing{})
	eventually(t, "the old ones to be gone", func() bool {
		var n int
		if err := api.DB.Pool.QueryRow(t.Context(), `SELECT count(*) FROM document.print_job`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n == 11
	})
}
