package shipping_test

import (
	"fmt"
	"regexp"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/millrace-erp/millrace/internal/httpapi/httpapitest"
	"github.com/millrace-erp/millrace/internal/tradetest"
)

type m = tradetest.M

func TestGoodsGoFromShelfToTruck(t *testing.T) {
	t.Parallel()
	trade := tradetest.New(t)
	order := trade.Order(t, "HOME",
		m{"item": "CRATE", "quantity": "2", "unit": "XBX", "unit_price": "99.99"},
		m{"item": "BOLT", "quantity": "100", "unit_price": "0.05"})
	trade.Post(t, "/v1/reservations", m{"sales_order": order}).Want(201)

	picked := trade.Post(t, "/v1/picks", m{"sales_order": order, "staging_location": "S2", "lines": []m{
		{"line": 1, "quantity": "2", "unit": "XBX"}, {"line": 2, "quantity": "100"},
	}}).Want(201)
	if got := picked.Text("lines", 0, "lot") + picked.Text("lines", 0, "quantity") + picked.Text("lines", 1, "lot") + picked.Text("lines", 1, "quantity"); got != "L230"+"L118" {
		t.Errorf("first expiring first: %s", picked.Body)
	}
	if got := trade.OnHand(t, "CRATE", "A") + trade.OnHand(t, "CRATE", "S2") + trade.OnHand(t, "BOLT", "B"); got != "82/0"+"48/0"+"900/0" {
		t.Errorf("after the pick: %s", got)
	}

	pick := picked.Text("number")
	box := trade.Post(t, "/v1/handling-units", m{"kind": "box", "sales_order": order, "contents": []m{
		{"pick": pick, "line": 1, "quantity": "1", "unit": "XBX"}, {"pick": pick, "line": 3, "quantity": "60"}, {"pick": pick, "line": 3, "quantity": "40"},
	}}).Want(201)
	if !regexp.MustCompile(`^04012345[0-9]{10}$`).MatchString(box.Text("sscc")) || box.Len("contents") != 2 {
		t.Errorf("box: %s", box.Body)
	}
	pallet := trade.Post(t, "/v1/handling-units", m{"kind": "pallet", "children": []string{box.Text("sscc")}}).Want(201)
	onPallet := trade.Post(t, "/v1/handling-units", m{"kind": "box", "parent": "00" + pallet.Text("sscc"), "contents": []m{
		{"pick": pick, "line": 1, "quantity": "6"}, {"pick": pick, "line": 2, "quantity": "18"},
	}}).Want(201)
	if stands := trade.Get(t, "/v1/handling-units/"+pallet.Text("sscc")).Want(200); stands.Len("children") != 2 || stands.Len("contents") != 4 {
		t.Errorf("pallet: %s", stands.Body)
	}

	trade.Post(t, "/v1/shipments", m{"handling_units": []string{box.Text("sscc")}}).Problem("box-stands-on-pallet", 409)
	shipped := trade.Post(t, "/v1/shipments", m{"handling_units": []string{pallet.Text("sscc")}, "carrier": "TRUCK", "tracking_reference": "T-1"}).Want(201)
	year := trade.One(t, `SELECT to_char(now() AT TIME ZONE 'Europe/Berlin', 'YYYY')`)
	if got := shipped.Text("delivery_note"); got != "DN-"+year+"-000001" {
		t.Errorf("delivery note %s", got)
	}
	if shipped.Len("lines") != 4 || shipped.Len("handling_units") != 3 || shipped.Text("customer", "city") != "Berlin" || shipped.Text("site", "city") != "Stuttgart" {
		t.Errorf("shipment: %s", shipped.Body)
	}
	if got := trade.OnHand(t, "CRATE", "S2") + trade.OnHand(t, "BOLT", "S2"); got != "0/0"+"0/0" {
		t.Errorf("in staging: %s", got)
	}
	if got := trade.Get(t, "/v1/handling-units/"+onPallet.Text("sscc")).Want(200); got.Text("state") != "shipped" || got.Text("shipment") != shipped.Text("number") {
		t.Errorf("box: %s", got.Body)
	}
	if got := trade.Get(t, "/v1/shipments/"+shipped.Text("delivery_note")).Want(200).Text("number"); got != shipped.Text("number") {
		t.Errorf("by its delivery note: %s", got)
	}
	if got := trade.One(t, `SELECT string_agg(DISTINCT args ->> 'kind', ' ' ORDER BY args ->> 'kind') FROM river.river_job WHERE kind = 'document_render'`); got != "delivery_note handling_unit_label" {
		t.Errorf("to be rendered: %s", got)
	}
	trade.Post(t, "/v1/shipments", m{"handling_units": []string{pallet.Text("sscc")}}).Problem("handling-unit-not-open", 409)
	trade.Post(t, "/v1/shipments", m{"sales_orders": []string{order}}).Problem("nothing-to-ship", 409)
	trade.Post(t, "/v1/handling-unit-unpackings", m{"handling_unit": box.Text("sscc")}).Problem("handling-unit-not-open", 409)
	for _, list := range []string{"picks", "handling-units", "shipments"} {
		if trade.Get(t, "/v1/"+list+"?limit=10").Want(200).Len("items") == 0 {
			t.Errorf("no %s are listed", list)
		}
	}
}

