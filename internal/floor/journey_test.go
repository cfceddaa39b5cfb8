package floor_test

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/millrace-erp/millrace/internal/browsertest"
	"github.com/millrace-erp/millrace/internal/demo"
	"github.com/millrace-erp/millrace/internal/httpapi/httpapitest"
	"github.com/millrace-erp/millrace/internal/testdb"
)

type object = map[string]any

// hands do what an operator does: tap, scan, hold.
type hands struct {
	t    *testing.T
	api  *plant
	page *browsertest.Page
	taps int
}

// at opens a task from the home screen.
func (h *hands) at(task string) {
	h.t.Helper()
	browsertest.Eval[any](h.page, `location.hash = ''`)
	h.page.Tap(`[data-task="` + task + `"]`)
	h.page.Has(`[data-screen^="` + task + `"]`)
}

// scan waits for the answer of the screen to the scan, as people do before they tap: what they tap at may move with it.
func (h *hands) scan(code string) {
	h.t.Helper()
	h.page.Scan(code)
	browsertest.Eval[any](h.page, `import('/floor/lib/scanner.js').then(({ idle }) => idle()).then(() => null)`)
}

// row taps a line of a list.
func (h *hands) row(id string) { h.t.Helper(); h.page.Tap(`[data-row="` + id + `"]`) }

// number keys a number in on the pad and goes on.
func (h *hands) number(digits string) {
	h.t.Helper()
	h.page.Has(`[data-screen="pad"]`)
	for _, digit := range digits {
		h.page.Tap(`[data-key="` + string(digit) + `"]`)
	}
	h.page.Tap(`[data-primary]`)
}

// change sets the big number.
func (h *hands) change(digits string) {
	h.t.Helper()
	h.page.Tap(`[data-action="change-quantity"]`)
	h.number(digits)
}

// lot names a new lot by scanning its code.
func (h *hands) lot(lot string) {
	h.t.Helper()
	h.page.Tap(`[data-action="lot"]`)
	h.page.Has(`[data-screen$="newLot"]`)
	h.scan(lot)
	h.page.Has(`[data-screen$="summary"]`)
}

// done taps the one thing to do and waits for the server's word.
func (h *hands) done() record {
	h.t.Helper()
	h.page.Has(`[data-screen$="summary"]`)
	h.page.Tap(`[data-primary]`)
	return h.answered()
}

func (h *hands) answered() record {
	h.t.Helper()
	h.taps++
	records := settled(h.page, h.taps)
	last := records[len(records)-1]
	if len(records) != h.taps {
		h.t.Fatalf("%d taps, not %d", len(records), h.taps)
	}
	return last
}

// confirmed is done for what must succeed.
func (h *hands) confirmed() string {
	h.t.Helper()
	r := h.done()
	if r.State != "confirmed" {
		h.page.Shot("refused")
		h.t.Fatalf("%s %s: %s", r.Path, r.State, r.Problem)
	}
	return r.Receipt
}

// detail opens one of the things that may be said and mostly are not.
func (h *hands) detail(name string) {
	h.t.Helper()
	h.page.Tap(`[data-action="details"]`)
	h.row(name)
}

// detailNumber keys one of them in.
func (h *hands) detailNumber(name, digits string) {
	h.t.Helper()
	h.detail(name)
	h.number(digits)
	h.page.Has(`[data-screen$="summary"]`)
}

// detailScan scans one of them.
func (h *hands) detailScan(name, code string) {
	h.t.Helper()
	h.detail(name)
	h.page.Has(`[data-screen$="` + name + `"]`)
	h.scan(code)
	h.page.Has(`[data-screen$="summary"]`)
}

// isConfirmed is what must be.
func (h *hands) isConfirmed(r record) record {
	h.t.Helper()
	if r.State != "confirmed" {
		h.page.Shot("refused")
		h.t.Fatalf("%s %s: %s", r.Path, r.State, r.Problem)
	}
	return r
}

// takeBack takes the newest tap back, from the journal.
func (h *hands) takeBack() {
	h.t.Helper()
	h.page.Tap(`[data-action="journal"]`)
	h.row(strconv.Itoa(h.taps))
	h.page.Hold(`[data-action="take-back"]`)
	h.isConfirmed(h.answered())
}

