package production_test

import (
	"context"
	_ "embed"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/millrace-erp/millrace/internal/httpapi/httpapitest"
	"github.com/millrace-erp/millrace/internal/testdb"
)

//go:embed testdata/plant.sql
var plant string

type m map[string]any

func setup(t testing.TB) *httpapitest.API {
	t.Helper()
	api := httpapitest.New(t)
	if _, err := api.DB.Pool.Exec(context.Background(), plant); err != nil {
		t.Fatal(err)
	}
	return api
}

func open(t testing.TB, api *httpapitest.API, item, lot, to, quantity string, more ...string) {
	t.Helper()
	body := m{"item": item, "to": to, "quantity": quantity}
	if lot != "" {
		body["lot"] = lot
	}
	if len(more) > 0 {
		body["expires_on"] = more[0]
	}
	api.Post(t, "/v1/opening-stocks", body).Want(201)
}

// stocked is a plant with material for 1000 crates: resin in two lots, the second of which expires first.
func stocked(t *testing.T) *httpapitest.API {
	t.Helper()
	api := setup(t)
	open(t, api, "RESIN", "R-1", "LINE", "1000", "2099-12-31")
	open(t, api, "RESIN", "R-2", "LINE", "100", "2099-06-30")
	open(t, api, "BATCH", "B-1", "RAW", "100000")
	open(t, api, "INSERT", "I-1", "RAW", "1500")
	open(t, api, "INSERT", "I-2", "LINE", "1500")
	open(t, api, "LABEL", "", "LINE", "1000")
	open(t, api, "BOLT", "", "LINE", "1000")
	return api
}

func order(t testing.TB, api *httpapitest.API, item, quantity string, more m) string {
	t.Helper()
	body := m{"item": item, "quantity": quantity, "site": "P1"}
	for k, v := range more {
		body[k] = v
	}
	return api.Post(t, "/v1/work-orders", body).Want(201).Text("number")
}

func want(t testing.TB, what, got, want string) {
	t.Helper()
	if got != want {
		t.Fatalf("%s: %s, want %s", what, got, want)
	}
}

func one(t testing.TB, db *testdb.DB, sql string, args ...any) (v string) {
	t.Helper()
	if err := db.Pool.QueryRow(context.Background(), sql, args...).Scan(&v); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return v
}

func onHand(t testing.TB, db *testdb.DB, item, location string) string {
	t.Helper()
	return one(t, db, `SELECT trim_scale(coalesce(sum(b.on_hand), 0))::text FROM inventory.balance AS b
		JOIN catalog.item AS i ON i.id = b.item_id JOIN catalog.location AS c ON c.id = b.location_id
		WHERE i.number = $1 AND c.code = $2`, item, location)
}

// madeOf is the genealogy of a lot: parent lot and quantity, in order.
func madeOf(t testing.TB, db *testdb.DB, lot string) string {
	t.Helper()
	return one(t, db, `SELECT coalesce(string_agg(v.number || ' ' || trim_scale(v.quantity), ', ' ORDER BY v.number), '') FROM (
		SELECT p.number, sum(g.quantity) AS quantity FROM inventory.genealogy AS g JOIN inventory.lot AS p ON p.id = g.parent_lot_id
		JOIN inventory.lot AS c ON c.id = g.child_lot_id WHERE c.number = $1 AND g.quantity > 0 GROUP BY p.number) AS v`, lot)
}