func TestPickTakesWhatWasScanned(t *testing.T) {
	t.Parallel()
	trade := tradetest.New(t)
	other := trade.Order(t, "HOME", m{"item": "CRATE", "quantity": "95", "unit_price": "1"})
	trade.Post(t, "/v1/picks", m{"sales_order": other, "lines": []m{{"line": 1, "quantity": "1", "lot": "L1"}}}).Want(201)
	trade.Post(t, "/v1/reservations", m{"sales_order": other}).Want(201) // 30 of L2, 64 of L1; 35 of L1 are free
	order := trade.Order(t, "HOME", m{"item": "CRATE", "quantity": "60", "unit_price": "1"}, m{"item": "CRATE", "quantity": "10", "unit_price": "1"})
	trade.Post(t, "/v1/reservations", m{"sales_order": order, "lines": []m{{"line": 1, "quantity": "20"}}}).Want(201)

	pick := func(line m) *httpapitest.Answer {
		return trade.Post(t, "/v1/picks", m{"sales_order": order, "lines": []m{line}})
	}
	pick(m{"line": 1, "quantity": "1", "lot": "L2"}).Problem("insufficient-stock", 409) // reserved for the other order
	pick(m{"line": 1, "quantity": "1", "lot": "L9"}).Problem("unknown-lot", 422)
	pick(m{"line": 1, "quantity": "1", "location": "B"}).Problem("insufficient-stock", 409)
	pick(m{"line": 1, "quantity": "1", "location": "Q"}).Problem("location-does-not-fit", 409)
	pick(m{"line": 1, "quantity": "1", "barcode": "BOLT"}).Problem("wrong-goods", 409)
	pick(m{"line": 1, "quantity": "1", "lot": "L1", "barcode": "(01)04012345000016(10)L2"}).Problem("wrong-goods", 409)
	scanned := pick(m{"line": 1, "quantity": "5", "barcode": "(01)04012345000016(10)L1"}).Want(201)
	if scanned.Text("lines", 0, "lot") != "L1" || scanned.Text("lines", 0, "reserved_quantity") != "5" {
		t.Errorf("scanned: %s", scanned.Body)
	}
	// Reserved goods first, then free ones: 15 and 7; more is not there.
	mixed := pick(m{"line": 1, "quantity": "22"}).Want(201)
	if mixed.Text("lines", 0, "reserved_quantity") != "15" || mixed.Text("lines", 1, "quantity") != "7" || mixed.Text("lines", 1, "reserved_quantity") != "0" {
		t.Errorf("mixed: %s", mixed.Body)
	}
	// Two lines of one pick do not take the same 8 free pieces.
	trade.Post(t, "/v1/picks", m{"sales_order": order, "lines": []m{{"line": 1, "quantity": "5"}, {"line": 2, "quantity": "4"}}}).Problem("insufficient-stock", 409)
	trade.Post(t, "/v1/picks", m{"sales_order": order, "lines": []m{{"line": 1, "quantity": "4"}, {"line": 2, "quantity": "4"}}}).Want(201)
	if got := trade.OnHand(t, "CRATE", "A"); got != "94/94" {
		t.Errorf("what is left is the other order's: %s", got)
	}
}

func TestPickOfOtherStockFreesWhatWasReserved(t *testing.T) {
	t.Parallel()
	trade := tradetest.New(t)
	order := trade.Order(t, "HOME", m{"item": "CRATE", "quantity": "10", "unit_price": "1"})
	trade.Post(t, "/v1/reservations", m{"sales_order": order}).Want(201) // all of L2
	trade.Pick(t, order, m{"line": 1, "quantity": "10", "lot": "L1"})
	if got := trade.OnHand(t, "CRATE", "A"); got != "120/0" {
		t.Errorf("a picked order holds stock: %s", got)
	}
}