// TestJourney takes goods the whole way of `make demo` by taps, scans and clicks, on devices that were never used: the
// office orders at the desk, hands on the floor do the work, the office invoices. Then both factories hold the same.
func TestJourney(t *testing.T) {
	t.Parallel()
	api := factory(t)
	var told sync.WaitGroup
	var want []string
	told.Go(func() { want = ofTheDemonstration(t) })
	// The office orders.
	clerk := newOffice(t, api, api.URL)
	bought := clerk.purchaseOrder("POLYNORD", officeLine{item: "PP-NAT", quantity: "1000", unit: "KGM", over: "2"}, officeLine{item: "MB-BLUE", quantity: "50", unit: "KGM"})
	inserts := clerk.purchaseOrder("FERRA", officeLine{item: "INS-M6", quantity: "5", unit: "XBX"})
	bodies := clerk.workOrder("BODY-6420", "120")
	lids := clerk.workOrder("LID-64", "120")
	crates := clerk.workOrder("CRATE-6420", "110")
	sales := []string{
		clerk.salesOrder("HANSEOBST", officeLine{item: "CRATE-6420", quantity: "1", unit: "XPX", price: "470.40"}),
		clerk.salesOrder("LYONPRIM", officeLine{item: "CRATE-6420", quantity: "6", unit: "XBX", price: "39.60"}),
		clerk.salesOrder("NORFISK", officeLine{item: "CRATE-6420", quantity: "8", unit: "H87", price: "10,50"}), // a comma does, too
	}

	// The floor does the rest.
	h := &hands{t: t, api: api, page: device(t, api, api.URL)}
	h.page.Shot("home")

	// Receive three lots into quarantine, and inserts.
	for i, lot := range []string{"PP-A", "PP-B"} {
		h.at("receive")
		h.scan(bought)
		h.row(bought + " 1 PP-NAT")
		h.change("500")
		h.lot(lot)
		h.detailScan("supplier_lot", fmt.Sprintf("PN-88-%d", i+1))
		h.detailScan("delivery_note", "PN-4711")
		h.page.Shot("receive")
		h.confirmed()
	}
	h.at("receive")
	h.scan("MB-BLUE")
	h.lot("MB-00001")
	h.detailScan("supplier_lot", "PN-12")
	h.detailScan("delivery_note", "PN-4711")
	h.confirmed()
	h.at("receive")
	h.scan(inserts)
	h.confirmed()

	// Inspect: two are good, one is rejected, and goes back.
	for _, lot := range []string{"PP-A", "MB-00001"} {
		h.at("inspect")
		h.scan(lot)
		h.confirmed()
	}
	h.at("inspect")
	h.scan("PP-B")
	h.page.Tap(`[data-action="reject"]`)
	h.number("500")
	h.row("MOISTURE")
	h.page.Shot("inspect")
	h.confirmed()
	h.at("send_back")
	h.scan("PP-B")
	h.row("MOISTURE")
	h.page.Shot("send_back")
	h.confirmed()

	// Put away by two scans: what, and where.
	for _, lot := range []string{"PP-A", "MB-00001"} {
		h.at("put_away")
		h.scan(lot)
		h.page.Has(`[data-screen$="summary"]`)
		h.page.Shot("put_away")
		h.scan("RAW-01")
		h.isConfirmed(h.answered())
	}

	issue := func(order, line, item, lot, quantity string) {
		h.at("issue")
		h.scan(order)
		h.row(order + " " + line + " " + item)
		h.page.Has(`[data-screen$="summary"]`)
		h.scan(lot)
		h.change(quantity)
		h.confirmed()
	}
	// Some of it by mistake.
	issue(bodies, "10", "PP-NAT", "PP-A", "12.5")
	h.page.Shot("issued")
	h.takeBack()
	issue(bodies, "10", "PP-NAT", "PP-A", "222")

	type report struct{ order, good, scrap, reason, lot, expires, minutes, material string }
	done := func(r report) record {
		h.at("report")
		h.scan(r.order)
		h.page.Has(`[data-screen$="summary"]`)
		h.change(r.good)
		if r.scrap != "" {
			h.page.Tap(`[data-action="scrap"]`)
			h.number(r.scrap)
			h.row(r.reason)
		}
		h.detailScan("newLot", r.lot)
		if r.expires != "" {
			h.detailNumber("expires_on", r.expires)
		}
		h.detailNumber("minutes", r.minutes)
		if r.material != "" {
			h.scan(r.material)
			h.page.Wait(fmt.Sprintf(`document.body.innerText.includes(%q)`, r.material))
		}
		h.page.Shot("report")
		return h.done()
	}
	complete := func(order string) {
		h.at("report")
		h.scan(order)
		h.page.Hold(`[data-action="complete"]`)
		h.isConfirmed(h.answered())
	}
	h.isConfirmed(done(report{order: bodies, good: "118", scrap: "2", reason: "SHORT-SHOT", lot: "BODY", minutes: "90"}))
	complete(bodies)
	h.isConfirmed(done(report{order: lids, good: "120", lot: "LID", minutes: "60", material: "PP-A"}))
	complete(lids)
	issue(crates, "10", "BODY-6420", "BODY", "110")
	issue(crates, "20", "LID-64", "LID", "110")
	h.isConfirmed(done(report{order: crates, good: "50", lot: "CR-1", expires: "31122041", minutes: "50"}))
	h.isConfirmed(done(report{order: crates, good: "59", scrap: "1", reason: "FLASH", lot: "CR-2", expires: "30062041", minutes: "49"}))
	// More than was ordered is refused: the operator sees it, and takes care of it.
	if r := done(report{order: crates, good: "500", lot: "CR-2", minutes: "1"}); r.State != "refused" {
		t.Errorf("more than was ordered is %s", r.State)
	}
	h.page.Wait(`document.querySelector('[data-verdict="refused"]') && document.querySelector('.status.no') && millrace.sounds.includes('refused')`)
	h.page.Shot("refused")
	h.page.Tap(`[data-action="journal"]`)
	h.row(strconv.Itoa(h.taps))
	h.page.Shot("refused-entry")
	h.page.Tap(`[data-primary]`)
	h.page.Wait(`document.querySelector('.status.ok')`)
	h.page.Shot("journal")
	complete(crates)

	// Trace a crate to its granules.
	h.at("look_up")
	h.scan("CR-2")
	h.page.Has(`[data-lot="PP-A"]`)
	h.page.Shot("look_up")

	// Three customers: pick what expires first, pack, ship.
	note := ""
	for i, order := range sales {
		h.at("pick")
		h.scan(order)
		h.page.Has(`[data-screen$="summary"]`)
		h.page.Shot("pick")
		pick := h.confirmed()
		h.at("pack")
		h.scan(pick)
		if i == 0 {
			h.page.Tap(`[data-action="pallet"]`)
		}
		h.page.Shot("pack")
		sscc := h.confirmed()
		h.at("ship")
		h.scan("00" + sscc)
		h.page.Wait(`document.querySelectorAll('[aria-pressed="true"]').length === 1`)
		h.page.Tap(`[data-primary]`)
		h.row("KUESTE")
		h.page.Shot("ship")
		if shipped := h.isConfirmed(h.done()); i == 0 {
			note = shipped.Answer.DeliveryNote
		}
	}

	if board := api.Get(t, "/v1/boards/shipping").Want(200); board.Len("orders") != 0 {
		t.Errorf("everything was shipped, and the shipping desk still sees %s", board.Body)
	}

	// Some come back: the paper is scanned, three are good, one is not.
	h.at("return")
	h.scan(note)
	h.number("4")
	h.row("DAMAGED")
	h.page.Shot("return")
	returned := h.confirmed()
	h.at("inspect")
	h.scan(returned)
	h.page.Tap(`[data-action="reject"]`)
	h.number("1")
	h.page.Has(`[data-screen$="summary"]`)
	h.page.Shot("return-inspection")
	h.confirmed()

	// Move stock, take the move back.
	h.at("transfer")
	h.scan("FIN-01")
	h.page.Has(`[data-screen="transfer to"]`)
	h.scan("FIN-02")
	h.page.Has(`[data-screen="transfer item"]`)
	h.scan("(01)09521234001010(10)CR-1")
	h.number("20")
	h.isConfirmed(h.done())
	h.takeBack()

	// Count: ten inserts of 4,560 are missing.
	h.at("count")
	h.scan("RAW-02")
	h.page.Has(`[data-screen="count item"]`)
	h.scan("INS-M6")
	h.number("4550")
	h.page.Shot("count")
	h.confirmed()

	// The office again.
	for _, shipment := range []string{"SH-000001", "SH-000002", "SH-000003"} {
		clerk.document("shipments", shipment, "invoice")
	}
	clerk.document("customer_returns", returned, "credit")
	clerk.list("invoices")
	clerk.page.Shot("desk-invoices")
	told.Wait()
	got := holds(t, api.DB)
	for _, row := range got {
		if !slices.Contains(want, row) {
			t.Errorf("by taps alone: %s", row)
		}
	}
	for _, row := range want {
		if !slices.Contains(got, row) {
			t.Errorf("by the demonstration alone: %s", row)
		}
	}
	if len(want) < 40 || len(got) != len(want) {
		t.Errorf("%d facts by taps, %d by the demonstration", len(got), len(want))
	}
}