func TestCratesAreMade(t *testing.T) {
	t.Parallel()
	api := stocked(t)
	wo := api.Post(t, "/v1/work-orders", m{"item": "CRATE", "quantity": "10", "unit": "XBX", "due_on": "2026-12-24", "external_number": "E-1"}).Want(201)
	number := wo.Text("number")
	want(t, "quantity", wo.Text("quantity"), "100")
	want(t, "site of the work center", wo.Text("site"), "P1")
	want(t, "revision of today", wo.Text("revision"), "B")
	want(t, "supply of the work center", wo.Text("materials", 0, "supply_location"), "LINE")
	want(t, "supply of the item", wo.Text("materials", 1, "supply_location"), "RAW")
	want(t, "resin", wo.Text("materials", 0, "required_quantity"), "150")
	want(t, "labels", wo.Text("materials", 3, "required_quantity"), "33")
	want(t, "planned", wo.Text("operations", 0, "planned_minutes"), "105")
	api.Post(t, "/v1/work-orders", m{"item": "CRATE", "quantity": "1", "external_number": "E-1"}).Problem("work-order-exists", 409)
	want(t, "a revision of old", api.Post(t, "/v1/work-orders", m{"item": "CRATE", "quantity": "7", "as_of": "2025-06-01"}).Want(201).Text("revision"), "A")

	// 200 inserts are scanned in two lots; the first comes where it lies, the second by its label.
	issue := api.Post(t, "/v1/material-issues", m{"work_order": number, "lines": []m{
		{"item": "INSERT", "quantity": "120"}, {"barcode": "I-2", "quantity": "100"},
	}}).Want(201)
	want(t, "the supply location first", issue.Text("lines", 0, "location"), "RAW")
	want(t, "where the lot lies", issue.Text("lines", 1, "location"), "LINE")
	want(t, "state", api.Get(t, "/v1/work-orders/"+number).Text("state"), "in_process")
	api.Post(t, "/v1/material-issues", m{"work_order": number, "lines": []m{{"item": "INSERT", "quantity": "1"}}}).Problem("beyond-required", 409)

	// 45 good and 5 scrap use half of everything: resin by expiry, inserts of the lot issued first.
	report := api.Post(t, "/v1/production-reports", m{
		"work_order": number, "operation": 10, "good_quantity": "45", "scrap_quantity": "5", "scrap_reason": "SHORT",
		"rework_quantity": "2", "lot": "C-1", "started_at": "2026-11-20T06:00:00Z", "ended_at": "2026-11-20T07:30:00Z", "operator": "ANNA",
	}).Want(201)
	want(t, "minutes", report.Text("duration_minutes"), "90")
	want(t, "resin of R-2, which expires first", report.Text("materials", 0, "lot")+" "+report.Text("materials", 0, "quantity"), "R-2 75")
	want(t, "finished", onHand(t, api.DB, "CRATE", "FIN"), "45")
	want(t, "genealogy", madeOf(t, api.DB, "C-1"), "B-1 1500, I-1 100, R-2 75")
	want(t, "labels", onHand(t, api.DB, "LABEL", "LINE"), "983") // 16.5 labels are 17

	// The second half, with the lots named.
	second := api.Post(t, "/v1/production-reports", m{"work_order": number, "good_quantity": "50", "lot": "C-2", "materials": []m{
		{"item": "RESIN", "lot": "R-1", "quantity": "20"}, {"item": "BATCH", "lot": "B-1"},
	}}).Want(201)
	want(t, "genealogy", madeOf(t, api.DB, "C-2"), "B-1 1500, I-1 20, I-2 80, R-1 50, R-2 25")
	want(t, "labels in all", onHand(t, api.DB, "LABEL", "LINE"), "967")
	want(t, "resin in all", onHand(t, api.DB, "RESIN", "LINE"), "950")

	// 20 inserts too many: five come back, the rest is counted to the last report.
	api.Post(t, "/v1/material-returns", m{"work_order": number, "lines": []m{{"item": "INSERT", "lot": "I-2", "quantity": "101"}}}).Problem("beyond-issued", 409)
	ret := api.Post(t, "/v1/material-returns", m{"work_order": number, "lines": []m{{"item": "INSERT", "lot": "I-2", "quantity": "5", "location": "LINE"}}}).Want(201)
	want(t, "kind", ret.Text("kind"), "return")
	done := api.Post(t, "/v1/work-order-completions", m{"work_order": number}).Want(201)
	want(t, "state", done.Text("state"), "completed")
	want(t, "inserts", done.Text("materials", 2, "issued_quantity"), "215")
	want(t, "scrap", done.Text("scrap_quantity"), "5")
	want(t, "rework", done.Text("rework_quantity"), "2")
	want(t, "genealogy", madeOf(t, api.DB, "C-2"), "B-1 1500, I-1 20, I-2 95, R-1 50, R-2 25")
	lot := api.Get(t, "/v1/items/CRATE/lots/C-2").Want(200)
	if lot.Len("made_from") != 5 {
		t.Fatalf("%s", lot.Body)
	}

	api.Post(t, "/v1/production-reports", m{"work_order": number, "good_quantity": "1"}).Problem("work-order-state", 409)
	api.Post(t, "/v1/material-issues", m{"work_order": number, "lines": []m{{"item": "INSERT", "quantity": "1"}}}).Problem("work-order-state", 409)
	api.Post(t, "/v1/production-report-reversals", m{"production_report": second.Text("number"), "reason": "MISTAKE"}).Problem("work-order-state", 409)
	for _, path := range []string{"/v1/work-orders?limit=1", "/v1/material-issues", "/v1/production-reports", "/v1/material-issues/" + ret.Text("number"), "/v1/production-reports/" + report.Text("number")} {
		api.Get(t, path).Want(200)
	}
	for _, path := range []string{"/v1/work-orders/WO-999999", "/v1/material-issues/MI-999999", "/v1/production-reports/PR-999999"} {
		api.Get(t, path).Want(404)
	}
}

// Backflush is cumulative: whatever the portions, the whole order uses what it requires.
func TestBackflushDoesNotDrift(t *testing.T) {
	t.Parallel()
	api := stocked(t)
	wo := order(t, api, "CRATE", "7", m{"over_production_percent": "100"}) // 2.31 labels: 3
	for range 7 {
		api.Post(t, "/v1/production-reports", m{"work_order": wo, "good_quantity": "1", "lot": "C-1"}).Want(201)
	}
	after := api.Get(t, "/v1/work-orders/"+wo)
	for i, quantity := range map[int]string{0: "10.5", 1: "210", 3: "3"} {
		want(t, "issued", after.Text("materials", i, "issued_quantity"), quantity)
		want(t, "required", after.Text("materials", i, "required_quantity"), quantity)
	}
	api.Post(t, "/v1/production-reports", m{"work_order": wo, "good_quantity": "7", "lot": "C-1"}).Want(201)
	want(t, "resin of twice the order", api.Get(t, "/v1/work-orders/"+wo).Text("materials", 0, "issued_quantity"), "21")
	api.Post(t, "/v1/production-reports", m{"work_order": wo, "good_quantity": "1"}).Problem("beyond-work-order", 409)
	// What was scanned before is not taken again.
	other := order(t, api, "CRATE", "100", nil)
	api.Post(t, "/v1/material-issues", m{"work_order": other, "lines": []m{{"item": "RESIN", "lot": "R-1", "quantity": "60"}}}).Want(201)
	api.Post(t, "/v1/production-reports", m{"work_order": other, "good_quantity": "50", "lot": "C-9"}).Want(201)
	want(t, "resin", api.Get(t, "/v1/work-orders/"+other).Text("materials", 0, "issued_quantity"), "75")
	want(t, "genealogy", madeOf(t, api.DB, "C-9"), "B-1 1500, R-1 60, R-2 15")
}

