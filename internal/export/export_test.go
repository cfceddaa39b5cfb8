package export_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/xuri/excelize/v2"

	"github.com/millrace-erp/millrace/internal/demo"
	"github.com/millrace-erp/millrace/internal/export"
	"github.com/millrace-erp/millrace/internal/httpapi/httpapitest"
	"github.com/millrace-erp/millrace/internal/pg"
	"github.com/millrace-erp/millrace/internal/queue"
	"github.com/millrace-erp/millrace/internal/testdb"
)

type m = map[string]any

// factory is a factory in which a crate went its whole way.
func factory(t *testing.T) *httpapitest.API {
	t.Helper()
	api := httpapitest.New(t)
	client := &demo.Client{URL: api.URL, Tokens: httpapitest.Tokens(), HTTP: http.DefaultClient}
	quiet := func(int, int, string) {}
	if err := demo.Load(t.Context(), client, quiet); err != nil {
		t.Fatal(err)
	}
	if _, err := demo.Journey(t.Context(), client, quiet); err != nil {
		t.Fatal(err)
	}
	return api
}

// work runs a worker of exports until the test ends.
func work(t *testing.T, api *httpapitest.API) {
	t.Helper()
	primary := &pg.Primary{Pool: api.DB.As(t, testdb.WorkerRole)}
	jobs := queue.NewJobs()
	export.RegisterJobs(jobs, primary)
	client, err := queue.NewClient(primary, jobs, queue.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Start(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := client.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
}

// await asks for the job until it has ended, as a client does.
func await(t *testing.T, api *httpapitest.API, location string) *httpapitest.Answer {
	t.Helper()
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		job := api.Get(t, location).Want(200)
		switch job.Text("state") {
		case "completed", "cancelled", "discarded":
			return job
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s is %s", location, job.Body)
		}
	}
}

// download gives the workbook at a path, held to its hash.
func download(t *testing.T, api *httpapitest.API, number string) *excelize.File {
	t.Helper()
	meta := api.Get(t, "/v1/exports/"+number).Want(200)
	content := api.Get(t, meta.Text("content")).Want(200)
	sum := sha256.Sum256(content.Body)
	if got := hex.EncodeToString(sum[:]); got != meta.Text("sha256") || content.Header.Get("ETag") != `"`+got+`"` {
		t.Errorf("hash %s, ETag %s, stored %s", got, content.Header.Get("ETag"), meta.Text("sha256"))
	}
	if got := content.Header.Get("Repr-Digest"); got != "sha-256=:"+base64.StdEncoding.EncodeToString(sum[:])+":" {
		t.Errorf("digest %s", got)
	}
	if got, want := content.Header.Get("Content-Length"), meta.Text("size"); got != strconv.Itoa(len(content.Body)) || got != want {
		t.Errorf("length %s, size %s, %d bytes", got, want, len(content.Body))
	}
	file, err := excelize.OpenReader(bytes.NewReader(content.Body))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	return file
}

// TestMovementsNameTheirDocuments: the sheet of movements has the number that the document itself has; that of a reversal is
// the number of what it takes back.
func TestMovementsNameTheirDocuments(t *testing.T) {
	t.Parallel()
	api := factory(t)
	work(t, api)
	stock := api.Get(t, "/v1/stock?item=CRATE-6420&location=FIN-01").Want(200)
	api.Post(t, "/v1/lot-splits", m{"item": "CRATE-6420", "location": "FIN-01", "lot": stock.Text("items", 0, "lot"), "quantity": "1", "new_lot": "SPLIT-1"}).Want(201)
	answer := api.Post(t, "/v1/exports", m{"kind": "movements"}).Want(202)
	await(t, api, answer.Header.Get("Location"))
	got, err := download(t, api, answer.Text("number")).GetRows("Movements", excelize.Options{RawCellValue: true})
	if err != nil {
		t.Fatal(err)
	}
	documents := map[string]string{}
	rows, err := api.DB.Pool.Query(t.Context(), `
		SELECT m.id::text, d.number
		FROM inventory.movement AS m
		LEFT JOIN inventory.movement AS r ON r.id = m.reverses_movement_id AND m.document_type = 'reversal'
		JOIN (
			SELECT 'goods_receipt' AS kind, t.id, t.number FROM purchasing.goods_receipt AS t
			UNION ALL SELECT 'supplier_return', t.id, t.number FROM purchasing.supplier_return AS t
			UNION ALL SELECT 'inspection', t.id, t.number FROM purchasing.inspection AS t
			UNION ALL SELECT 'material_issue', t.id, t.number FROM production.material_issue AS t
			UNION ALL SELECT 'production_report', t.id, t.number FROM production.production_report AS t
			UNION ALL SELECT 'pick', t.id, t.number FROM shipping.pick AS t
			UNION ALL SELECT 'shipment', t.id, t.number FROM shipping.shipment AS t
			UNION ALL SELECT 'customer_return', t.id, t.number FROM shipping.customer_return AS t
			UNION ALL SELECT 'return_inspection', t.id, t.number FROM shipping.return_inspection AS t
			UNION ALL SELECT 'count', t.id, t.number FROM inventory.count AS t
			UNION ALL SELECT 'lot_change', t.id, t.number FROM inventory.lot_change AS t
			UNION ALL SELECT k, t.document_id, inventory.transfer_number(t.document_id)
				FROM (SELECT DISTINCT document_id, document_type::text AS k FROM inventory.movement WHERE document_type IN ('opening', 'transfer', 'scrapping')) AS t
		) AS d ON d.kind = coalesce(r.document_type, m.document_type)::text AND d.id = m.document_id`)
	if err != nil {
		t.Fatal(err)
	}
	var movement, number string
	if _, err := pgx.ForEachRow(rows, []any{&movement, &number}, func() error { documents[movement] = number; return nil }); err != nil {
		t.Fatal(err)
	}
	kinds := map[string]bool{}
	for _, row := range got[1:] {
		kinds[row[13]] = true
		if row[14] == "" || row[14] != documents[row[0]] {
			t.Errorf("movement %s of %s %q, and its document is %q", row[0], row[13], row[14], documents[row[0]])
		}
	}
	if len(kinds) < 10 || !kinds["reversal"] || !kinds["lot_change"] {
		t.Errorf("only %v", kinds)
	}
}

// TestExportsTellWhatTheDatabaseKnows: each kind of spreadsheet has every row, with its
// exact figures, by request, job, link and download.
func TestExportsTellWhatTheDatabaseKnows(t *testing.T) {
	t.Parallel()
	api := factory(t)
	work(t, api)
	if _, err := api.DB.Pool.Exec(t.Context(), `SELECT event.advance_log(100000), costing.advance(100000)`); err != nil {
		t.Fatal(err) // costs follow the postings
	}

	for _, trial := range []struct {
		body   m
		sheet  string
		head   string
		column string // whose sum is compared
		sql    string // rows and sum
	}{
		{
			m{"kind": "stock"},
			"Stock", "Site", "I",
			`SELECT count(*), coalesce(sum(on_hand), 0) FROM inventory.balance WHERE on_hand > 0`,
		},
		{
			m{"kind": "movements", "language": "tr"},
			"Hareketler", "Hareket", "J",
			`SELECT count(*), coalesce(sum(quantity), 0) FROM inventory.movement`,
		},
		{
			m{"kind": "movements", "filters": m{"item": "PP-NAT"}},
			"Movements", "Movement", "J",
			`SELECT count(*), coalesce(sum(quantity), 0) FROM inventory.movement WHERE item_id = (SELECT id FROM catalog.item WHERE number = 'PP-NAT')`,
		},
		{
			m{"kind": "movements", "filters": m{"until": "2020-01-01T00:00:00Z"}}, "Movements", "Movement", "J", `SELECT 0, 0`,
		},
		{
			m{"kind": "valuation", "language": "de", "keep_days": 30},
			"Bewertung", "Artikel", "F",
			`SELECT count(*), coalesce(sum(value), 0) FROM costing.item_stock`,
		},
		{
			m{"kind": "genealogy"},
			"Genealogy", "Went in: item", "F",
			`SELECT count(*), coalesce(sum(quantity), 0) FROM inventory.genealogy`,
		},
	} {
		answer := api.Post(t, "/v1/exports", trial.body).Want(202)
		location := answer.Header.Get("Location")
		if location != "/v1/jobs/"+answer.Text("job") || answer.Text("state") != "pending" && answer.Text("state") != "ready" {
			t.Fatalf("Location %s of %s", location, answer.Body)
		}
		number := answer.Text("number")
		job := await(t, api, location)
		if job.Text("state") != "completed" || job.Text("progress") != "100" || job.Text("link") != "/v1/exports/"+number+"/content" || job.Text("about", "number") != number {
			t.Fatalf("job %s", job.Body)
		}
		file := download(t, api, number)
		var rows int
		var sum string
		if err := api.DB.Pool.QueryRow(t.Context(), trial.sql).Scan(&rows, &sum); err != nil {
			t.Fatal(err)
		}
		if isEmpty := strings.HasPrefix(trial.sql, "SELECT 0"); (rows == 0) != isEmpty {
			t.Fatalf("%v: %d rows prove nothing", trial.body, rows)
		}
		meta := api.Get(t, "/v1/exports/"+number).Want(200)
		if meta.Text("rows") != strconv.Itoa(rows) || meta.Text("state") != "ready" || meta.Text("requested_by") != "tester" {
			t.Errorf("%v: %s, want %d rows", trial.body, meta.Body, rows)
		}
		if list := file.GetSheetList(); list[0] != trial.sheet {
			t.Errorf("%v: sheets %v", trial.body, list)
			continue
		}
		got, err := file.GetRows(trial.sheet, excelize.Options{RawCellValue: true})
		if err != nil || len(got) != rows+1 || got[0][0] != trial.head {
			t.Errorf("%v: %d rows, heading %v, want %d and %s (%v)", trial.body, len(got), got[0], rows+1, trial.head, err)
		}
		// Added up by Postgres: decimals, exactly.
		var figures []string
		for i := range rows {
			cell := trial.column + strconv.Itoa(i+2)
			if kind, err := file.GetCellType(trial.sheet, cell); err != nil || kind != excelize.CellTypeUnset {
				t.Errorf("%v: %s is no number (%v, %v)", trial.body, cell, kind, err)
			}
			figure, err := file.GetCellValue(trial.sheet, cell, excelize.Options{RawCellValue: true})
			if err != nil {
				t.Fatal(err)
			}
			figures = append(figures, figure)
		}
		var isEqual bool
		err = api.DB.Pool.QueryRow(t.Context(), `SELECT coalesce(sum(f::numeric), 0) = $2::numeric FROM unnest($1::text[]) AS f`, figures, sum).Scan(&isEqual)
		if err != nil || !isEqual {
			t.Errorf("%v: %v do not sum to %s (%v)", trial.body, figures, sum, err)
		}
	}
	var page struct {
		Items []export.Export `json:"items"`
		Next  *string         `json:"next"`
	}
	api.Get(t, "/v1/exports?limit=4").Want(200).JSON(&page)
	if len(page.Items) != 4 || page.Next == nil {
		t.Fatalf("listed %+v", page)
	}
	api.Get(t, "/v1/exports?limit=4&after="+*page.Next).Want(200).JSON(&page)
	if len(page.Items) != 2 || page.Next != nil {
		t.Errorf("second page %+v", page)
	}
}

// TestGenealogyOfALot is the tree above and below it, and nothing else.
func TestGenealogyOfALot(t *testing.T) {
	t.Parallel()
	api := factory(t)
	work(t, api)
	var item, lot string
	var edges int
	err := api.DB.Pool.QueryRow(t.Context(), `
		WITH RECURSIVE lot AS (
			SELECT i.number AS item, l.number, l.id FROM inventory.lot AS l JOIN catalog.item AS i ON i.id = l.item_id
			WHERE l.id IN (SELECT child_lot_id FROM inventory.genealogy) ORDER BY l.id LIMIT 1
		), up AS (
			SELECT g.* FROM inventory.genealogy AS g JOIN lot ON g.child_lot_id = lot.id
			UNION SELECT g.* FROM inventory.genealogy AS g JOIN up ON g.child_lot_id = up.parent_lot_id
		), down AS (
			SELECT g.* FROM inventory.genealogy AS g JOIN lot ON g.parent_lot_id = lot.id
			UNION SELECT g.* FROM inventory.genealogy AS g JOIN down ON g.parent_lot_id = down.child_lot_id
		)
		SELECT lot.item, lot.number, (SELECT count(*) FROM (SELECT id FROM up UNION SELECT id FROM down) AS e) FROM lot`).Scan(&item, &lot, &edges)
	if err != nil || edges == 0 {
		t.Fatalf("%d edges, %v", edges, err)
	}
	answer := api.Post(t, "/v1/exports", m{"kind": "genealogy", "filters": m{"item": item, "lot": lot}}).Want(202)
	await(t, api, answer.Header.Get("Location"))
	if rows, err := download(t, api, answer.Text("number")).GetRows("Genealogy"); err != nil || len(rows) != edges+1 {
		t.Errorf("%d rows, want %d (%v)", len(rows)-1, edges, err)
	}
}

func TestExportsRefuseWhatMakesNoSense(t *testing.T) {
	t.Parallel()
	api := factory(t)
	for _, trial := range []struct {
		body    m
		problem string
	}{
		{m{"kind": "stock", "filters": m{"item": "NO-SUCH"}}, "unknown-item"},
		{m{"kind": "stock", "filters": m{"location": "NO-SUCH"}}, "unknown-location"},
		{m{"kind": "stock", "filters": m{"lot": "L-1"}}, "filter-does-not-apply"},
		{m{"kind": "valuation", "filters": m{"location": "RAW-01"}}, "filter-does-not-apply"},
		{m{"kind": "genealogy", "filters": m{"lot": "L-1"}}, "lot-without-item"},
		{m{"kind": "movements", "filters": m{"from": "2026-02-01T00:00:00Z", "until": "2026-02-01T00:00:00Z"}}, "time-ends-before-it-begins"},
		{m{"kind": "everything"}, "validation-failed"},
		{m{"kind": "stock", "keep_days": 91}, "validation-failed"},
		{m{"kind": "stock", "filters": m{"colour": "red"}}, "validation-failed"},
	} {
		answer := api.Post(t, "/v1/exports", trial.body).Want(422)
		if !strings.HasSuffix(answer.Text("type"), trial.problem) {
			t.Errorf("%v: %s, want %s", trial.body, answer.Body, trial.problem)
		}
	}
	var jobs int
	if err := api.DB.Pool.QueryRow(t.Context(), `SELECT count(*) FROM river.river_job WHERE kind = 'export_write'`).Scan(&jobs); err != nil || jobs != 0 {
		t.Errorf("%d jobs (%v)", jobs, err)
	}
	key := httpapitest.Key()
	first := api.PostKey(t, key, "/v1/exports", m{"kind": "stock"}).Want(202)
	again := api.PostKey(t, key, "/v1/exports", m{"kind": "stock"}).Want(202)
	if !again.Replayed || again.Text("number") != first.Text("number") || again.Header.Get("Location") != first.Header.Get("Location") {
		t.Errorf("replayed %s as %s", first.Body, again.Body)
	}
	api.Get(t, "/v1/exports/"+first.Text("number")+"/content").Want(404)
	api.Get(t, "/v1/exports/EX-999999").Want(404)
	api.Get(t, "/v1/exports/EX-999999/content").Want(404)
}

// TestExportsExpire: after its days the content is gone and the record is not.
func TestExportsExpire(t *testing.T) {
	t.Parallel()
	api := factory(t)
	work(t, api)
	answer := api.Post(t, "/v1/exports", m{"kind": "stock"}).Want(202)
	number := answer.Text("number")
	await(t, api, answer.Header.Get("Location"))
	meta := api.Get(t, "/v1/exports/"+number).Want(200)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, api.URL+meta.Text("content"), nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("If-None-Match", `"`+meta.Text("sha256")+`"`)
	api.Do(t, req).Want(304)

	exec := func(sql string) {
		t.Helper()
		if _, err := api.DB.Pool.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	exec(`UPDATE export.file SET expires_at = clock_timestamp()`)
	api.Get(t, meta.Text("content")).Want(404)
	if got := api.Get(t, "/v1/exports/"+number).Want(200).Text("state"); got != "expired" {
		t.Errorf("state %s", got)
	}
	// One that was given up leaves nothing either.
	given := api.Post(t, "/v1/exports", m{"kind": "stock"}).Want(202)
	await(t, api, given.Header.Get("Location"))
	exec(`UPDATE export.file SET finished_at = NULL, as_of = NULL, row_count = NULL, size = NULL, sha256 = NULL, expires_at = NULL,
		requested_at = clock_timestamp() - interval '2 days' WHERE number = '` + given.Text("number") + `'`)
	var dropped, left int
	if err := api.DB.Pool.QueryRow(t.Context(), `SELECT export.drop_expired(100)`).Scan(&dropped); err != nil {
		t.Fatal(err)
	}
	if err := api.DB.Pool.QueryRow(t.Context(), `SELECT count(*) FROM export.chunk`).Scan(&left); err != nil || dropped != 2 || left != 0 {
		t.Errorf("%d dropped, %d pieces left, %v", dropped, left, err)
	}
	api.Get(t, meta.Text("content")).Want(404)
}