func TestUnusableLotsAreNotPicked(t *testing.T) {
	t.Parallel()
	trade := tradetest.New(t)
	trade.Exec(t, `SELECT inventory.set_lot_status(l.id, 'blocked') FROM inventory.lot AS l WHERE l.number = 'L1'`)
	trade.Exec(t, `UPDATE inventory.lot SET manufactured_on = '2020-01-01', expires_on = '2020-12-31' WHERE number = 'L2'`)
	order := trade.Order(t, "HOME", m{"item": "CRATE", "quantity": "10", "unit_price": "1"})
	body := func(line m) m { return m{"sales_order": order, "lines": []m{line}} }
	trade.Post(t, "/v1/picks", body(m{"line": 1, "quantity": "1"})).Problem("insufficient-stock", 409)
	trade.Post(t, "/v1/picks", body(m{"line": 1, "quantity": "1", "lot": "L1"})).Problem("lot-not-released", 409)
	trade.Post(t, "/v1/picks", body(m{"line": 1, "quantity": "1", "lot": "L2"})).Problem("lot-expired", 409)
	if got := trade.Post(t, "/v1/reservations", m{"sales_order": order}).Want(201).Text("lines", 0, "reserved"); got != "0" {
		t.Errorf("%s reserved of unusable lots", got)
	}

	// A lot that is blocked after it was packed does not leave.
	trade.Stock(t, m{"item": "CRATE", "lot": "L3", "to": "A", "quantity": "5"})
	pick := trade.Pick(t, order, m{"line": 1, "quantity": "5"})
	trade.Box(t, m{"pick": pick, "line": 1, "quantity": "5"})
	trade.Exec(t, `SELECT inventory.set_lot_status(l.id, 'blocked') FROM inventory.lot AS l WHERE l.number = 'L3'`)
	trade.Post(t, "/v1/shipments", m{"sales_orders": []string{order}}).Problem("lot-not-released", 409)
	if got := trade.OnHand(t, "CRATE", "S"); got != "5/0" {
		t.Errorf("in staging: %s", got)
	}
}