func TestOnlyTheLastOperationMovesStock(t *testing.T) {
	t.Parallel()
	api := stocked(t)
	wo := order(t, api, "BODY", "10", nil)
	api.Post(t, "/v1/production-reports", m{"work_order": wo, "operation": 10, "kind": "setup", "started_at": "2026-11-20T06:00:00Z", "ended_at": "2026-11-20T06:20:00Z"}).Want(201)
	turn := api.Post(t, "/v1/production-reports", m{"work_order": wo, "operation": 10, "good_quantity": "12", "scrap_quantity": "1", "scrap_reason": "SHORT"}).Want(201)
	if turn.Value("moves_stock") != false {
		t.Fatal("the first of two operations moves no stock")
	}
	api.Post(t, "/v1/production-reports", m{"work_order": wo, "operation": 20, "kind": "breakdown", "started_at": "2026-11-20T06:00:00Z", "ended_at": "2026-11-20T06:20:00Z"}).Want(201)
	want(t, "nothing moved", onHand(t, api.DB, "BOLT", "LINE")+" "+onHand(t, api.DB, "BODY", "FIN"), "1000 0")
	grind := api.Post(t, "/v1/production-reports", m{"work_order": wo, "operation": 20, "good_quantity": "9", "location": "RAW"}).Want(201)
	want(t, "work center", grind.Text("work_center"), "M2")
	want(t, "moved", onHand(t, api.DB, "BOLT", "LINE")+" "+onHand(t, api.DB, "BODY", "RAW"), "964 9")
	api.Post(t, "/v1/production-report-reversals", m{"production_report": turn.Text("number"), "reason": "MISTAKE"}).Want(201)
	after := api.Get(t, "/v1/work-orders/"+wo)
	want(t, "turned", after.Text("operations", 0, "good_quantity"), "0")
	want(t, "ground", after.Text("operations", 1, "good_quantity"), "9")
	want(t, "good", after.Text("good_quantity"), "9")
}

// An order may name its own steps; the last of them moves stock.
func TestAnOrderMayNameItsSteps(t *testing.T) {
	t.Parallel()
	api := stocked(t)
	steps := func(second int) m {
		return m{"item": "BODY", "quantity": "2", "operations": []m{
			{"operation": 5, "name": "saw", "work_center": "M2"}, {"operation": second, "name": "weld", "work_center": "M1", "planned_minutes": "7.5"},
		}}
	}
	wo := api.Post(t, "/v1/work-orders", steps(7)).Want(201)
	want(t, "work center of the last step", wo.Text("work_center"), "M1")
	want(t, "planned", wo.Text("operations", 1, "planned_minutes"), "7.5")
	api.Post(t, "/v1/work-orders", steps(5)).Problem("already-exists", 409)
	api.Post(t, "/v1/production-reports", m{"work_order": wo.Text("number"), "operation": 5, "good_quantity": "2"}).Want(201)
	api.Post(t, "/v1/production-reports", m{"work_order": wo.Text("number"), "operation": 7, "good_quantity": "2"}).Want(201)
	want(t, "BODY", onHand(t, api.DB, "BODY", "FIN"), "2")
}