// TestCatchWeight: what is counted and weighed is asked for both, at the pad or by the label.
func TestCatchWeight(t *testing.T) {
	t.Parallel()
	api := factory(t)
	api.Post(t, "/v1/items", object{
		"number": "WHEEL", "name": "Cheese wheel", "base_unit": "H87", "second_unit": "KGM",
		"tracking": "none", "costing_method": "moving_average", "standard_cost": "40", "is_purchased": true, "default_location": "FIN-01", "gtin": "09521234009993",
	}).Want(200)
	order := api.Post(t, "/v1/purchase-orders", object{"site": "ELBE", "supplier": "FERRA", "lines": []object{{"item": "WHEEL", "quantity": "10", "unit": "H87", "price": "40"}}}).Want(201).Text("number")
	h := &hands{t: t, api: api, page: device(t, api, api.URL)}
	h.at("receive")
	h.scan(order)
	h.number("45.5") // the scale, before anything else
	h.page.Has(`[data-screen$="summary"]`)
	h.change("9") // another number of them weighs something else
	h.number("41.25")
	h.page.Shot("weight")
	h.confirmed()
	h.at("transfer")
	h.scan("FIN-01")
	h.page.Has(`[data-screen="transfer to"]`)
	h.scan("FIN-02")
	h.page.Has(`[data-screen="transfer item"]`)
	h.scan("01095212340099933103004570") // 4.57 kg
	h.number("1")
	h.isConfirmed(h.done())
	h.at("count")
	h.scan("FIN-01")
	h.page.Has(`[data-screen="count item"]`)
	h.scan("(01)09521234009993")
	h.number("7")
	h.number("32")
	h.confirmed()
	var got string
	if err := api.DB.Pool.QueryRow(t.Context(), `
		SELECT string_agg(c.code || ' ' || trim_scale(b.on_hand) || ' ' || trim_scale(b.second_on_hand), ', ' ORDER BY c.code)
		FROM inventory.balance AS b JOIN catalog.item AS i ON i.id = b.item_id JOIN catalog.location AS c ON c.id = b.location_id
		WHERE i.number = 'WHEEL' AND c.is_physical`).Scan(&got); err != nil || got != "FIN-01 7 32, FIN-02 1 4.57" {
		t.Errorf("there are %s, %v", got, err)
	}
}