func TestBadInputChangesNothing(t *testing.T) {
	t.Parallel()
	trade := tradetest.New(t)
	order := trade.Order(t, "HOME", m{"item": "CRATE", "quantity": "10", "unit_price": "1"})
	foreign := trade.Order(t, "FRANCE", m{"item": "CRATE", "quantity": "10", "unit_price": "1"})
	pick, foreignPick := trade.Pick(t, order, m{"line": 1, "quantity": "5", "lot": "L1"}), trade.Pick(t, foreign, m{"line": 1, "quantity": "5", "lot": "L1"})
	box, foreignBox := trade.Box(t, m{"pick": pick, "line": 1, "quantity": "2"}), trade.Box(t, m{"pick": foreignPick, "line": 1, "quantity": "2"})
	_, shipment := trade.Shipped(t, "HOME", m{"item": "BOLT", "quantity": "10", "unit_price": "1"})
	returned := trade.Post(t, "/v1/customer-returns", m{"shipment": shipment, "lines": []m{{"line": 1, "quantity": "4", "reason": "DAMAGED"}}}).Want(201).Text("number")
	scrap := trade.Post(t, "/v1/customer-returns", m{"shipment": shipment, "location": "R", "lines": []m{{"line": 1, "quantity": "1", "reason": "DAMAGED"}}}).Want(201).Text("number")
	state := func() string {
		return trade.One(t, `SELECT string_agg(c::text, ' ') FROM (
			SELECT count(*) AS c FROM inventory.movement UNION ALL SELECT count(*) FROM shipping.handling_unit UNION ALL
			SELECT last_serial FROM shipping.sscc_series UNION ALL SELECT last_number FROM shipping.delivery_note_series UNION ALL
			SELECT sum(packed_quantity) FROM shipping.pick_line UNION ALL SELECT sum(picked_quantity + shipped_quantity + returned_quantity) FROM sales.sales_order_line) AS q`)
	}
	before := state()
	line := func(path string, head m, l m) (string, m) {
		body := m{"lines": []m{l}}
		for k, v := range head {
			body[k] = v
		}
		return path, body
	}
	for _, c := range []struct {
		name    string
		request func() (string, m)
		problem string
		status  int
	}{
		{"pick for an unknown order", func() (string, m) {
			return line("/v1/picks", m{"sales_order": "SO-999999"}, m{"line": 1, "quantity": "1"})
		}, "unknown-sales-order", 422},
		{"pick an unknown line", func() (string, m) { return line("/v1/picks", m{"sales_order": order}, m{"line": 2, "quantity": "1"}) }, "unknown-sales-order-line", 422},
		{"pick beyond the order", func() (string, m) { return line("/v1/picks", m{"sales_order": order}, m{"line": 1, "quantity": "6"}) }, "beyond-sales-order", 409},
		{"pick twice beyond the order", func() (string, m) {
			return "/v1/picks", m{"sales_order": order, "lines": []m{{"line": 1, "quantity": "3"}, {"line": 1, "quantity": "3"}}}
		}, "beyond-sales-order", 409},
		{"pick zero", func() (string, m) {
			return line("/v1/picks", m{"sales_order": order}, m{"line": 1, "quantity": "0.000"})
		}, "invalid-quantity", 422},
		{"pick in a wrong unit", func() (string, m) {
			return line("/v1/picks", m{"sales_order": order}, m{"line": 1, "quantity": "1", "unit": "KGM"})
		}, "unit-not-of-item", 422},
		{"pick forty digits", func() (string, m) {
			return line("/v1/picks", m{"sales_order": order}, m{"line": 1, "quantity": "1234567890123456789012345678901234567890"})
		}, "validation-failed", 422},
		{"pick an unknown barcode", func() (string, m) {
			return line("/v1/picks", m{"sales_order": order}, m{"line": 1, "quantity": "1", "barcode": "???"})
		}, "unknown-barcode", 422},
		{"pick to storage", func() (string, m) {
			return line("/v1/picks", m{"sales_order": order, "staging_location": "B"}, m{"line": 1, "quantity": "1"})
		}, "location-does-not-fit", 409},
		{"pick to nowhere", func() (string, m) {
			return line("/v1/picks", m{"sales_order": order, "staging_location": "ZZ"}, m{"line": 1, "quantity": "1"})
		}, "unknown-location", 422},
		{"pack an unknown pick", func() (string, m) {
			return "/v1/handling-units", m{"kind": "box", "contents": []m{{"pick": "PK-999999", "line": 1, "quantity": "1"}}}
		}, "unknown-pick", 422},
		{"pack an unknown line", func() (string, m) {
			return "/v1/handling-units", m{"kind": "box", "contents": []m{{"pick": pick, "line": 9, "quantity": "1"}}}
		}, "unknown-pick-line", 422},
		{"pack beyond the pick", func() (string, m) {
			return "/v1/handling-units", m{"kind": "box", "contents": []m{{"pick": pick, "line": 1, "quantity": "4"}}}
		}, "beyond-pick", 409},
		{"pack twice beyond the pick", func() (string, m) {
			return "/v1/handling-units", m{"kind": "box", "contents": []m{{"pick": pick, "line": 1, "quantity": "2"}, {"pick": pick, "line": 1, "quantity": "2"}}}
		}, "beyond-pick", 409},
		{"pack nothing", func() (string, m) { return "/v1/handling-units", m{"kind": "pallet"} }, "nothing-to-pack", 422},
		{"pack an empty box", func() (string, m) { return "/v1/handling-units", m{"kind": "box", "children": []string{box}} }, "nothing-to-pack", 422},
		{"pack a box into a box", func() (string, m) {
			return "/v1/handling-units", m{"kind": "box", "contents": []m{{"pick": pick, "line": 1, "quantity": "1"}}, "parent": box}
		}, "units-do-not-nest", 409},
		{"pack for two customers", func() (string, m) {
			return "/v1/handling-units", m{"kind": "pallet", "children": []string{box, foreignBox}}
		}, "goods-do-not-go-together", 409},
		{"pack for another order", func() (string, m) {
			return "/v1/handling-units", m{"kind": "box", "sales_order": foreign, "contents": []m{{"pick": pick, "line": 1, "quantity": "1"}}}
		}, "goods-do-not-go-together", 409},
		{"pack an unknown box", func() (string, m) {
			return "/v1/handling-units", m{"kind": "pallet", "children": []string{"340123450000000017"}}
		}, "unknown-handling-unit", 422},
		{"pack a crate", func() (string, m) { return "/v1/handling-units", m{"kind": "crate", "sales_order": order} }, "validation-failed", 422},
		{"ship an unknown box", func() (string, m) { return "/v1/shipments", m{"handling_units": []string{"340123450000000017"}} }, "unknown-handling-unit", 422},
		{"ship for two customers", func() (string, m) { return "/v1/shipments", m{"handling_units": []string{box, foreignBox}} }, "goods-do-not-go-together", 409},
		{"ship nothing", func() (string, m) { return "/v1/shipments", m{} }, "nothing-to-ship", 409},
		{"ship by no carrier", func() (string, m) { return "/v1/shipments", m{"sales_orders": []string{order}, "carrier": "HOME"} }, "not-a-carrier", 422},
		{"ship tomorrow", func() (string, m) {
			return "/v1/shipments", m{"sales_orders": []string{order}, "occurred_at": "2999-01-01T00:00:00Z"}
		}, "occurred-in-the-future", 422},
		{"reverse a packed pick", func() (string, m) { return "/v1/pick-reversals", m{"pick": pick, "reason": "MISTAKE"} }, "pick-is-packed", 409},
		{"reverse without a reason", func() (string, m) { return "/v1/pick-reversals", m{"pick": pick, "reason": "WHIM"} }, "unknown-reason", 422},
		{"return to an unknown shipment", func() (string, m) {
			return line("/v1/customer-returns", m{"shipment": "SH-999999"}, m{"line": 1, "quantity": "1", "reason": "DAMAGED"})
		}, "unknown-shipment", 422},
		{"return an unknown line", func() (string, m) {
			return line("/v1/customer-returns", m{"shipment": shipment}, m{"line": 2, "quantity": "1", "reason": "DAMAGED"})
		}, "unknown-shipment-line", 422},
		{"return beyond the shipment", func() (string, m) {
			return line("/v1/customer-returns", m{"shipment": shipment}, m{"line": 1, "quantity": "6", "reason": "DAMAGED"})
		}, "beyond-shipment", 409},
		{"return into storage", func() (string, m) {
			return line("/v1/customer-returns", m{"shipment": shipment, "location": "A"}, m{"line": 1, "quantity": "1", "reason": "DAMAGED"})
		}, "location-does-not-fit", 409},
		{"inspect an unknown return", func() (string, m) {
			return line("/v1/return-inspections", m{"customer_return": "RT-999999"}, m{"line": 1, "accepted_quantity": "1"})
		}, "unknown-customer-return", 422},
		{"inspect an unknown line", func() (string, m) {
			return line("/v1/return-inspections", m{"customer_return": returned}, m{"line": 5, "accepted_quantity": "1"})
		}, "unknown-return-line", 422},
		{"inspect beyond the return", func() (string, m) {
			return line("/v1/return-inspections", m{"customer_return": returned}, m{"line": 1, "accepted_quantity": "3", "rejected_quantity": "2"})
		}, "beyond-return", 409},
		{"inspect nothing", func() (string, m) {
			return line("/v1/return-inspections", m{"customer_return": returned}, m{"line": 1})
		}, "beyond-return", 409},
		{"inspect what was rejected", func() (string, m) {
			return line("/v1/return-inspections", m{"customer_return": scrap}, m{"line": 1, "accepted_quantity": "1"})
		}, "nothing-to-inspect", 409},
		{"reverse a shipment of which goods came back", func() (string, m) { return "/v1/shipment-reversals", m{"shipment": shipment, "reason": "MISTAKE"} }, "shipment-not-reversible", 409},
		{"reverse an unknown inspection", func() (string, m) {
			return "/v1/return-inspection-reversals", m{"return_inspection": "RI-999999", "reason": "MISTAKE"}
		}, "unknown-return-inspection", 422},
	} {
		path, body := c.request()
		answer := trade.Post(t, path, body)
		if answer.Status != c.status || answer.Text("type") != "/problems/"+c.problem {
			t.Errorf("%s: %d %s", c.name, answer.Status, answer.Body)
		}
		if after := state(); after != before {
			t.Fatalf("%s: %s became %s", c.name, before, after)
		}
	}
}