func TestReversalsRestore(t *testing.T) {
	t.Parallel()
	api := stocked(t)
	wo := order(t, api, "CRATE", "100", nil)
	stock := func() string {
		return one(t, api.DB, `SELECT string_agg(i.number || '@' || c.code || '=' || trim_scale(s.on_hand), ' ' ORDER BY i.number, c.code)
			FROM (SELECT item_id, location_id, sum(on_hand) AS on_hand FROM inventory.balance GROUP BY item_id, location_id HAVING sum(on_hand) > 0) AS s
			JOIN catalog.item AS i ON i.id = s.item_id JOIN catalog.location AS c ON c.id = s.location_id`)
	}
	before := stock()
	issue := api.Post(t, "/v1/material-issues", m{"work_order": wo, "lines": []m{{"item": "INSERT", "lot": "I-1", "quantity": "200"}}}).Want(201).Text("number")
	report := api.Post(t, "/v1/production-reports", m{"work_order": wo, "good_quantity": "40", "scrap_quantity": "2", "scrap_reason": "SHORT", "lot": "C-1"}).Want(201).Text("number")
	want(t, "genealogy", madeOf(t, api.DB, "C-1"), "B-1 1260, I-1 84, R-2 63")
	api.Post(t, "/v1/work-order-cancellations", m{"work_order": wo}).Problem("work-order-in-use", 409)

	// Goods that went on cannot be taken back.
	moved := api.Post(t, "/v1/transfers", m{"item": "CRATE", "lot": "C-1", "from": "FIN", "to": "RAW", "quantity": "1"}).Want(201).Text("number")
	api.Post(t, "/v1/production-report-reversals", m{"production_report": report, "reason": "MISTAKE"}).Problem("insufficient-stock", 409)
	api.Post(t, "/v1/transfer-reversals", m{"transfer": moved, "reason": "MISTAKE"}).Want(201)

	api.Post(t, "/v1/work-order-completions", m{"work_order": wo}).Want(201)
	want(t, "genealogy", madeOf(t, api.DB, "C-1"), "B-1 1260, I-1 200, R-2 63")
	api.Post(t, "/v1/work-order-reopenings", m{"work_order": wo, "reason": "MISTAKE"}).Want(201)
	ret := api.Post(t, "/v1/material-returns", m{"work_order": wo, "lines": []m{{"item": "INSERT", "lot": "I-1", "quantity": "150"}}}).Want(201).Text("number")
	want(t, "genealogy", madeOf(t, api.DB, "C-1"), "B-1 1260, I-1 50, R-2 63")
	api.Post(t, "/v1/material-issue-reversals", m{"material_issue": issue, "reason": "MISTAKE"}).Problem("beyond-issued", 409)
	api.Post(t, "/v1/material-issues", m{"work_order": wo, "lines": []m{{"item": "INSERT", "lot": "I-1", "quantity": "150"}}}).Want(201)
	api.Post(t, "/v1/material-issue-reversals", m{"material_issue": ret, "reason": "MISTAKE"}).Problem("beyond-required", 409)
	api.Post(t, "/v1/material-returns", m{"work_order": wo, "lines": []m{{"item": "INSERT", "lot": "I-1", "quantity": "150"}}}).Want(201)
	api.Post(t, "/v1/material-issue-reversals", m{"material_issue": ret, "reason": "MISTAKE"}).Want(201)
	api.Post(t, "/v1/material-issue-reversals", m{"material_issue": ret, "reason": "MISTAKE"}).Problem("production-already-reversed", 409)

	api.Post(t, "/v1/production-report-reversals", m{"production_report": report, "reason": "MISTAKE"}).Want(201)
	api.Post(t, "/v1/production-report-reversals", m{"production_report": report, "reason": "MISTAKE"}).Problem("production-already-reversed", 409)
	want(t, "genealogy", madeOf(t, api.DB, "C-1"), "")
	api.Post(t, "/v1/work-order-completions", m{"work_order": wo}).Problem("nothing-reported", 409)
	api.Post(t, "/v1/material-returns", m{"work_order": wo, "lines": []m{{"item": "INSERT", "lot": "I-1", "quantity": "200"}}}).Want(201)
	want(t, "stock", stock(), before)
	want(t, "state", api.Post(t, "/v1/work-order-cancellations", m{"work_order": wo}).Want(201).Text("state"), "cancelled")
	api.Post(t, "/v1/production-reports", m{"work_order": wo, "good_quantity": "1"}).Problem("work-order-state", 409)
	api.Post(t, "/v1/work-order-reopenings", m{"work_order": wo, "reason": "MISTAKE"}).Problem("work-order-state", 409)
}

