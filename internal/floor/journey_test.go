package floor_test

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/millrace-erp/millrace/internal/browsertest"
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
	h.page.Scan(lot)
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

// TestJourney takes goods their whole way by taps and scans. What is office work in between is done over the API.
func TestJourney(t *testing.T) {
	t.Parallel()
	api := factory(t)
	post := func(path string, body object) string {
		t.Helper()
		return api.Post(t, path, body).Want(201).Text("number")
	}
	bought := post("/v1/purchase-orders", object{"site": "ELBE", "supplier": "POLYNORD", "lines": []object{
		{"item": "PP-NAT", "quantity": "1000", "unit": "KGM", "over_receipt_percent": "2"}, {"item": "MB-BLUE", "quantity": "50", "unit": "KGM"},
	}})
	inserts := post("/v1/purchase-orders", object{"site": "ELBE", "supplier": "FERRA", "lines": []object{{"item": "INS-M6", "quantity": "5", "unit": "XBX"}}})
	h := &hands{t: t, api: api, page: device(t, api, api.URL)}
	h.page.Shot("home")

	// Receive three lots into quarantine, and inserts.
	for _, lot := range []string{"PP-A", "PP-B"} {
		h.at("receive")
		h.page.Scan(bought)
		h.row(bought + " 1 PP-NAT")
		h.change("500")
		h.lot(lot)
		h.page.Shot("receive")
		h.confirmed()
	}
	h.at("receive")
	h.page.Scan("MB-BLUE")
	h.lot("MB-1")
	h.confirmed()
	h.at("receive")
	h.page.Scan(inserts)
	h.confirmed()
	// Two percent more than ordered is taken, not five: the operator sees it, and takes care of it.
	more := post("/v1/purchase-orders", object{"site": "ELBE", "supplier": "FERRA", "lines": []object{{"item": "INS-M6", "quantity": "1", "unit": "XBX"}}})
	h.at("receive")
	h.page.Scan(more)
	h.change("5000")
	if r := h.done(); r.State != "refused" {
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

	// Inspect: two are good, one is rejected.
	for _, lot := range []string{"PP-A", "MB-1"} {
		h.at("inspect")
		h.page.Scan(lot)
		h.confirmed()
	}
	h.at("inspect")
	h.page.Scan("PP-B")
	h.page.Tap(`[data-action="reject"]`)
	h.number("500")
	h.row("MOISTURE")
	h.page.Shot("inspect")
	h.confirmed()

	// Put away by two scans: what, and where.
	for _, lot := range []string{"PP-A", "MB-1"} {
		h.at("put_away")
		h.page.Scan(lot)
		h.page.Has(`[data-screen$="summary"]`)
		h.page.Shot("put_away")
		h.page.Scan("RAW-01")
		if r := h.answered(); r.State != "confirmed" {
			t.Fatalf("%s: %s", r.State, r.Problem)
		}
	}

	bodies := post("/v1/work-orders", object{"item": "BODY-6420", "quantity": "120"})
	lids := post("/v1/work-orders", object{"item": "LID-64", "quantity": "120"})
	crates := post("/v1/work-orders", object{"item": "CRATE-6420", "quantity": "110"})

	issue := func(order, line, item, lot, quantity string) string {
		h.at("issue")
		h.page.Scan(order)
		h.row(order + " " + line + " " + item)
		h.page.Has(`[data-screen$="summary"]`)
		h.page.Scan(lot)
		if quantity != "" {
			h.change(quantity)
		}
		return h.confirmed()
	}
	issue(bodies, "10", "PP-NAT", "PP-A", "222")
	h.page.Shot("issued")
	// Some of it by mistake: taken back from the journal.
	h.at("issue")
	h.page.Scan(bodies)
	h.page.Has(`[data-screen$="summary"]`) // only the masterbatch is open
	h.change("100")
	h.confirmed()
	h.page.Tap(`[data-action="journal"]`)
	h.row(strconv.Itoa(h.taps))
	h.page.Hold(`[data-action="take-back"]`)
	if r := h.answered(); r.State != "confirmed" || r.Path != "/v1/material-issue-reversals" {
		t.Fatalf("%s %s: %s", r.Path, r.State, r.Problem)
	}

	report := func(order, good, scrap, reason, lot string, materials ...string) {
		h.at("report")
		h.page.Scan(order)
		h.page.Has(`[data-screen$="summary"]`)
		h.change(good)
		if scrap != "" {
			h.page.Tap(`[data-action="scrap"]`)
			h.number(scrap)
			h.row(reason)
		}
		h.lot(lot)
		for _, material := range materials {
			h.page.Scan(material)
			h.page.Wait(fmt.Sprintf(`document.body.innerText.includes(%q)`, material))
		}
		h.page.Shot("report")
		h.confirmed()
	}
	complete := func(order string) {
		h.at("report")
		h.page.Scan(order)
		h.page.Hold(`[data-action="complete"]`)
		if r := h.answered(); r.State != "confirmed" {
			t.Fatalf("%s: %s", r.State, r.Problem)
		}
	}
	report(bodies, "118", "2", "SHORT-SHOT", "BODY-1")
	complete(bodies)
	report(lids, "120", "", "", "LID-1", "PP-A")
	complete(lids)
	issue(crates, "10", "BODY-6420", "BODY-1", "110")
	issue(crates, "20", "LID-64", "LID-1", "110")
	report(crates, "50", "", "", "CR-1")
	report(crates, "59", "1", "FLASH", "CR-2")
	complete(crates)

	// Trace a crate to its granules.
	h.at("look_up")
	h.page.Scan("CR-2")
	h.page.Has(`[data-lot="PP-A"]`)
	h.page.Shot("look_up")

	// Three customers: pick, pack, ship.
	for i, customer := range []object{
		{"customer": "HANSEOBST", "quantity": "1", "unit": "XPX", "unit_price": "470.40"},
		{"customer": "LYONPRIM", "quantity": "6", "unit": "XBX", "unit_price": "39.60"},
		{"customer": "NORFISK", "quantity": "8", "unit": "H87", "unit_price": "10.50"},
	} {
		order := post("/v1/sales-orders", object{"site": "ELBE", "customer": customer["customer"], "lines": []object{
			{"item": "CRATE-6420", "quantity": customer["quantity"], "unit": customer["unit"], "unit_price": customer["unit_price"]},
		}})
		api.Post(t, "/v1/reservations", object{"sales_order": order}).Want(201)
		for {
			tasks := api.Get(t, "/v1/tasks?kind=pick").Want(200)
			if tasks.Len("items") == 0 {
				break
			}
			h.at("pick")
			h.row(fmt.Sprintf("%s 1 CRATE-6420 %s", order, tasks.Text("items", 0, "lot")))
			h.page.Has(`[data-screen$="summary"]`)
			h.page.Scan("(01)09521234001010(10)" + tasks.Text("items", 0, "lot"))
			h.page.Shot("pick")
			pick := h.confirmed()
			h.at("pack")
			h.page.Scan(pick)
			if i == 0 {
				h.page.Tap(`[data-action="pallet"]`)
			}
			h.page.Shot("pack")
			h.confirmed()
		}
		h.at("ship")
		tasks := api.Get(t, "/v1/tasks?kind=ship").Want(200)
		for u := range tasks.Len("items") {
			h.page.Scan("00" + tasks.Text("items", u, "number"))
		}
		h.page.Wait(fmt.Sprintf(`document.querySelectorAll('[aria-pressed="true"]').length === %d`, tasks.Len("items")))
		h.page.Tap(`[data-primary]`)
		h.row("KUESTE")
		h.page.Shot("ship")
		h.confirmed()
	}

	// Move stock, take the move back.
	onHand := func(item, location, lot string) string {
		t.Helper()
		list := api.Get(t, "/v1/stock?item="+item+"&location="+location).Want(200)
		for i := range list.Len("items") {
			if list.Text("items", i, "lot") == lot {
				return list.Text("items", i, "on_hand")
			}
		}
		return "0"
	}
	before := onHand("CRATE-6420", "FIN-01", "CR-2")
	h.at("transfer")
	h.page.Scan("FIN-01")
	h.page.Has(`[data-screen="transfer to"]`)
	h.page.Scan("FIN-02")
	h.page.Has(`[data-screen="transfer item"]`)
	h.page.Scan("(01)09521234001010(10)CR-2")
	h.number("5")
	if r := h.done(); r.State != "confirmed" {
		t.Fatalf("%s: %s", r.State, r.Problem)
	}
	h.page.Tap(`[data-action="journal"]`)
	h.row(strconv.Itoa(h.taps))
	h.page.Hold(`[data-action="take-back"]`)
	if r := h.answered(); r.State != "confirmed" {
		t.Fatalf("%s: %s", r.State, r.Problem)
	}
	if after := onHand("CRATE-6420", "FIN-01", "CR-2"); after != before {
		t.Errorf("after the move was taken back there are %s, not %s", after, before)
	}

	// Count: ten inserts are missing.
	found, err := strconv.Atoi(onHand("INS-M6", "RAW-02", ""))
	if err != nil {
		t.Fatal(err)
	}
	h.at("count")
	h.page.Scan("RAW-02")
	h.page.Has(`[data-screen="count item"]`)
	h.page.Scan("INS-M6")
	h.number(strconv.Itoa(found - 10))
	h.page.Shot("count")
	h.confirmed()
	if got := onHand("INS-M6", "RAW-02", ""); got != strconv.Itoa(found-10) {
		t.Errorf("counted %d, on hand %s", found-10, got)
	}
	shipped := api.Get(t, "/v1/shipments").Want(200)
	if shipped.Len("items") != 3 {
		t.Errorf("%d shipments", shipped.Len("items"))
	}
}
