package inventory_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/millrace-erp/millrace/internal/httpapi/httpapitest"
	"github.com/millrace-erp/millrace/internal/testdb"
)

func ham(t *testing.T, api *httpapitest.API) {
	t.Helper()
	api.Post(t, "/v1/items", m{"number": "HAM", "name": "Ham", "base_unit": "H87", "second_unit": "KGM", "tracking": "lot"}).Want(200)
}

func kilograms(t *testing.T, db *testdb.DB, location string) string {
	t.Helper()
	return one[string](t, db, `SELECT trim_scale(coalesce(sum(b.on_hand), 0)) || ' / ' || trim_scale(coalesce(sum(b.second_on_hand), 0)) FROM inventory.balance AS b
		JOIN catalog.item AS i ON i.id = b.item_id JOIN catalog.location AS c ON c.id = b.location_id WHERE i.number = 'HAM' AND c.code = $1`, location)
}

func TestCatchWeight(t *testing.T) {
	t.Parallel()
	api := setup(t)
	ham(t, api)
	api.Post(t, "/v1/items", m{"number": "HAM", "name": "Ham", "base_unit": "H87", "tracking": "lot"}).Problem("identity-kept", 409)
	want := func(location, expected string) {
		t.Helper()
		if got := kilograms(t, api.DB, location); got != expected {
			t.Errorf("at %s: %s, want %s", location, got, expected)
		}
	}
	opening := m{"item": "HAM", "lot": "H1", "to": "A", "quantity": "10"}
	api.Post(t, "/v1/opening-stocks", opening).Problem("second-quantity", 422)
	opening["second_quantity"] = "82.4005"
	api.Post(t, "/v1/opening-stocks", opening).Problem("second-quantity", 422) // the scale has three places
	opening["second_quantity"] = "82.4"
	api.Post(t, "/v1/opening-stocks", opening).Want(201)

	move := func(quantity, weight string) *httpapitest.Answer {
		body := m{"item": "HAM", "lot": "H1", "from": "A", "to": "B", "quantity": quantity}
		if weight != "" {
			body["second_quantity"] = weight
		}
		return api.Post(t, "/v1/transfers", body)
	}
	move("1", "").Problem("second-quantity", 422)
	move("1", "0").Problem("second-quantity", 422)
	move("1", "82.5").Problem("insufficient-second-quantity", 409)
	move("11", "8").Problem("insufficient-stock", 409)
	moved := move("1", "8.1").Want(201)
	if moved.Text("second_quantity") != "8.1" || moved.Text("second_unit") != "KGM" {
		t.Errorf("moved: %s", moved.Body)
	}
	want("A", "9 / 74.3")
	want("B", "1 / 8.1")
	api.Post(t, "/v1/transfers", m{"item": "BOLT", "from": "A", "to": "B", "quantity": "1", "second_quantity": "1"}).Problem("second-quantity", 422)
	api.Post(t, "/v1/transfer-reversals", m{"transfer": moved.Text("number"), "reason": "MISTAKE"}).Want(201)
	want("A", "10 / 82.4")
	want("B", "0 / 0")

	api.Post(t, "/v1/lot-splits", m{"item": "HAM", "lot": "H1", "location": "A", "quantity": "4", "new_lot": "H2"}).Problem("second-quantity", 422)
	api.Post(t, "/v1/lot-splits", m{"item": "HAM", "lot": "H1", "location": "A", "quantity": "4", "second_quantity": "33", "new_lot": "H2"}).Want(201)
	api.Post(t, "/v1/lot-merges", m{"item": "HAM", "location": "A", "lots": []string{"H1", "H2"}, "into": "H3"}).Want(201)
	want("A", "10 / 82.4")

	count := func(quantity, weight string) *httpapitest.Answer {
		return api.Post(t, "/v1/counts", m{"location": "A", "reason": "MISCOUNT", "lines": []m{{"item": "HAM", "lot": "H3", "counted_quantity": quantity, "counted_second_quantity": weight}}})
	}
	count("9", "75").Want(201)   // both less
	count("9", "74.5").Want(201) // drip loss only
	count("8", "75.1").Want(201) // less pieces, more weight
	count("8", "75.1").Want(201) // as it is
	dried := count("0", "0").Want(201)
	want("A", "0 / 0")
	api.Post(t, "/v1/count-reversals", m{"count": dried.Text("number"), "reason": "MISTAKE"}).Want(201)
	want("A", "8 / 75.1")
	mixed := count("9", "70").Want(201)
	api.Post(t, "/v1/count-reversals", m{"count": mixed.Text("number"), "reason": "MISTAKE"}).Want(201)
	want("A", "8 / 75.1")

	api.Post(t, "/v1/scrappings", m{"item": "HAM", "lot": "H3", "from": "A", "quantity": "8", "second_quantity": "75", "reason": "DROPPED"}).Want(201)
	want("A", "0 / 0.1")
	api.Get(t, "/v1/stock?item=HAM").Want(200)
	api.Get(t, "/v1/movements?item=HAM").Want(200)
	asOf := api.Get(t, "/v1/stock-as-of?item=HAM&as_of=2099-01-01T00:00:00Z").Want(200)
	if asOf.Text("items", 0, "second_on_hand") != "0.1" {
		t.Errorf("as of: %s", asOf.Body)
	}
	count("0", "0").Want(201)
	want("A", "0 / 0")
	catchUp(t, api.DB)
}