// TestByProductsHaveLots: what else came of the work has lots of its own, and the genealogy says of each what it was made
// of, through completion, returns and reversal.
func TestByProductsHaveLots(t *testing.T) {
	t.Parallel()
	api := stocked(t)
	api.Post(t, "/v1/items", m{"number": "REGRIND", "name": "Regrind", "base_unit": "KGM", "tracking": "lot", "shelf_life_days": 30}).Want(200)
	api.Post(t, "/v1/items", m{"number": "TOOL", "name": "Tool", "base_unit": "H87", "tracking": "serial"}).Want(200)
	wo := order(t, api, "CRATE", "100", nil)
	api.Post(t, "/v1/material-issues", m{"work_order": wo, "lines": []m{{"item": "INSERT", "lot": "I-1", "quantity": "200"}}}).Want(201)
	report := func(more m) m {
		body := m{"work_order": wo, "good_quantity": "40", "scrap_quantity": "2", "scrap_reason": "SHORT", "lot": "C-1", "manufactured_on": "2026-01-10"}
		for k, v := range more {
			body[k] = v
		}
		return body
	}
	api.Post(t, "/v1/production-reports", report(m{"by_products": []m{{"item": "TOOL", "quantity": "2"}}})).Problem("one-piece-per-serial-report", 422)
	api.Post(t, "/v1/production-reports", report(m{"by_products": []m{{"item": "CRATE", "quantity": "1"}}})).Problem("by-product-refused", 422)
	first := api.Post(t, "/v1/production-reports", report(m{"by_products": []m{
		{"item": "REGRIND", "quantity": "2", "lot": "G-1", "location": "RAW"},
		{"item": "REGRIND", "quantity": "1.5", "lot": "G-1", "location": "LINE"},
		{"item": "REGRIND", "quantity": "1", "expires_on": "2026-02-01", "location": "Q"},
		{"item": "BOLT", "quantity": "3"},
	}})).Want(201)
	want(t, "lot", first.Text("by_products", 1, "lot"), "G-1")
	if first.Value("by_products", 3, "lot") != nil {
		t.Errorf("an item without lots: %s", first.Body)
	}
	own := first.Text("by_products", 2, "lot")
	lot := api.Get(t, "/v1/items/REGRIND/lots/"+own).Want(200)
	want(t, "lot in quarantine", lot.Text("status")+" "+lot.Text("expires_on"), "quarantine 2026-02-01")
	want(t, "shelf life", api.Get(t, "/v1/items/REGRIND/lots/G-1").Text("expires_on"), "2026-02-09")
	for _, made := range []string{"C-1", "G-1", own} {
		want(t, "genealogy of "+made, madeOf(t, api.DB, made), "B-1 1260, I-1 84, R-2 63")
	}
	// The lot gets a further portion of its own order, and no other.
	second := api.Post(t, "/v1/production-reports", report(m{
		"good_quantity": "8", "scrap_quantity": "0", "lot": "C-2", "by_products": []m{{"item": "REGRIND", "quantity": "1", "lot": "G-1", "location": "RAW"}},
	})).Want(201).Text("number")
	want(t, "genealogy of both portions", madeOf(t, api.DB, "G-1"), "B-1 1500, I-1 100, R-2 75")
	other := order(t, api, "CRATE", "10", nil)
	api.Post(t, "/v1/production-reports", report(m{
		"work_order": other, "good_quantity": "1", "scrap_quantity": "0", "lot": "C-3", "by_products": []m{{"item": "REGRIND", "quantity": "1", "lot": "G-1"}},
	})).Problem("lot-exists", 409)

	api.Post(t, "/v1/work-order-completions", m{"work_order": wo}).Want(201)
	want(t, "genealogy at completion", madeOf(t, api.DB, "G-1"), "B-1 1500, I-1 200, R-2 75")
	api.Post(t, "/v1/work-order-reopenings", m{"work_order": wo, "reason": "MISTAKE"}).Want(201)
	api.Post(t, "/v1/material-returns", m{"work_order": wo, "lines": []m{{"item": "INSERT", "lot": "I-1", "quantity": "150"}}}).Want(201)
	want(t, "genealogy after the return", madeOf(t, api.DB, "G-1"), "B-1 1500, I-1 50, R-2 75")
	api.Post(t, "/v1/production-report-reversals", m{"production_report": second, "reason": "MISTAKE"}).Want(201)
	api.Post(t, "/v1/production-report-reversals", m{"production_report": first.Text("number"), "reason": "MISTAKE"}).Want(201)
	want(t, "genealogy taken back", madeOf(t, api.DB, "G-1")+madeOf(t, api.DB, own)+madeOf(t, api.DB, "C-1"), "")
	want(t, "stock taken back", onHand(t, api.DB, "REGRIND", "RAW")+onHand(t, api.DB, "REGRIND", "LINE"), "00")
}

func TestSerialNumbersAndPlainItems(t *testing.T) {
	t.Parallel()
	api := stocked(t)
	wo := order(t, api, "LID", "2", m{"work_center": "M1"})
	api.Post(t, "/v1/production-reports", m{"work_order": wo, "good_quantity": "2"}).Problem("one-piece-per-serial-report", 422)
	api.Post(t, "/v1/production-reports", m{"work_order": wo, "good_quantity": "1", "lot": "SN-1"}).Want(201)
	api.Post(t, "/v1/production-reports", m{"work_order": wo, "good_quantity": "1", "lot": "SN-1"}).Problem("lot-exists", 409)
	second := api.Post(t, "/v1/production-reports", m{"work_order": wo, "good_quantity": "1", "lot": "SN-2"}).Want(201).Text("number")
	api.Post(t, "/v1/production-report-reversals", m{"production_report": second, "reason": "MISTAKE"}).Want(201)
	api.Post(t, "/v1/production-reports", m{"work_order": wo, "scrap_quantity": "1", "scrap_reason": "SHORT", "lot": "SN-2"}).Want(201)
	api.Post(t, "/v1/production-reports", m{"work_order": wo, "good_quantity": "1", "lot": "SN-2"}).Problem("lot-exists", 409)
	frame := order(t, api, "FRAME", "5", nil)
	report := api.Post(t, "/v1/production-reports", m{"work_order": frame, "good_quantity": "4", "scrap_quantity": "1", "scrap_reason": "SHORT"}).Want(201)
	if report.Value("lot") != nil || report.Len("materials") != 0 {
		t.Fatalf("%s", report.Body)
	}
	// A finished lot in quarantine is not for use.
	crate := order(t, api, "CRATE", "10", m{"output_location": "Q"})
	api.Post(t, "/v1/production-reports", m{"work_order": crate, "good_quantity": "10", "lot": "C-Q"}).Want(201)
	want(t, "status", api.Get(t, "/v1/items/CRATE/lots/C-Q").Text("status"), "quarantine")
}