func TestEachStepIsReversed(t *testing.T) {
	t.Parallel()
	trade := tradetest.New(t)
	order := trade.Order(t, "HOME", m{"item": "CRATE", "quantity": "40", "unit_price": "1"})
	pick := trade.Pick(t, order, m{"line": 1, "quantity": "40"})
	box := trade.Box(t, m{"pick": pick, "line": 1, "quantity": "30"}, m{"pick": pick, "line": 2, "quantity": "10"})
	shipment := trade.Ship(t, order)
	counters := func(want string) {
		t.Helper()
		o := trade.Get(t, "/v1/sales-orders/"+order).Want(200)
		got := fmt.Sprint(o.Value("lines", 0, "picked_quantity"), " ", o.Value("lines", 0, "shipped_quantity"), " ", o.Value("lines", 0, "returned_quantity"),
			"; ", trade.OnHand(t, "CRATE", "A"), " ", trade.OnHand(t, "CRATE", "S"), " ", trade.OnHand(t, "CRATE", "Q"), " ", trade.OnHand(t, "CRATE", "R"))
		if got != want {
			t.Fatalf("got %s, want %s", got, want)
		}
	}
	counters("40 40 0; 90/0 0/0 0/0 0/0")

	back := trade.Post(t, "/v1/customer-returns", m{"shipment": shipment, "lines": []m{{"line": 1, "quantity": "7", "reason": "DAMAGED"}, {"line": 1, "quantity": "5", "reason": "DAMAGED"}}}).Want(201).Text("number")
	counters("40 40 12; 90/0 0/0 12/12 0/0")
	// The lot is released, but what came back of it leaves quarantine by its inspection only.
	trade.Post(t, "/v1/put-aways", m{"item": "CRATE", "lot": "L1", "from": "Q", "to": "A", "quantity": "1"}).Problem("insufficient-stock", 409)
	// Of a lot of which some waits in quarantine, the rest is still picked.
	good := trade.Order(t, "HOME", m{"item": "CRATE", "quantity": "90", "unit_price": "1"})
	trade.Post(t, "/v1/picks", m{"sales_order": good, "lines": []m{{"line": 1, "quantity": "90"}}}).Want(201)
	trade.Post(t, "/v1/pick-reversals", m{"pick": "PK-000002", "reason": "MISTAKE"}).Want(201)

	inspection := trade.Post(t, "/v1/return-inspections", m{"customer_return": back, "lines": []m{
		{"line": 1, "accepted_quantity": "4", "rejected_quantity": "3"}, {"line": 2, "accepted_quantity": "5", "rejected_quantity": "0", "location": "B"},
	}}).Want(201)
	counters("40 40 12; 94/0 0/0 0/0 3/0")
	if got := trade.OnHand(t, "CRATE", "B"); got != "5/0" || inspection.Len("lines") != 3 {
		t.Errorf("at B %s: %s", got, inspection.Body)
	}
	trade.Post(t, "/v1/customer-return-reversals", m{"customer_return": back, "reason": "MISTAKE"}).Problem("return-not-reversible", 409)
	trade.Post(t, "/v1/return-inspection-reversals", m{"return_inspection": inspection.Text("number"), "reason": "MISTAKE"}).Want(201)
	trade.Post(t, "/v1/return-inspection-reversals", m{"return_inspection": inspection.Text("number"), "reason": "MISTAKE"}).Problem("already-reversed", 409)
	counters("40 40 12; 90/0 0/0 12/12 0/0")
	trade.Post(t, "/v1/shipment-reversals", m{"shipment": shipment, "reason": "MISTAKE"}).Problem("shipment-not-reversible", 409)
	trade.Post(t, "/v1/customer-return-reversals", m{"customer_return": back, "reason": "MISTAKE"}).Want(201)
	trade.Post(t, "/v1/customer-return-reversals", m{"customer_return": back, "reason": "MISTAKE"}).Problem("already-reversed", 409)
	counters("40 40 0; 90/0 0/0 0/0 0/0")

	trade.Post(t, "/v1/sales-order-closings", m{"sales_order": order}).Want(201)
	trade.Post(t, "/v1/shipment-reversals", m{"shipment": shipment, "reason": "MISTAKE"}).Want(201)
	trade.Post(t, "/v1/shipment-reversals", m{"shipment": shipment, "reason": "MISTAKE"}).Problem("already-reversed", 409)
	counters("40 0 0; 90/0 40/0 0/0 0/0")
	trade.Post(t, "/v1/customer-returns", m{"shipment": shipment, "lines": []m{{"line": 1, "quantity": "1", "reason": "DAMAGED"}}}).Problem("shipment-reversed", 409)
	trade.Post(t, "/v1/invoices", m{"shipment": shipment}).Problem("shipment-reversed", 409)
	if got := trade.Get(t, "/v1/sales-orders/"+order).Want(200).Text("state"); got != "released" {
		t.Errorf("state %s", got)
	}

	// It leaves again, under a new delivery note, and is taken apart once more.
	again := trade.Ship(t, order)
	counters("40 40 0; 90/0 0/0 0/0 0/0")
	trade.Post(t, "/v1/shipment-reversals", m{"shipment": again, "reason": "MISTAKE"}).Want(201)
	trade.Post(t, "/v1/pick-reversals", m{"pick": pick, "reason": "MISTAKE"}).Problem("pick-is-packed", 409)
	trade.Post(t, "/v1/handling-unit-unpackings", m{"handling_unit": box}).Want(201)
	trade.Post(t, "/v1/shipments", m{"handling_units": []string{box}}).Problem("handling-unit-not-open", 409)
	trade.Post(t, "/v1/pick-reversals", m{"pick": pick, "reason": "MISTAKE"}).Want(201)
	trade.Post(t, "/v1/pick-reversals", m{"pick": pick, "reason": "MISTAKE"}).Problem("already-reversed", 409)
	trade.Post(t, "/v1/handling-units", m{"kind": "box", "contents": []m{{"pick": pick, "line": 1, "quantity": "1"}}}).Problem("beyond-pick", 409)
	counters("0 0 0; 130/0 0/0 0/0 0/0")
}