// Sessions that move weighed goods about, in batches: both quantities are conserved and never below zero.
func TestCatchWeightIsConserved(t *testing.T) {
	t.Parallel()
	api := setup(t)
	ham(t, api)
	for _, location := range []string{"A", "B", "C"} {
		api.Post(t, "/v1/opening-stocks", m{"item": "HAM", "lot": "H1", "to": location, "quantity": "20", "second_quantity": "100"}).Want(201)
	}
	open(t, api, "BOLT", "", "A", "1000")
	var wait sync.WaitGroup
	for worker := range 12 {
		wait.Go(func() {
			r := rand.New(rand.NewPCG(uint64(worker), 21))
			for range 25 {
				places := r.Perm(3)
				from, to := string(rune('A'+places[0])), string(rune('A'+places[1]))
				body := m{"item": "HAM", "lot": "H1", "from": from, "to": to, "quantity": fmt.Sprint(1 + r.IntN(8)), "second_quantity": fmt.Sprintf("%.3f", 0.001+60*r.Float64())}
				if r.IntN(3) == 0 {
					body = m{"item": "BOLT", "from": from, "to": to, "quantity": "1"}
				}
				if answer := api.Post(t, "/v1/transfers", body); answer.Status != 201 && answer.Status != 409 {
					t.Errorf("%d: %s", answer.Status, answer.Body)
				}
			}
		})
	}
	wait.Wait()
	if got := one[string](t, api.DB, `SELECT trim_scale(sum(on_hand)) || ' / ' || trim_scale(sum(second_on_hand)) FROM inventory.balance AS b JOIN catalog.item AS i ON i.id = b.item_id WHERE i.number = 'HAM'`); got != "60 / 300" {
		t.Errorf("not conserved: %s", got)
	}
	noDeadlock(t, api.DB)
}