func TestBadInputIsRefused(t *testing.T) {
	t.Parallel()
	api := stocked(t)
	wo := order(t, api, "CRATE", "1000", nil)
	body := order(t, api, "BODY", "10", nil)
	issue := api.Post(t, "/v1/material-issues", m{"work_order": wo, "lines": []m{{"item": "INSERT", "quantity": "10"}}}).Want(201).Text("number")
	open(t, api, "RESIN", "R-Q", "Q", "10")
	if _, err := api.DB.Pool.Exec(context.Background(), `SELECT inventory.set_lot_status(l.id, 'quarantine') FROM inventory.lot AS l WHERE l.number = 'R-Q'`); err != nil {
		t.Fatal(err)
	}
	made := func(more m) m {
		b := m{"work_order": wo, "good_quantity": "1"}
		for k, v := range more {
			b[k] = v
		}
		return b
	}
	issued := func(more m) m {
		l := m{"item": "INSERT", "quantity": "1"}
		for k, v := range more {
			l[k] = v
		}
		return m{"work_order": wo, "lines": []m{l}}
	}
	huge := strings.Repeat("9", 40)
	before := snapshot(t, api.DB)
	for _, c := range []struct {
		path, slug string
		status     int
		body       m
	}{
		{"/v1/work-orders", "unknown-item", 422, m{"item": "NOPE", "quantity": "1"}},
		{"/v1/work-orders", "", 422, m{"item": "CRATE", "quantity": "0"}},
		{"/v1/work-orders", "", 422, m{"item": "CRATE", "quantity": "-1"}},
		{"/v1/work-orders", "", 422, m{"item": "CRATE", "quantity": huge}},
		{"/v1/work-orders", "", 422, m{"item": "CRATE", "quantity": "999999999999"}},
		{"/v1/work-orders", "", 422, m{"item": "CRATE", "quantity": "1.5"}},
		{"/v1/work-orders", "", 422, m{"item": "CRATE", "quantity": "1", "unit": "KGM"}},
		{"/v1/work-orders", "", 422, m{"item": "CRATE", "quantity": "1", "over_production_percent": "101"}},
		{"/v1/work-orders", "no-bill-of-material", 422, m{"item": "CRATE", "quantity": "1", "revision": "Z"}},
		{"/v1/work-orders", "no-bill-of-material", 422, m{"item": "CRATE", "quantity": "1", "as_of": "2019-01-01"}},
		{"/v1/work-orders", "no-bill-of-material", 422, m{"item": "RESIN", "quantity": "1", "site": "P1"}},
		{"/v1/work-orders", "unknown-work-center", 422, m{"item": "CRATE", "quantity": "1", "work_center": "NOPE"}},
		{"/v1/work-orders", "unknown-site", 422, m{"item": "FRAME", "quantity": "1"}},
		{"/v1/work-orders", "site-does-not-fit", 422, m{"item": "CRATE", "quantity": "1", "site": "P1", "work_center": "M9"}},
		{"/v1/work-orders", "site-does-not-fit", 422, m{"item": "CRATE", "quantity": "1", "output_location": "V-SCRAP"}},
		{"/v1/work-orders", "site-does-not-fit", 422, m{"item": "CRATE", "quantity": "1", "output_location": "P2-FIN"}},
		{"/v1/material-issues", "unknown-work-order", 422, m{"work_order": "WO-9", "lines": []m{{"item": "INSERT", "quantity": "1"}}}},
		{"/v1/material-issues", "not-a-material", 422, issued(m{"item": "BOLT"})},
		{"/v1/material-issues", "unknown-item", 422, m{"work_order": wo, "lines": []m{{"quantity": "1"}}}},
		{"/v1/material-issues", "unknown-barcode", 422, m{"work_order": wo, "lines": []m{{"barcode": "????", "quantity": "1"}}}},
		{"/v1/material-issues", "barcode-is-not-material", 422, m{"work_order": wo, "lines": []m{{"barcode": "RAW", "quantity": "1"}}}},
		{"/v1/material-issues", "barcode-is-not-material", 422, issued(m{"barcode": "R-1"})},
		{"/v1/material-issues", "unknown-lot", 422, issued(m{"lot": "NOPE"})},
		{"/v1/material-issues", "lot-not-released", 409, issued(m{"item": "RESIN", "lot": "R-Q"})},
		{"/v1/material-issues", "unknown-location", 422, issued(m{"location": "NOPE"})},
		{"/v1/material-issues", "movement-not-allowed", 409, issued(m{"lot": "I-1", "location": "Q", "quantity": "1"})},
		{"/v1/material-issues", "insufficient-stock", 409, issued(m{"location": "FIN"})},
		{"/v1/material-issues", "insufficient-stock", 409, issued(m{"lot": "I-1", "quantity": "1600"})},
		{"/v1/material-issues", "beyond-required", 409, issued(m{"quantity": "2191"})},
		{"/v1/material-issues", "", 422, issued(m{"quantity": huge})},
		{"/v1/material-issues", "", 422, issued(m{"quantity": "0"})},
		{"/v1/material-issues", "", 422, m{"work_order": wo, "lines": []m{{"item": "INSERT"}}}},
		{"/v1/material-returns", "beyond-issued", 409, issued(m{"lot": "I-2"})},
		{"/v1/material-returns", "lot-required", 422, issued(nil)},
		{"/v1/material-issue-reversals", "unknown-material-issue", 422, m{"material_issue": "MI-9", "reason": "MISTAKE"}},
		{"/v1/material-issue-reversals", "unknown-reason", 422, m{"material_issue": issue, "reason": "NOPE"}},
		{"/v1/production-reports", "unknown-work-order", 422, made(m{"work_order": "WO-9"})},
		{"/v1/production-reports", "unknown-operation", 422, made(m{"operation": 11})},
		{"/v1/production-reports", "empty-report", 422, made(m{"good_quantity": "0"})},
		{"/v1/production-reports", "empty-report", 422, made(m{"kind": "setup", "started_at": "2026-11-20T06:00:00Z", "ended_at": "2026-11-20T06:20:00Z"})},
		{"/v1/production-reports", "empty-report", 422, made(m{"kind": "setup", "good_quantity": "0"})},
		{"/v1/production-reports", "times-reversed", 422, made(m{"started_at": "2026-11-20T06:00:00Z", "ended_at": "2026-11-20T05:00:00Z"})},
		{"/v1/production-reports", "unknown-reason", 422, made(m{"scrap_quantity": "1"})},
		{"/v1/production-reports", "beyond-work-order", 409, made(m{"good_quantity": "1001"})},
		{"/v1/production-reports", "", 422, made(m{"good_quantity": huge})},
		{"/v1/production-reports", "", 422, made(m{"good_quantity": "-1"})},
		{"/v1/production-reports", "", 422, made(m{"good_quantity": "0.5"})},
		{"/v1/production-reports", "", 422, made(m{"unit": "KGM"})},
		{"/v1/production-reports", "", 422, made(m{"lot": "no blanks in lots"})},
		{"/v1/production-reports", "movement-not-allowed", 409, made(m{"location": "V-SCRAP"})},
		{"/v1/production-reports", "not-a-material", 422, made(m{"materials": []m{{"item": "BOLT"}}})},
		{"/v1/production-reports", "unknown-lot", 422, made(m{"materials": []m{{"item": "RESIN", "lot": "NOPE"}}})},
		{"/v1/production-reports", "lot-not-released", 409, made(m{"materials": []m{{"item": "RESIN", "lot": "R-Q"}}})},
		{"/v1/production-reports", "beyond-backflush", 409, made(m{"materials": []m{{"item": "RESIN", "lot": "R-1", "quantity": "1.501"}}})},
		{"/v1/production-reports", "beyond-backflush", 409, made(m{"materials": []m{{"item": "INSERT", "lot": "I-1", "quantity": "1"}}})},
		{"/v1/production-reports", "insufficient-stock", 409, made(m{"good_quantity": "1000"})},
		{"/v1/production-reports", "lot-required", 422, m{"work_order": body, "good_quantity": "1", "lot": "C-1"}},
		{"/v1/production-report-reversals", "unknown-production-report", 422, m{"production_report": "PR-9", "reason": "MISTAKE"}},
		{"/v1/work-order-completions", "unknown-work-order", 422, m{"work_order": "WO-9"}},
		{"/v1/work-order-completions", "nothing-reported", 409, m{"work_order": body}},
		{"/v1/work-order-reopenings", "work-order-state", 409, m{"work_order": wo, "reason": "MISTAKE"}},
	} {
		answer := api.Post(t, c.path, c.body)
		if answer.Status != c.status || (c.slug != "" && !strings.HasSuffix(answer.Text("type"), "/"+c.slug)) {
			t.Errorf("%s %v: %d %s, want %d %s", c.path, c.body, answer.Status, answer.Body, c.status, c.slug)
		}
	}
	if after := snapshot(t, api.DB); after != before {
		t.Fatalf("refused requests changed something: %s, before %s", after, before)
	}
}