// TestLookUp: whatever is scanned tells what it is, and the genealogy of a lot can be read on what is held in a hand.
func TestLookUp(t *testing.T) {
	t.Parallel()
	api := factory(t)
	post := func(path string, body object) *httpapitest.Answer {
		t.Helper()
		return api.Post(t, path, body).Want(201)
	}
	api.Post(t, "/v1/items", object{"number": "SCALE-9", "name": "Platform scale", "base_unit": "H87", "tracking": "serial", "costing_method": "moving_average", "standard_cost": "900"}).Want(200)
	for _, stock := range []object{
		{"item": "PP-NAT", "lot": "PP-A", "to": "RAW-01", "quantity": "900"},
		{"item": "MB-BLUE", "lot": "MB-1", "to": "RAW-01", "quantity": "90000"},
		{"item": "LID-64", "lot": "LID-1", "to": "WIP-02", "quantity": "100"},
		{"item": "INS-M6", "to": "RAW-02", "quantity": "900"},
		{"item": "SCALE-9", "lot": "S-0077", "to": "FIN-01", "quantity": "1"},
	} {
		post("/v1/opening-stocks", stock)
	}
	bodies := post("/v1/work-orders", object{"item": "BODY-6420", "quantity": "100"}).Text("number")
	post("/v1/production-reports", object{"work_order": bodies, "good_quantity": "100", "lot": "BODY-1"})
	crates := post("/v1/work-orders", object{"item": "CRATE-6420", "quantity": "100"}).Text("number")
	post("/v1/material-issues", object{"work_order": crates, "lines": []object{{"item": "BODY-6420", "lot": "BODY-1", "quantity": "100"}, {"item": "LID-64", "lot": "LID-1", "quantity": "100"}}})
	post("/v1/production-reports", object{"work_order": crates, "good_quantity": "100", "lot": "CR-1"})
	order := post("/v1/sales-orders", object{"site": "ELBE", "customer": "LYONPRIM", "lines": []object{{"item": "CRATE-6420", "quantity": "48", "unit_price": "9.90"}}}).Text("number")
	pick := post("/v1/picks", object{"sales_order": order, "lines": []object{{"line": 1, "quantity": "48"}}}).Text("number")
	sscc := post("/v1/handling-units", object{"kind": "pallet", "contents": []object{{"pick": pick, "line": 1, "quantity": "48"}}}).Text("sscc")

	page := device(t, api, api.URL)
	page.Tap(`[data-task="look_up"]`)
	page.Has(`[data-screen="look_up"]`)
	for code, words := range map[string]string{
		"CR-1": "CRATE-6420", "S-0077": "SCALE-9", "00" + sscc: sscc, crates: crates, "BADGE-7": "Ayşe Demir", "FIN-01": "Finished goods", order: order, pick: pick,
	} {
		page.Scan(code)
		page.Wait(fmt.Sprintf(`document.querySelector('[data-screen="found"]')?.innerText.includes(%q) && !document.querySelector('[data-verdict]')`, words))
	}
	page.Scan("BODY-1")
	page.Has(`[data-lot="BODY-1"] .self`)
	page.Shot("genealogy")
	type box struct {
		Lot                      string
		Level                    int
		Left, Top, Right, Bottom float64
	}
	picture := func() []box {
		return browsertest.Eval[[]box](page, `[...document.querySelectorAll('.genealogy g')].map((g) => { const r = g.querySelector('rect').getBoundingClientRect();
			return { lot: g.dataset.lot, level: Number(g.dataset.level), left: r.left, top: r.top, right: r.right, bottom: r.bottom }; })`)
	}
	for _, width := range []int{360, 1280} {
		page.Size(width, 800)
		page.Scan("CR-1") // drawn again, for this width
		page.Wait(`document.querySelector('[data-lot="CR-1"] .self')`)
		page.Scan("BODY-1")
		page.Wait(`document.querySelector('[data-lot="BODY-1"] .self')`)
		boxes := picture()
		if len(boxes) != 4 {
			t.Fatalf("%d lots: %v", len(boxes), boxes)
		}
		for _, one := range boxes {
			if want := map[string]int{"PP-A": -1, "MB-1": -1, "BODY-1": 0, "CR-1": 1}[one.Lot]; one.Level != want {
				t.Errorf("%s is at level %d, not %d", one.Lot, one.Level, want)
			}
			if one.Left < 0 || one.Right > float64(width) {
				t.Errorf("%s is not all on a screen of %d: %v", one.Lot, width, one)
			}
			for _, other := range boxes {
				if one.Level < other.Level && (width < 720 && one.Bottom > other.Top || width >= 720 && one.Right > other.Left) {
					t.Errorf("%s, which was there first, does not stand before %s", one.Lot, other.Lot)
				}
			}
		}
	}
}