func TestUnpackedPalletLeavesItsBoxes(t *testing.T) {
	t.Parallel()
	trade := tradetest.New(t)
	order := trade.Order(t, "HOME", m{"item": "BOLT", "quantity": "20", "unit_price": "1"})
	pick := trade.Pick(t, order, m{"line": 1, "quantity": "20"})
	pallet := trade.Post(t, "/v1/handling-units", m{"kind": "pallet", "sales_order": order}).Want(201).Text("sscc")
	trade.Post(t, "/v1/shipments", m{"handling_units": []string{pallet}}).Problem("nothing-to-ship", 409)
	for range 2 {
		trade.Post(t, "/v1/handling-units", m{"kind": "box", "parent": pallet, "contents": []m{{"pick": pick, "line": 1, "quantity": "10"}}}).Want(201)
	}
	trade.Post(t, "/v1/handling-unit-unpackings", m{"handling_unit": pallet}).Want(201)
	shipped := trade.Post(t, "/v1/shipments", m{"sales_orders": []string{order}}).Want(201)
	if shipped.Len("handling_units") != 2 || shipped.Text("handling_units", 0, "parent") != "" || shipped.Text("carrier") != "" {
		t.Errorf("shipped: %s", shipped.Body)
	}
}

func TestTwoOrdersOnOnePallet(t *testing.T) {
	t.Parallel()
	trade := tradetest.New(t)
	one := trade.Order(t, "HOME", m{"item": "BOLT", "quantity": "5", "unit_price": "1"})
	two := trade.Order(t, "HOME", m{"item": "BOLT", "quantity": "7", "unit_price": "2"})
	a := trade.Box(t, m{"pick": trade.Pick(t, one, m{"line": 1, "quantity": "5"}), "line": 1, "quantity": "5"})
	b := trade.Box(t, m{"pick": trade.Pick(t, two, m{"line": 1, "quantity": "7"}), "line": 1, "quantity": "7"})
	trade.Post(t, "/v1/handling-units", m{"kind": "pallet", "children": []string{a, b}}).Want(201)
	// Naming one order takes the whole pallet.
	shipped := trade.Post(t, "/v1/shipments", m{"sales_orders": []string{two}}).Want(201)
	if shipped.Len("sales_orders") != 2 || shipped.Len("lines") != 2 {
		t.Errorf("shipped: %s", shipped.Body)
	}
	if got := trade.Get(t, "/v1/sales-orders/"+one).Want(200).Text("lines", 0, "shipped_quantity"); got != "5" {
		t.Errorf("%s shipped", got)
	}
}