// snapshot counts what commands write.
func snapshot(t testing.TB, db *testdb.DB) string {
	t.Helper()
	return one(t, db, `SELECT concat_ws(' ', (SELECT count(*) FROM inventory.movement), (SELECT count(*) FROM inventory.lot),
		(SELECT count(*) FROM production.work_order), (SELECT count(*) FROM production.material_issue), (SELECT count(*) FROM production.production_report),
		(SELECT sum(issued_quantity) FROM production.work_order_material), (SELECT count(*) FROM audit.entry), (SELECT count(*) FROM event.inbox))`)
}

func TestTheSameReportTakesEffectOnce(t *testing.T) {
	t.Parallel()
	api := stocked(t)
	wo := order(t, api, "BODY", "10", nil)
	key, body := httpapitest.Key(), m{"work_order": wo, "good_quantity": "6"}
	first := api.PostKey(t, key, "/v1/production-reports", body).Want(201)
	want(t, "the stored answer", string(api.PostKey(t, key, "/v1/production-reports", body).Want(201).Body), string(first.Body))
	want(t, "BODY", onHand(t, api.DB, "BODY", "FIN"), "6")
	want(t, "BOLT", onHand(t, api.DB, "BOLT", "LINE"), "976")
}

// Forty sessions report on four orders that share all material, more than it lasts for; others reverse at the same time.
func TestManyReportAtOnce(t *testing.T) {
	t.Parallel()
	api := setup(t)
	for i := range 10 {
		open(t, api, "RESIN", fmt.Sprintf("R-%d", i), "LINE", "15", fmt.Sprintf("2099-12-%02d", 31-i))
	}
	open(t, api, "BATCH", "B-1", "RAW", "3000")
	open(t, api, "LABEL", "", "LINE", "1000")
	var orders []string
	for range 4 {
		orders = append(orders, order(t, api, "CRATE", "30", nil))
	}
	var good atomic.Int64
	var wait sync.WaitGroup
	for i := range 40 {
		wait.Go(func() {
			answer := api.Post(t, "/v1/production-reports", m{"work_order": orders[i%4], "good_quantity": "3"})
			switch answer.Status {
			case http.StatusCreated:
				if i%10 == 0 {
					api.Post(t, "/v1/production-report-reversals", m{"production_report": answer.Text("number"), "reason": "MISTAKE"}).Want(201)
					return
				}
				good.Add(3)
			case http.StatusConflict:
			default:
				t.Errorf("%d %s", answer.Status, answer.Body)
			}
		})
	}
	wait.Wait()
	if good.Load() < 85 {
		t.Errorf("material for 100 crates, 12 of them taken back at the end at worst, made %d", good.Load())
	}
	want(t, "CRATE", onHand(t, api.DB, "CRATE", "FIN"), fmt.Sprint(good.Load()))
}