// The way of weighed goods: ordered in pieces, received, inspected, sent back and issued in pieces and kilograms.
func TestCatchWeightIsBoughtAndUsed(t *testing.T) {
	t.Parallel()
	api := setup(t)
	api.Post(t, "/v1/items", m{"number": "HAM", "name": "Ham", "base_unit": "H87", "second_unit": "KGM", "tracking": "lot", "is_purchased": true, "is_inspected": true}).Want(200)
	exec(t, api.DB.Pool, `INSERT INTO catalog.partner (code, name, is_supplier, country, currency) VALUES ('FARM', 'Farm', true, 'DE', 'EUR')`)
	exec(t, api.DB.Pool, `INSERT INTO catalog.item (number, name, base_unit_id, is_manufactured) SELECT 'PIZZA', 'PIZZA', id, true FROM catalog.unit WHERE code = 'H87'`)
	exec(t, api.DB.Pool, `INSERT INTO catalog.work_center (site_id, code, name, supply_location_id, output_location_id) SELECT s.id, 'OVEN', 'Oven', a.id, b.id
		FROM catalog.site AS s, catalog.location AS a, catalog.location AS b WHERE a.code = 'A' AND b.code = 'B'`)
	exec(t, api.DB.Pool, `INSERT INTO catalog.bill_of_material (item_id, revision, valid_during, base_quantity) SELECT id, 'A', '[2020-01-01,)', 10 FROM catalog.item WHERE number = 'PIZZA'`)
	exec(t, api.DB.Pool, `INSERT INTO catalog.bill_of_material_line (bill_of_material_id, line_number, item_id, quantity, is_backflushed) SELECT b.id, 1, i.id, 1, false FROM catalog.bill_of_material AS b, catalog.item AS i WHERE i.number = 'HAM'`)
	want := func(location, expected string) {
		t.Helper()
		if got := kilograms(t, api.DB, location); got != expected {
			t.Errorf("at %s: %s, want %s", location, got, expected)
		}
	}
	order := api.Post(t, "/v1/purchase-orders", m{"supplier": "FARM", "lines": []m{{"item": "HAM", "quantity": "10", "price": "80"}}}).Want(201).Text("number")
	receive := func(line m) *httpapitest.Answer {
		return api.Post(t, "/v1/goods-receipts", m{"purchase_order": order, "lines": []m{line}})
	}
	receive(m{"line": 1, "quantity": "10", "lot": "H1"}).Problem("second-quantity", 422)
	receipt := receive(m{"line": 1, "quantity": "10", "second_quantity": "81.5", "lot": "H1"}).Want(201).Text("number")
	want("Q", "10 / 81.5")

	inspection := m{"goods_receipt": receipt, "line": 1, "accepted_quantity": "8", "rejected_quantity": "2", "reason": "QUALITY", "to_location": "A"}
	api.Post(t, "/v1/inspections", inspection).Problem("second-quantity", 422)
	inspection["rejected_second_quantity"] = "16"
	decided := api.Post(t, "/v1/inspections", inspection).Want(201) // the rest is what is left
	if decided.Text("accepted_second_quantity") != "65.5" || decided.Text("rejected_second_quantity") != "16" {
		t.Errorf("decided: %s", decided.Body)
	}
	want("A", "8 / 65.5")
	want("R", "2 / 16")
	api.Post(t, "/v1/supplier-returns", m{"goods_receipt": receipt, "line": 1, "quantity": "1"}).Problem("second-quantity", 422)
	api.Post(t, "/v1/supplier-returns", m{"goods_receipt": receipt, "line": 1, "quantity": "1", "second_quantity": "7.9"}).Want(201)
	if sent := api.Post(t, "/v1/supplier-returns", m{"goods_receipt": receipt, "line": 1, "quantity": "1"}).Want(201); sent.Text("second_quantity") != "8.1" {
		t.Errorf("the last one weighs what is left: %s", sent.Body)
	}
	want("R", "0 / 0")

	pizzas := api.Post(t, "/v1/work-orders", m{"item": "PIZZA", "quantity": "50", "work_center": "OVEN"}).Want(201).Text("number")
	issue := func(path string, line m) *httpapitest.Answer {
		return api.Post(t, path, m{"work_order": pizzas, "lines": []m{line}})
	}
	issue("/v1/material-issues", m{"item": "HAM", "lot": "H1", "quantity": "3"}).Problem("second-quantity", 422)
	issue("/v1/material-issues", m{"item": "HAM", "lot": "H1", "quantity": "3", "second_quantity": "24.6"}).Want(201)
	issued := issue("/v1/material-issues", m{"item": "HAM", "quantity": "1", "second_quantity": "8"}).Want(201) // what expires first
	if issued.Text("lines", 0, "second_quantity") != "8" || issued.Text("lines", 0, "second_unit") != "KGM" {
		t.Errorf("issued: %s", issued.Body)
	}
	want("A", "4 / 32.9")
	issue("/v1/material-returns", m{"item": "HAM", "lot": "H1", "quantity": "1", "second_quantity": "7.9"}).Want(201)
	want("A", "5 / 40.8")
	rest := api.Post(t, "/v1/work-orders", m{"item": "PIZZA", "quantity": "50", "work_center": "OVEN"}).Want(201).Text("number")
	all := api.Post(t, "/v1/material-issues", m{"work_order": rest, "lines": []m{{"item": "HAM", "quantity": "5"}}}).Want(201) // all there is
	if all.Text("lines", 0, "second_quantity") != "40.8" {
		t.Errorf("all there is: %s", all.Body)
	}
	want("A", "0 / 0")
	api.Post(t, "/v1/material-issue-reversals", m{"material_issue": all.Text("number"), "reason": "MISTAKE"}).Want(201)
	want("A", "5 / 40.8")
	if got := api.Get(t, "/v1/goods-receipts/"+receipt).Want(200); got.Text("lines", 0, "second_quantity") != "81.5" {
		t.Errorf("receipt: %s", got.Body)
	}
	catchUp(t, api.DB)
}