func TestSSCCsRunOut(t *testing.T) {
	t.Parallel()
	trade := tradetest.New(t)
	// A company prefix of 12 digits leaves 4 for the serial and one for the extension digit.
	trade.Exec(t, `UPDATE catalog.site SET gs1_company_prefix = '401234512345'`)
	trade.Exec(t, `INSERT INTO shipping.sscc_series (site_id, last_serial) SELECT s.id, 99998 FROM catalog.site AS s`)
	order := trade.Order(t, "HOME", m{"item": "BOLT", "quantity": "5", "unit_price": "1"})
	if got := trade.Post(t, "/v1/handling-units", m{"kind": "pallet", "sales_order": order}).Want(201).Text("sscc"); got[:17] != "94012345123459999" {
		t.Errorf("SSCC %s", got)
	}
	trade.Post(t, "/v1/handling-units", m{"kind": "pallet", "sales_order": order}).Problem("no-sscc", 409)
	trade.Exec(t, `UPDATE catalog.site SET gs1_company_prefix = NULL`)
	trade.Post(t, "/v1/handling-units", m{"kind": "pallet", "sales_order": order}).Problem("no-sscc", 409)
	trade.Exec(t, `UPDATE catalog.site SET gs1_company_prefix = '401234512345'`)
}

func TestCheckDigits(t *testing.T) {
	t.Parallel()
	trade := tradetest.Empty(t)
	// From GS1's own examples.
	for digits, want := range map[string]string{"37610425002123456": "9", "629104150021": "3", "0": "0", "1234567": "0"} {
		if got := trade.One(t, `SELECT shipping.gs1_check_digit($1)`, digits); got != want {
			t.Errorf("%s: %s, want %s", digits, got, want)
		}
	}
}

func TestSameKeyShipsOnce(t *testing.T) {
	t.Parallel()
	trade := tradetest.New(t)
	order := trade.Order(t, "HOME", m{"item": "BOLT", "quantity": "5", "unit_price": "1"})
	pick := trade.Pick(t, order, m{"line": 1, "quantity": "5"})
	trade.Box(t, m{"pick": pick, "line": 1, "quantity": "5"})
	key := httpapitest.Key()
	first := trade.PostKey(t, key, "/v1/shipments", m{"sales_orders": []string{order}}).Want(201)
	second := trade.PostKey(t, key, "/v1/shipments", m{"sales_orders": []string{order}}).Want(201)
	if !second.Replayed || string(first.Body) != string(second.Body) {
		t.Errorf("another answer: %s", second.Body)
	}
}

// Twelve sessions want to return 3 of 10 pieces each: three may.
func TestConcurrentReturnsNeverExceedTheShipment(t *testing.T) {
	t.Parallel()
	trade := tradetest.New(t)
	_, shipment := trade.Shipped(t, "HOME", m{"item": "CRATE", "quantity": "10", "unit_price": "1"})
	var wait sync.WaitGroup
	var accepted atomic.Int32
	for range 12 {
		wait.Go(func() {
			answer := trade.Post(t, "/v1/customer-returns", m{"shipment": shipment, "lines": []m{{"line": 1, "quantity": "3", "reason": "DAMAGED"}}})
			if answer.Status == 201 {
				accepted.Add(1)
				return
			}
			answer.Problem("beyond-shipment", 409)
		})
	}
	wait.Wait()
	if got := trade.OnHand(t, "CRATE", "Q"); accepted.Load() != 3 || got != "9/9" {
		t.Errorf("%d returns, %s in quarantine", accepted.Load(), got)
	}
}