// Issue, return, report and completion of one order at once: whatever wins, the books hold.
func TestOneOrderWorkedByMany(t *testing.T) {
	t.Parallel()
	api := stocked(t)
	wo := order(t, api, "CRATE", "100", nil)
	var wait sync.WaitGroup
	for i := range 32 {
		wait.Go(func() {
			var answer *httpapitest.Answer
			switch i % 4 {
			case 0, 1:
				answer = api.Post(t, "/v1/material-issues", m{"work_order": wo, "lines": []m{{"item": "INSERT", "quantity": "17"}}})
			case 2:
				answer = api.Post(t, "/v1/production-reports", m{"work_order": wo, "good_quantity": "9", "scrap_quantity": "1", "scrap_reason": "SHORT", "lot": fmt.Sprintf("C-%d", i)})
			default:
				answer = api.Post(t, "/v1/material-returns", m{"work_order": wo, "lines": []m{{"item": "INSERT", "lot": "I-1", "quantity": "5"}}})
			}
			if answer.Status != http.StatusCreated && answer.Status != http.StatusConflict {
				t.Errorf("%d %s", answer.Status, answer.Body)
			}
		})
	}
	wait.Wait()
	api.Post(t, "/v1/work-order-completions", m{"work_order": wo}).Want(201)
}

// TestReportLocksOnce: what comes to the supply location while a report waits for its locks is not for this
// report. Taking it would mean to lock a balance out of order, behind others that it holds: a deadlock with
// whoever holds that one and wants those.
func TestReportLocksOnce(t *testing.T) {
	t.Parallel()
	api := setup(t)
	open(t, api, "RESIN", "R-1", "RAW", "15", "2099-01-01")
	open(t, api, "RESIN", "R-2", "LINE", "15", "2099-12-31")
	open(t, api, "BATCH", "B-1", "RAW", "3000")
	open(t, api, "LABEL", "", "LINE", "1000")
	number := order(t, api, "CRATE", "3", nil)
	hold := func(lot string) (release func()) {
		t.Helper()
		tx, err := api.DB.Pool.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		tag, err := tx.Exec(t.Context(), `SELECT FROM inventory.balance AS b
			JOIN inventory.lot AS l ON l.id = b.lot_id JOIN catalog.location AS c ON c.id = b.location_id
			WHERE l.number = $1 AND c.code = 'LINE' FOR UPDATE OF b`, lot)
		if err != nil || tag.RowsAffected() != 1 {
			t.Fatalf("lock %s: %v, %v", lot, tag, err)
		}
		return func() { _ = tx.Rollback(context.Background()) } // closed is closed
	}

	release := hold("R-2")
	defer release()
	reported := make(chan *httpapitest.Answer, 1)
	go func() {
		reported <- api.Post(t, "/v1/production-reports", m{"work_order": number, "good_quantity": "3", "lot": "C-1"})
	}()
	for one(t, api.DB, `SELECT count(*)::text FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`) == "0" {
		time.Sleep(5 * time.Millisecond)
	}
	api.Post(t, "/v1/transfers", m{"item": "RESIN", "lot": "R-1", "from": "RAW", "to": "LINE", "quantity": "15"}).Want(201)
	defer hold("R-1")()
	release()
	select {
	case answer := <-reported:
		answer.Want(201)
	case <-time.After(5 * time.Second):
		t.Fatal("the report holds one balance and waits for another that comes before it")
	}
	want(t, "C-1", madeOf(t, api.DB, "C-1"), "B-1 90, R-2 4.5")
}