// Weighed goods are made of weighed goods, by backflush: both sides are weighed, or all of a lot is used.
func TestCatchWeightIsMade(t *testing.T) {
	t.Parallel()
	api := setup(t)
	ham(t, api)
	api.Post(t, "/v1/items", m{"number": "ROAST", "name": "Roast", "base_unit": "H87", "second_unit": "KGM", "tracking": "lot", "is_manufactured": true}).Want(200)
	exec(t, api.DB.Pool, `INSERT INTO catalog.work_center (site_id, code, name, supply_location_id, output_location_id) SELECT s.id, 'OVEN', 'Oven', a.id, b.id
		FROM catalog.site AS s, catalog.location AS a, catalog.location AS b WHERE a.code = 'A' AND b.code = 'B'`)
	exec(t, api.DB.Pool, `INSERT INTO catalog.bill_of_material (item_id, revision, valid_during, base_quantity) SELECT id, 'A', '[2020-01-01,)', 1 FROM catalog.item WHERE number = 'ROAST'`)
	exec(t, api.DB.Pool, `INSERT INTO catalog.bill_of_material_line (bill_of_material_id, line_number, item_id, quantity, is_backflushed)
		SELECT b.id, n, i.id, n, true FROM catalog.bill_of_material AS b, catalog.item AS i, (VALUES (1), (2)) AS v (n) WHERE (i.number, n) IN (('HAM', 1), ('BOLT', 2))`)
	open(t, api, "BOLT", "", "A", "100")
	api.Post(t, "/v1/opening-stocks", m{"item": "HAM", "lot": "H1", "to": "A", "quantity": "3", "second_quantity": "24.3"}).Want(201)
	api.Post(t, "/v1/opening-stocks", m{"item": "HAM", "lot": "H2", "to": "A", "quantity": "4", "second_quantity": "33"}).Want(201)
	order := api.Post(t, "/v1/work-orders", m{"item": "ROAST", "quantity": "7", "work_center": "OVEN"}).Want(201).Text("number")
	report := func(body m) *httpapitest.Answer {
		body["work_order"] = order
		return api.Post(t, "/v1/production-reports", body)
	}
	want := func(location, expected string) {
		t.Helper()
		if got := kilograms(t, api.DB, location); got != expected {
			t.Errorf("at %s: %s, want %s", location, got, expected)
		}
	}
	materials := []m{{"item": "HAM", "lot": "H1", "quantity": "1", "second_quantity": "8.2"}}
	report(m{"good_quantity": "1", "materials": materials}).Problem("second-quantity", 422)
	report(m{"good_quantity": "1", "good_second_quantity": "7"}).Problem("second-quantity", 422) // which ham?
	report(m{"good_quantity": "1", "good_second_quantity": "7", "scrap_second_quantity": "1", "materials": materials}).Problem("second-quantity", 422)
	report(m{"rework_quantity": "1", "good_second_quantity": "1"}).Problem("second-quantity", 422)
	made := report(m{"good_quantity": "1", "good_second_quantity": "7.1", "lot": "R1", "materials": materials}).Want(201)
	if made.Text("good_second_quantity") != "7.1" || made.Text("second_unit") != "KGM" {
		t.Errorf("made: %s", made.Body)
	}
	want("A", "6 / 49.1")
	// The rest of H1 brings its weight; with scrap.
	rest := report(m{"good_quantity": "1", "good_second_quantity": "7", "scrap_quantity": "1", "scrap_second_quantity": "6.9", "scrap_reason": "DROPPED", "lot": "R1"}).Want(201)
	want("A", "4 / 33")
	if got := one[string](t, api.DB, `SELECT trim_scale(sum(b.second_on_hand))::text FROM inventory.balance AS b JOIN catalog.item AS i ON i.id = b.item_id WHERE i.number = 'ROAST'`); got != "14.1" {
		t.Errorf("roasts weigh %s", got)
	}
	api.Post(t, "/v1/production-report-reversals", m{"production_report": rest.Text("number"), "reason": "MISTAKE"}).Want(201)
	want("A", "6 / 49.1")
	report(m{"good_quantity": "6", "good_second_quantity": "42", "lot": "R2"}).Want(201) // both lots whole
	want("A", "0 / 0")
	catchUp(t, api.DB)
}