// Everybody picks, packs, ships and takes back the same few orders at once: no deadlock, no 5xx, and all
// invariants hold at the end.
func TestCrowdOnFewOrders(t *testing.T) {
	t.Parallel()
	trade := tradetest.New(t)
	orders := make([]string, 4)
	for i := range orders {
		orders[i] = trade.Order(t, "HOME", m{"item": "CRATE", "quantity": "30", "unit_price": "1.11"}, m{"item": "BOLT", "quantity": "200", "unit_price": "0.01"})
	}
	var wait sync.WaitGroup
	for worker := range 8 {
		wait.Go(func() {
			post := func(path string, body m) *httpapitest.Answer {
				answer := trade.Post(t, path, body)
				if answer.Status != 201 && answer.Status != 409 {
					t.Errorf("%s: %d %s", path, answer.Status, answer.Body)
				}
				return answer
			}
			for round := range 6 {
				order, next := orders[(worker+round)%4], orders[(worker+round+1)%4]
				post("/v1/reservations", m{"sales_order": order})
				var boxes []string
				for _, o := range []string{order, next} {
					picked := post("/v1/picks", m{"sales_order": o, "lines": []m{{"line": 1 + worker%2, "quantity": "3"}, {"line": 2 - worker%2, "quantity": "2"}}})
					if picked.Status != 201 {
						continue
					}
					box := post("/v1/handling-units", m{"kind": "box", "contents": []m{{"pick": picked.Text("number"), "line": 1, "quantity": picked.Text("lines", 0, "quantity")}}})
					if box.Status == 201 {
						boxes = append(boxes, box.Text("sscc"))
					}
				}
				if len(boxes) > 0 {
					post("/v1/handling-units", m{"kind": "pallet", "children": boxes})
				}
				shipped := post("/v1/shipments", m{"sales_orders": []string{order}})
				if shipped.Status != 201 {
					continue
				}
				number := shipped.Text("number")
				if round%3 == 0 {
					post("/v1/shipment-reversals", m{"shipment": number, "reason": "MISTAKE"})
					continue
				}
				post("/v1/invoices", m{"shipment": number})
				back := post("/v1/customer-returns", m{"shipment": number, "lines": []m{{"line": 1, "quantity": "1", "reason": "DAMAGED"}}})
				if back.Status == 201 {
					post("/v1/credit-notes", m{"customer_return": back.Text("number")})
					post("/v1/return-inspections", m{"customer_return": back.Text("number"), "lines": []m{{"line": 1, "accepted_quantity": "1"}}})
				}
			}
		})
	}
	wait.Wait()
	if n := trade.One(t, `SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()`); n != "0" {
		t.Errorf("%s deadlocks", n)
	}
	if n := trade.One(t, `SELECT count(*) FROM shipping.shipment`); n == "0" {
		t.Error("nothing was shipped")
	}
}

// Goods that go out by age are picked by age, whether they were reserved or are free.
func TestOldestIsPickedFirst(t *testing.T) {
	t.Parallel()
	trade := tradetest.Empty(t)
	trade.Post(t, "/v1/items", m{"number": "CASE", "name": "Case", "base_unit": "H87", "tracking": "lot", "is_sold": true, "issue_order": "fifo"}).Want(200)
	trade.Stock(t, m{"item": "CASE", "lot": "OLD", "to": "A", "quantity": "10", "expires_on": "2099-12-31"})
	trade.Stock(t, m{"item": "CASE", "lot": "NEW", "to": "A", "quantity": "10", "expires_on": "2098-12-31"}) // expires first
	order := trade.Order(t, "HOME", m{"item": "CASE", "quantity": "12", "unit_price": "1"})
	trade.Post(t, "/v1/reservations", m{"sales_order": order, "lines": []m{{"line": 1, "quantity": "5"}}}).Want(201)
	if got := trade.Get(t, "/v1/sales-orders/"+order).Want(200); got.Text("lines", 0, "reservations", 0, "lot") != "OLD" {
		t.Errorf("reserved: %s", got.Body)
	}
	picked := trade.Post(t, "/v1/picks", m{"sales_order": order, "lines": []m{{"line": 1, "quantity": "7"}}}).Want(201)
	if picked.Text("lines", 0, "lot") != "OLD" || picked.Text("lines", 1, "lot") != "OLD" {
		t.Errorf("picked: %s", picked.Body)
	}
}