// ofTheDemonstration is what the factory holds after `make demo` sent all commands itself.
func ofTheDemonstration(t *testing.T) []string {
	db := testdb.New(t)
	client := &demo.Client{URL: httpapitest.Over(t, db).URL, Tokens: httpapitest.Tokens(), HTTP: http.DefaultClient}
	silent := func(int, int, string) {}
	if err := demo.Load(t.Context(), client, silent); err != nil {
		t.Error(err)
	} else if _, err := demo.Journey(t.Context(), client, silent); err != nil {
		t.Error(err)
	}
	return holds(t, db)
}

// holds is what a factory holds after the journey: its stock, what became of its orders, what came of what, and what was
// invoiced. Lots of the demonstration bear the name of their run
// in five characters, which are left out.
func holds(t *testing.T, db *testdb.DB) []string {
	rows, err := db.Pool.Query(t.Context(), `
		WITH lot AS (
			SELECT l.id, l.status, l.supplier_lot, l.expires_on, l.item_id, regexp_replace(l.number, '-[A-Z0-9]{5}$', '') AS number FROM inventory.lot AS l
		)
		SELECT concat_ws(' ', 'stock', i.number, l.number, l.status, c.code, c.kind, trim_scale(b.on_hand), trim_scale(b.reserved))
		FROM inventory.balance AS b JOIN lot AS l ON l.id = b.lot_id JOIN catalog.item AS i ON i.id = b.item_id JOIN catalog.location AS c ON c.id = b.location_id
		WHERE b.on_hand <> 0 AND c.kind::text <> 'opening'
		UNION ALL
		SELECT concat_ws(' ', 'lot', i.number, l.number, l.status, l.supplier_lot, CASE WHEN i.number = 'CRATE-6420' THEN l.expires_on END)
		FROM lot AS l JOIN catalog.item AS i ON i.id = l.item_id WHERE l.id <> 0
		UNION ALL
		SELECT concat_ws(' ', 'genealogy', p.number, c.number, trim_scale(sum(g.quantity)))
		FROM inventory.genealogy AS g JOIN lot AS p ON p.id = g.parent_lot_id JOIN lot AS c ON c.id = g.child_lot_id GROUP BY p.number, c.number
		UNION ALL
		SELECT concat_ws(' ', 'purchase order line', i.number, trim_scale(l.base_quantity), trim_scale(l.received_quantity), trim_scale(l.rejected_quantity), trim_scale(l.returned_quantity))
		FROM purchasing.purchase_order_line AS l JOIN catalog.item AS i ON i.id = l.item_id
		UNION ALL
		SELECT concat_ws(' ', 'receipt', i.number, trim_scale(l.quantity), l.state, r.delivery_note IS NOT NULL)
		FROM purchasing.goods_receipt_line AS l JOIN purchasing.goods_receipt AS r ON r.id = l.goods_receipt_id JOIN catalog.item AS i ON i.id = l.item_id
		UNION ALL
		SELECT concat_ws(' ', 'work order', i.number, o.state, trim_scale(o.quantity), trim_scale(o.good_quantity), trim_scale(o.scrap_quantity))
		FROM production.work_order AS o JOIN catalog.item AS i ON i.id = o.item_id
		UNION ALL
		SELECT concat_ws(' ', 'report', i.number, trim_scale(r.good_quantity), trim_scale(r.scrap_quantity), round(r.duration_minutes))
		FROM production.production_report AS r JOIN production.work_order AS o ON o.id = r.work_order_id JOIN catalog.item AS i ON i.id = o.item_id
		WHERE r.kind = 'production'
		UNION ALL
		SELECT concat_ws(' ', 'sales order', p.code, o.state) FROM sales.sales_order AS o JOIN catalog.partner AS p ON p.id = o.customer_id
		UNION ALL
		SELECT concat_ws(' ', 'shipped', p.code, k.code, u.kind, l.number, trim_scale(m.quantity), trim_scale(m.returned_quantity))
		FROM shipping.shipment_line AS m JOIN shipping.shipment AS h ON h.id = m.shipment_id JOIN catalog.partner AS p ON p.id = h.customer_id
		JOIN catalog.partner AS k ON k.id = h.carrier_id JOIN lot AS l ON l.id = m.lot_id JOIN shipping.handling_unit AS u ON u.id = m.handling_unit_id
		UNION ALL
		SELECT concat_ws(' ', 'returned', r.code, trim_scale(l.quantity), trim_scale(l.accepted_quantity), trim_scale(l.rejected_quantity))
		FROM shipping.customer_return_line AS l JOIN catalog.reason AS r ON r.id = l.reason_id
		UNION ALL
		SELECT concat_ws(' ', 'counted', i.number, trim_scale(l.difference)) FROM inventory.count_line AS l JOIN catalog.item AS i ON i.id = l.item_id
		UNION ALL
		SELECT concat_ws(' ', 'invoice', i.kind, p.code, trim_scale(i.net), trim_scale(i.gross)) FROM billing.invoice AS i JOIN catalog.partner AS p ON p.id = i.customer_id
		ORDER BY 1`)
	if err != nil {
		t.Error(err)
		return nil
	}
	facts, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Error(err)
	}
	return facts
}
