package purchasing_test

import (
	"context"
	_ "embed"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/millrace-erp/millrace/internal/httpapi/httpapitest"
	"github.com/millrace-erp/millrace/internal/testdb"
)

//go:embed testdata/plant.sql
var plant string

type m map[string]any

func setup(t *testing.T) *httpapitest.API {
	t.Helper()
	api := httpapitest.New(t)
	if _, err := api.DB.Pool.Exec(context.Background(), plant); err != nil {
		t.Fatal(err)
	}
	return api
}

// order makes a purchase order, one line per item and quantity, and gives its number.
func order(t *testing.T, api *httpapitest.API, lines ...m) string {
	t.Helper()
	for _, line := range lines {
		if line["price"] == nil {
			line["price"] = "2.50"
		}
	}
	return api.Post(t, "/v1/purchase-orders", m{"supplier": "ACME", "lines": lines}).Want(201).Text("number")
}

// receive posts one line against line 1 of the order and gives the number of the receipt.
func receive(t *testing.T, api *httpapitest.API, po, quantity string, more m) string {
	t.Helper()
	line := m{"line": 1, "quantity": quantity}
	for k, v := range more {
		line[k] = v
	}
	return api.Post(t, "/v1/goods-receipts", m{"purchase_order": po, "lines": []m{line}}).Want(201).Text("number")
}

func want(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Fatalf("%s: %s, want %s", what, got, want)
	}
}

func onHand(t testing.TB, db *testdb.DB, item, location string) string {
	t.Helper()
	var v string
	err := db.Pool.QueryRow(context.Background(), `SELECT trim_scale(coalesce(sum(b.on_hand), 0))::text FROM inventory.balance AS b
		JOIN catalog.item AS i ON i.id = b.item_id JOIN catalog.location AS c ON c.id = b.location_id
		WHERE i.number = $1 AND c.code = $2`, item, location).Scan(&v)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestLotIsReceivedInspectedAndPutAway(t *testing.T) {
	t.Parallel()
	api := setup(t)
	po := api.Post(t, "/v1/purchase-orders", m{"supplier": "ACME", "external_number": "X-1", "ordered_on": "2026-01-05", "lines": []m{
		{"item": "RESIN", "quantity": "500", "over_receipt_percent": "10", "due_on": "2026-02-01"},
		{"item": "RESIN", "quantity": "2000", "unit": "GRM", "price": "0.002"},
	}}).Want(201)
	want(t, "price of the supplier", po.Text("lines", 0, "price"), "1.25")
	want(t, "base quantity", po.Text("lines", 1, "base_quantity"), "2")
	number := po.Text("number")
	api.Post(t, "/v1/purchase-orders", m{"supplier": "ACME", "external_number": "X-1", "lines": []m{{"item": "RESIN", "quantity": "1"}}}).
		Problem("purchase-order-exists", 409)

	receipt := api.Post(t, "/v1/goods-receipts", m{"purchase_order": number, "delivery_note": "DN 77", "lines": []m{
		{"line": 1, "quantity": "300", "lot": "L-1", "supplier_lot": "S-9", "manufactured_on": "2026-01-01"},
		{"line": 1, "quantity": "200000", "unit": "GRM", "lot": "L-2", "expires_on": "2099-12-31"},
		{"line": 2, "quantity": "2"},
	}}).Want(201)
	gr := receipt.Text("number")
	want(t, "state", receipt.Text("lines", 0, "state"), "waiting")
	want(t, "expiry from the shelf life", receipt.Text("lines", 0, "expires_on"), "2027-01-01")
	want(t, "lot status", receipt.Text("lines", 0, "lot_status"), "quarantine")
	if receipt.Text("lines", 2, "lot") == "" {
		t.Fatal("a lot that nobody names gets a number")
	}
	want(t, "in quarantine", onHand(t, api.DB, "RESIN", "Q"), "502")
	api.Post(t, "/v1/put-aways", m{"item": "RESIN", "lot": "L-1", "from": "Q", "to": "A", "quantity": "300"}).Problem("lot-not-released", 409)

	// Accepted: released where it lies. Partly: the bad part goes. Rejected: the lot is blocked and goes.
	one := api.Post(t, "/v1/inspections", m{"goods_receipt": gr, "line": 1, "accepted_quantity": "300", "note": "fine"}).Want(201)
	want(t, "lot status", one.Text("lot_status"), "released")
	api.Post(t, "/v1/put-aways", m{"item": "RESIN", "lot": "L-1", "from": "Q", "to": "A", "quantity": "300"}).Want(201)
	two := api.Post(t, "/v1/inspections", m{"goods_receipt": gr, "line": 2, "accepted_quantity": "150", "rejected_quantity": "50", "reason": "WET", "to_location": "B"}).Want(201)
	want(t, "put away at once", two.Text("to_location"), "B")
	three := api.Post(t, "/v1/inspections", m{"goods_receipt": gr, "line": 3, "rejected_quantity": "2", "reason": "WET"}).Want(201)
	want(t, "lot status", three.Text("lot_status"), "blocked")
	for place, quantity := range map[string]string{"Q": "0", "A": "300", "B": "150", "R": "52"} {
		want(t, "RESIN at "+place, onHand(t, api.DB, "RESIN", place), quantity)
	}
	after := api.Get(t, "/v1/purchase-orders/"+number).Want(200)
	want(t, "received", after.Text("lines", 0, "received_quantity"), "500")
	want(t, "rejected", after.Text("lines", 0, "rejected_quantity"), "50")
	want(t, "states", api.Get(t, "/v1/goods-receipts/"+gr).Want(200).Text("lines", 1, "state"), "partly_accepted")

	// What is rejected goes back, and may come again.
	api.Post(t, "/v1/supplier-returns", m{"goods_receipt": gr, "line": 2, "quantity": "51"}).Problem("beyond-rejected", 409)
	rs := api.Post(t, "/v1/supplier-returns", m{"goods_receipt": gr, "line": 2, "quantity": "50", "reason": "WET", "note": "fetched"}).Want(201).Text("number")
	want(t, "RESIN at R", onHand(t, api.DB, "RESIN", "R"), "2")
	want(t, "open", api.Get(t, "/v1/purchase-orders/"+number).Text("lines", 0, "open_quantity"), "50")
	again := receive(t, api, number, "100", nil) // 500 - 50 + 100 = 550 = 500 + 10 %
	receiveLine := m{"purchase_order": number, "lines": []m{{"line": 1, "quantity": "0.001"}}}
	api.Post(t, "/v1/goods-receipts", receiveLine).Problem("beyond-order", 409)
	api.Post(t, "/v1/supplier-return-reversals", m{"supplier_return": rs, "reason": "MISTAKE"}).Problem("beyond-order", 409)
	api.Post(t, "/v1/goods-receipt-reversals", m{"goods_receipt": again, "reason": "MISTAKE"}).Want(201)
	api.Post(t, "/v1/supplier-return-reversals", m{"supplier_return": rs, "reason": "MISTAKE"}).Want(201)
	api.Post(t, "/v1/supplier-return-reversals", m{"supplier_return": rs, "reason": "MISTAKE"}).Problem("purchasing-already-reversed", 409)
	want(t, "RESIN at R", onHand(t, api.DB, "RESIN", "R"), "52")

	for _, path := range []string{"/v1/purchase-orders", "/v1/goods-receipts?limit=1", "/v1/inspections?limit=2", "/v1/supplier-returns"} {
		api.Get(t, path).Want(200)
	}
	want(t, "the second page", api.Get(t, "/v1/inspections?limit=2&after="+two.Text("number")).Text("items", 0, "number"), three.Text("number"))
	api.Get(t, "/v1/inspections/"+one.Text("number")).Want(200)
	api.Get(t, "/v1/supplier-returns/"+rs).Want(200)
	for _, path := range []string{"/v1/purchase-orders/PO-9", "/v1/goods-receipts/GR-9", "/v1/inspections/IN-9", "/v1/supplier-returns/RS-9"} {
		api.Get(t, path).Want(404)
	}
}

func TestGoodsWithoutLotLeaveQuarantineByTheirInspection(t *testing.T) {
	t.Parallel()
	api := setup(t)
	po := order(t, api, m{"item": "INSERT", "quantity": "1000"})
	gr := receive(t, api, po, "1000", nil)
	want(t, "in quarantine", onHand(t, api.DB, "INSERT", "Q"), "1000")
	api.Post(t, "/v1/put-aways", m{"item": "INSERT", "from": "Q", "to": "B", "quantity": "1000"}).Problem("inspection-required", 409)
	in := api.Post(t, "/v1/inspections", m{"goods_receipt": gr, "line": 1, "accepted_quantity": "900", "rejected_quantity": "100", "reason": "WET"}).Want(201)
	want(t, "default location", in.Text("to_location"), "B")
	want(t, "accepted", onHand(t, api.DB, "INSERT", "B"), "900")
	want(t, "rejected", onHand(t, api.DB, "INSERT", "R"), "100")

	api.Post(t, "/v1/inspection-reversals", m{"inspection": in.Text("number"), "reason": "MISTAKE"}).Want(201)
	want(t, "back in quarantine", onHand(t, api.DB, "INSERT", "Q"), "1000")
	want(t, "state", api.Get(t, "/v1/goods-receipts/"+gr).Text("lines", 0, "state"), "waiting")
	api.Post(t, "/v1/inspections", m{"goods_receipt": gr, "line": 1, "accepted_quantity": "1000", "to_location": "A"}).Want(201)
	want(t, "accepted", onHand(t, api.DB, "INSERT", "A"), "1000")
}

func TestUninspectedGoodsGoToStorage(t *testing.T) {
	t.Parallel()
	api := setup(t)
	po := order(t, api, m{"item": "BOLT", "quantity": "4", "unit": "XBX"}, m{"item": "INK", "quantity": "20"})
	gr := api.Post(t, "/v1/goods-receipts", m{"purchase_order": po, "lines": []m{
		{"line": 1, "quantity": "4", "unit": "XBX"},
		{"line": 2, "quantity": "5", "lot": "INK-1", "supplier_lot": "S"},
		{"line": 2, "quantity": "5", "lot": "INK-1", "supplier_lot": "S", "location": "A"},
	}}).Want(201)
	want(t, "state", gr.Text("lines", 0, "state"), "accepted")
	want(t, "lot status", gr.Text("lines", 1, "lot_status"), "released")
	want(t, "BOLT", onHand(t, api.DB, "BOLT", "B"), "1000")
	want(t, "INK", onHand(t, api.DB, "INK", "A"), "10")
	api.Post(t, "/v1/inspections", m{"goods_receipt": gr.Text("number"), "line": 1, "accepted_quantity": "1000"}).Problem("already-inspected", 409)

	// One line comes back, then the rest; what went on does not.
	api.Post(t, "/v1/goods-receipt-reversals", m{"goods_receipt": gr.Text("number"), "line": 2, "reason": "MISTAKE"}).Want(201)
	want(t, "INK", onHand(t, api.DB, "INK", "A"), "5")
	api.Post(t, "/v1/transfers", m{"item": "BOLT", "from": "B", "to": "A", "quantity": "1"}).Want(201)
	api.Post(t, "/v1/goods-receipt-reversals", m{"goods_receipt": gr.Text("number"), "reason": "MISTAKE"}).Problem("insufficient-stock", 409)
	api.Post(t, "/v1/transfers", m{"item": "BOLT", "from": "A", "to": "B", "quantity": "1"}).Want(201)
	back := api.Post(t, "/v1/goods-receipt-reversals", m{"goods_receipt": gr.Text("number"), "reason": "MISTAKE"}).Want(201)
	if back.Value("lines", 0, "is_reversed") != true || back.Value("lines", 2, "is_reversed") != true {
		t.Fatal("every line is reversed")
	}
	want(t, "BOLT", onHand(t, api.DB, "BOLT", "B"), "0")
	want(t, "received", api.Get(t, "/v1/purchase-orders/"+po).Text("lines", 1, "received_quantity"), "0")
}

func TestReversalNeedsTheGoods(t *testing.T) {
	t.Parallel()
	api := setup(t)
	po := order(t, api, m{"item": "RESIN", "quantity": "100"})
	gr := receive(t, api, po, "100", m{"lot": "L-1"})
	in := api.Post(t, "/v1/inspections", m{"goods_receipt": gr, "line": 1, "accepted_quantity": "100"}).Want(201).Text("number")
	api.Post(t, "/v1/goods-receipt-reversals", m{"goods_receipt": gr, "reason": "MISTAKE"}).Problem("inspected-receipt", 409)
	away := api.Post(t, "/v1/put-aways", m{"item": "RESIN", "lot": "L-1", "from": "Q", "to": "A", "quantity": "1"}).Want(201).Text("number")
	api.Post(t, "/v1/inspection-reversals", m{"inspection": in, "reason": "MISTAKE"}).Problem("goods-went-on", 409)
	api.Post(t, "/v1/transfer-reversals", m{"transfer": away, "reason": "MISTAKE"}).Want(201)
	undone := api.Post(t, "/v1/inspection-reversals", m{"inspection": in, "reason": "MISTAKE"}).Want(201)
	want(t, "lot status", undone.Text("lot_status"), "quarantine")
	api.Post(t, "/v1/inspection-reversals", m{"inspection": in, "reason": "MISTAKE"}).Problem("purchasing-already-reversed", 409)
	api.Post(t, "/v1/goods-receipt-reversals", m{"goods_receipt": gr, "reason": "MISTAKE"}).Want(201)
	api.Post(t, "/v1/goods-receipt-reversals", m{"goods_receipt": gr, "reason": "MISTAKE"}).Problem("purchasing-already-reversed", 409)
	api.Post(t, "/v1/inspections", m{"goods_receipt": gr, "line": 1, "accepted_quantity": "100"}).Problem("purchasing-already-reversed", 409)
	// A receipt that was a mistake leaves its lot number free; one that stands does not.
	receive(t, api, po, "60", m{"lot": "L-1"})
	api.Post(t, "/v1/goods-receipts", m{"purchase_order": po, "lines": []m{{"line": 1, "quantity": "40", "lot": "L-1"}}}).Problem("lot-exists", 409)
}

func TestClosedOrdersTakeNothing(t *testing.T) {
	t.Parallel()
	api := setup(t)
	one := order(t, api, m{"item": "RESIN", "quantity": "100"})
	receive(t, api, one, "40", nil)
	api.Post(t, "/v1/purchase-order-closures", m{"purchase_order": one, "outcome": "cancelled"}).Problem("goods-came", 409)
	want(t, "state", api.Post(t, "/v1/purchase-order-closures", m{"purchase_order": one}).Want(201).Text("state"), "closed")
	two := order(t, api, m{"item": "RESIN", "quantity": "100"})
	want(t, "state", api.Post(t, "/v1/purchase-order-closures", m{"purchase_order": two, "outcome": "cancelled"}).Want(201).Text("state"), "cancelled")
	for _, po := range []string{one, two} {
		api.Post(t, "/v1/goods-receipts", m{"purchase_order": po, "lines": []m{{"line": 1, "quantity": "1"}}}).Problem("purchase-order-closed", 409)
		api.Post(t, "/v1/purchase-order-closures", m{"purchase_order": po}).Problem("purchase-order-closed", 409)
	}
}

func TestBadInputIsRefused(t *testing.T) {
	t.Parallel()
	api := setup(t)
	po := order(t, api, m{"item": "RESIN", "quantity": "100"}, m{"item": "PUMP", "quantity": "3"}, m{"item": "BOLT", "quantity": "10"})
	gr := receive(t, api, po, "10", m{"lot": "L-1"})
	line := func(more m) m {
		l := m{"line": 1, "quantity": "1"}
		for k, v := range more {
			l[k] = v
		}
		return m{"purchase_order": po, "lines": []m{l}}
	}
	ordered := func(more m) m {
		l := m{"item": "RESIN", "quantity": "1", "price": "1"}
		for k, v := range more {
			l[k] = v
		}
		return m{"supplier": "ACME", "lines": []m{l}}
	}
	huge := strings.Repeat("9", 40)
	before := snapshot(t, api.DB)
	for _, c := range []struct {
		path, slug string
		status     int
		body       any
	}{
		{"/v1/purchase-orders", "unknown-item", 422, ordered(m{"item": "NOPE"})},
		{"/v1/purchase-orders", "unknown-unit", 422, ordered(m{"unit": "NOPE"})},
		{"/v1/purchase-orders", "unit-not-of-item", 422, ordered(m{"unit": "XBX"})},
		{"/v1/purchase-orders", "", 422, ordered(m{"quantity": huge})},
		{"/v1/purchase-orders", "", 422, ordered(m{"quantity": "-1"})},
		{"/v1/purchase-orders", "", 422, ordered(m{"quantity": "0"})},
		{"/v1/purchase-orders", "", 422, ordered(m{"quantity": "0.0001"})},
		{"/v1/purchase-orders", "", 422, ordered(m{"price": "-1"})},
		{"/v1/purchase-orders", "", 422, ordered(m{"price": huge})},
		{"/v1/purchase-orders", "", 422, ordered(m{"over_receipt_percent": "101"})},
		{"/v1/purchase-orders", "", 422, ordered(m{"over_receipt_percent": "123456"})},
		{"/v1/purchase-orders", "", 422, ordered(m{"due_on": "2026-02-31"})},
		{"/v1/purchase-orders", "price-missing", 422, m{"supplier": "ACME", "lines": []m{{"item": "BOLT", "quantity": "1"}}}},
		{"/v1/purchase-orders", "unknown-partner", 422, m{"supplier": "NOPE", "lines": []m{{"item": "RESIN", "quantity": "1"}}}},
		{"/v1/purchase-orders", "partner-is-not-a-supplier", 422, m{"supplier": "BUYER", "lines": []m{{"item": "RESIN", "quantity": "1"}}}},
		{"/v1/purchase-orders", "", 422, m{"supplier": "ACME", "lines": []m{}}},
		{"/v1/goods-receipts", "unknown-purchase-order", 422, m{"purchase_order": "PO-9", "lines": []m{{"line": 1, "quantity": "1"}}}},
		{"/v1/goods-receipts", "unknown-purchase-order-line", 422, line(m{"line": 9})},
		{"/v1/goods-receipts", "", 422, line(m{"line": 0})},
		{"/v1/goods-receipts", "", 422, line(m{"line": 3000000000})},
		{"/v1/goods-receipts", "unknown-location", 422, line(m{"location": "NOPE"})},
		{"/v1/goods-receipts", "receipt-location-does-not-fit", 422, line(m{"location": "A"})},
		{"/v1/goods-receipts", "receipt-location-does-not-fit", 422, line(m{"line": 3, "location": "Q"})},
		{"/v1/goods-receipts", "beyond-order", 409, line(m{"quantity": "90.001"})},
		{"/v1/goods-receipts", "lot-exists", 409, line(m{"lot": "L-1"})},
		{"/v1/goods-receipts", "", 422, line(m{"lot": "no blanks in lots"})},
		{"/v1/goods-receipts", "", 422, line(m{"quantity": huge})},
		{"/v1/goods-receipts", "", 422, line(m{"quantity": "0"})},
		{"/v1/goods-receipts", "", 422, line(m{"expires_on": "2020-01-01", "manufactured_on": "2021-01-01"})},
		{"/v1/goods-receipts", "one-piece-per-serial", 422, line(m{"line": 2, "quantity": "2"})},
		{"/v1/goods-receipts", "lot-required", 422, line(m{"line": 3, "lot": "L-7"})},
		{"/v1/goods-receipts", "", 422, m{"purchase_order": po, "lines": []m{{"line": 1, "quantity": "1"}}, "occurred_at": "2999-01-01T00:00:00Z"}},
		{"/v1/inspections", "unknown-goods-receipt", 422, m{"goods_receipt": "GR-9", "line": 1, "accepted_quantity": "1"}},
		{"/v1/inspections", "unknown-goods-receipt-line", 422, m{"goods_receipt": gr, "line": 2, "accepted_quantity": "1"}},
		{"/v1/inspections", "inspection-incomplete", 422, m{"goods_receipt": gr, "line": 1, "accepted_quantity": "9"}},
		{"/v1/inspections", "inspection-incomplete", 422, m{"goods_receipt": gr, "line": 1}},
		{"/v1/inspections", "inspection-incomplete", 422, m{"goods_receipt": gr, "line": 1, "accepted_quantity": "10", "rejected_quantity": "1", "reason": "WET"}},
		{"/v1/inspections", "unknown-reason", 422, m{"goods_receipt": gr, "line": 1, "rejected_quantity": "10"}},
		{"/v1/inspections", "movement-not-allowed", 409, m{"goods_receipt": gr, "line": 1, "accepted_quantity": "10", "to_location": "R"}},
		{"/v1/inspections", "insufficient-stock", 409, m{"goods_receipt": gr, "line": 1, "rejected_quantity": "10", "reason": "WET", "location": "Q2"}},
		{"/v1/supplier-returns", "beyond-rejected", 409, m{"goods_receipt": gr, "line": 1, "quantity": "1"}},
		{"/v1/supplier-return-reversals", "unknown-supplier-return", 422, m{"supplier_return": "RS-9", "reason": "MISTAKE"}},
		{"/v1/inspection-reversals", "unknown-inspection", 422, m{"inspection": "IN-9", "reason": "MISTAKE"}},
		{"/v1/goods-receipt-reversals", "unknown-goods-receipt-line", 422, m{"goods_receipt": gr, "line": 7, "reason": "MISTAKE"}},
		{"/v1/goods-receipt-reversals", "unknown-reason", 422, m{"goods_receipt": gr, "reason": "NOPE"}},
		{"/v1/purchase-order-closures", "unknown-purchase-order", 422, m{"purchase_order": "PO-9"}},
		{"/v1/purchase-order-closures", "", 422, m{"purchase_order": po, "outcome": "released"}},
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
	var text string
	err := db.Pool.QueryRow(context.Background(), `SELECT concat_ws(' ', (SELECT count(*) FROM inventory.movement), (SELECT count(*) FROM inventory.lot),
		(SELECT count(*) FROM purchasing.purchase_order), (SELECT count(*) FROM purchasing.goods_receipt), (SELECT count(*) FROM purchasing.inspection),
		(SELECT count(*) FROM purchasing.supplier_return), (SELECT sum(received_quantity) FROM purchasing.purchase_order_line),
		(SELECT count(*) FROM audit.entry), (SELECT count(*) FROM event.inbox))`).Scan(&text)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestSerialNumbersAreReceivedOneByOne(t *testing.T) {
	t.Parallel()
	api := setup(t)
	po := order(t, api, m{"item": "PUMP", "quantity": "2"})
	gr := api.Post(t, "/v1/goods-receipts", m{"purchase_order": po, "lines": []m{
		{"line": 1, "quantity": "1", "lot": "SN-1"}, {"line": 1, "quantity": "1", "lot": "SN-2"},
	}}).Want(201).Text("number")
	want(t, "PUMP", onHand(t, api.DB, "PUMP", "Q"), "2")
	api.Post(t, "/v1/goods-receipt-reversals", m{"goods_receipt": gr, "line": 2, "reason": "MISTAKE"}).Want(201)
	again := func(lot string) m {
		return m{"purchase_order": po, "lines": []m{{"line": 1, "quantity": "1", "lot": lot}}}
	}
	api.Post(t, "/v1/goods-receipts", again("SN-1")).Problem("lot-exists", 409)
	api.Post(t, "/v1/goods-receipts", again("SN-2")).Want(201)
}

func TestTheSameRequestTakesEffectOnce(t *testing.T) {
	t.Parallel()
	api := setup(t)
	po := order(t, api, m{"item": "BOLT", "quantity": "100"})
	key, body := httpapitest.Key(), m{"purchase_order": po, "lines": []m{{"line": 1, "quantity": "60"}}}
	first := api.PostKey(t, key, "/v1/goods-receipts", body).Want(201)
	second := api.PostKey(t, key, "/v1/goods-receipts", body).Want(201)
	want(t, "the stored answer", string(second.Body), string(first.Body))
	want(t, "BOLT", onHand(t, api.DB, "BOLT", "B"), "60")
	// Refused once is refused for good, even when it would fit later.
	key = httpapitest.Key()
	api.PostKey(t, key, "/v1/goods-receipts", body).Problem("beyond-order", 409)
	api.Post(t, "/v1/goods-receipt-reversals", m{"goods_receipt": first.Text("number"), "reason": "MISTAKE"}).Want(201)
	api.PostKey(t, key, "/v1/goods-receipts", body).Problem("beyond-order", 409)
	want(t, "BOLT", onHand(t, api.DB, "BOLT", "B"), "0")
}

// Forty sessions receive against two lines, in both orders: never more than the tolerance, no deadlock.
func TestManyReceiveAgainstOneLine(t *testing.T) {
	t.Parallel()
	api := setup(t)
	po := order(t, api, m{"item": "BOLT", "quantity": "100", "over_receipt_percent": "5"}, m{"item": "RESIN", "quantity": "100"})
	var accepted atomic.Int64
	var wait sync.WaitGroup
	for i := range 40 {
		wait.Go(func() {
			lines := []m{{"line": 1, "quantity": "3"}, {"line": 2, "quantity": "2", "lot": fmt.Sprintf("L-%d", i)}}
			if i%2 == 0 {
				lines[0], lines[1] = lines[1], lines[0]
			}
			switch answer := api.Post(t, "/v1/goods-receipts", m{"purchase_order": po, "lines": lines}); answer.Status {
			case http.StatusCreated:
				accepted.Add(1)
			case http.StatusConflict:
			default:
				t.Errorf("%d %s", answer.Status, answer.Body)
			}
		})
	}
	wait.Wait()
	if accepted.Load() != 35 {
		t.Errorf("105 pieces are 35 receipts of 3, and %d were accepted", accepted.Load())
	}
	want(t, "BOLT", onHand(t, api.DB, "BOLT", "B"), "105")
	want(t, "RESIN", onHand(t, api.DB, "RESIN", "Q"), "70")
}

// Two inspect the same line, two reverse the same receipt, one closes while others receive: one of each wins.
func TestOneDecisionWins(t *testing.T) {
	t.Parallel()
	api := setup(t)
	po := order(t, api, m{"item": "RESIN", "quantity": "1000"})
	gr := receive(t, api, po, "10", nil)
	other := receive(t, api, po, "10", nil)
	wins := func(n int, post func(i int) *httpapitest.Answer) (won int) {
		var mutex sync.Mutex
		var wait sync.WaitGroup
		for i := range n {
			wait.Go(func() {
				answer := post(i)
				mutex.Lock()
				defer mutex.Unlock()
				if answer.Status == http.StatusCreated {
					won++
				} else if answer.Status != http.StatusConflict {
					t.Errorf("%d %s", answer.Status, answer.Body)
				}
			})
		}
		wait.Wait()
		return won
	}
	if n := wins(8, func(i int) *httpapitest.Answer {
		body := m{"goods_receipt": gr, "line": 1, "accepted_quantity": "10"}
		if i%2 == 0 {
			body = m{"goods_receipt": gr, "line": 1, "accepted_quantity": "4", "rejected_quantity": "6", "reason": "WET"}
		}
		return api.Post(t, "/v1/inspections", body)
	}); n != 1 {
		t.Errorf("%d inspections of one line", n)
	}
	if n := wins(8, func(i int) *httpapitest.Answer {
		if i%2 == 0 {
			return api.Post(t, "/v1/goods-receipt-reversals", m{"goods_receipt": other, "reason": "MISTAKE"})
		}
		return api.Post(t, "/v1/inspections", m{"goods_receipt": other, "line": 1, "accepted_quantity": "10"})
	}); n != 1 {
		t.Errorf("%d of reversal and inspection", n)
	}
	received := wins(12, func(i int) *httpapitest.Answer {
		if i == 6 {
			return api.Post(t, "/v1/purchase-order-closures", m{"purchase_order": po})
		}
		return api.Post(t, "/v1/goods-receipts", m{"purchase_order": po, "lines": []m{{"line": 1, "quantity": "1"}}})
	})
	if received < 1 {
		t.Error("the order was not closed")
	}
}

// What waits for its inspection stays one lot: a part under another number would be released by a change of status.
func TestAWaitingLotStaysWhole(t *testing.T) {
	t.Parallel()
	api := setup(t)
	po := order(t, api, m{"item": "RESIN", "quantity": "100"})
	receipt := receive(t, api, po, "40", m{"lot": "R1"})
	receive(t, api, po, "30", m{"lot": "R2"})
	split := m{"item": "RESIN", "lot": "R1", "location": "Q", "quantity": "10", "new_lot": "R1-A"}
	api.Post(t, "/v1/lot-splits", split).Problem("waits-for-inspection", 409)
	api.Post(t, "/v1/lot-merges", m{"item": "RESIN", "location": "Q", "lots": []string{"R1", "R2"}, "into": "R3"}).Problem("waits-for-inspection", 409)
	api.Post(t, "/v1/opening-stocks", m{"item": "RESIN", "lot": "OLD", "to": "Q", "quantity": "5"}).Want(201)
	api.Post(t, "/v1/lot-status-changes", m{"item": "RESIN", "lot": "OLD", "status": "quarantine", "reason": "WET"}).Want(201)
	api.Post(t, "/v1/lot-merges", m{"item": "RESIN", "location": "Q", "lots": []string{"OLD"}, "into": "R2"}).Problem("waits-for-inspection", 409)
	// Lots in quarantine that no receipt waits for may be split and merged, and are released by a decision about each.
	api.Post(t, "/v1/lot-splits", m{"item": "RESIN", "lot": "OLD", "location": "Q", "quantity": "2", "new_lot": "OLD-A"}).Want(201)

	inspected := api.Post(t, "/v1/inspections", m{"goods_receipt": receipt, "line": 1, "accepted_quantity": "30", "rejected_quantity": "10", "reason": "WET", "to_location": "A"}).Want(201)
	split["location"] = "A"
	api.Post(t, "/v1/lot-splits", split).Want(201)
	api.Post(t, "/v1/inspection-reversals", m{"inspection": inspected.Text("number"), "reason": "MISTAKE"}).Want(409) // part of it is another lot now
}

// A part of a lot is rejected: the lot is released, and the place says what is not. No way leads from there to use.
func TestRejectedPartOfALotStaysRejected(t *testing.T) {
	t.Parallel()
	api := setup(t)
	po := order(t, api, m{"item": "RESIN", "quantity": "100"})
	receipt := receive(t, api, po, "100", m{"lot": "R1"})
	api.Post(t, "/v1/inspections", m{"goods_receipt": receipt, "line": 1, "accepted_quantity": "60", "rejected_quantity": "40", "reason": "WET", "to_location": "A"}).Want(201)
	move := func(path, from, to string, more m) *httpapitest.Answer {
		body := m{"item": "RESIN", "lot": "R1", "from": from, "quantity": "1"}
		if to != "" {
			body["to"] = to
		}
		for k, v := range more {
			body[k] = v
		}
		return api.Post(t, path, body)
	}
	for _, to := range []string{"A", "Q", "S"} {
		move("/v1/transfers", "R", to, nil).Problem("movement-not-allowed", 409)
		move("/v1/put-aways", "R", to, nil).Problem("movement-not-allowed", 409)
	}
	var ways string
	if err := api.DB.Pool.QueryRow(context.Background(), `SELECT string_agg(movement_type || ' ' || to_kind, ', ' ORDER BY movement_type::text, to_kind::text)
		FROM inventory.movement_rule WHERE from_kind = 'rejected'`).Scan(&ways); err != nil {
		t.Fatal(err)
	}
	want(t, "ways out of a rejected location", ways, "count count_difference, relabel transit, scrap scrap, supplier_return supplier, transfer rejected")
	// Under a number of its own it stays there as well.
	api.Post(t, "/v1/lot-splits", m{"item": "RESIN", "lot": "R1", "location": "R", "quantity": "40", "new_lot": "R1-BAD"}).Want(201)
	move("/v1/transfers", "R", "A", m{"lot": "R1-BAD"}).Problem("movement-not-allowed", 409)
	move("/v1/transfers", "A", "B", nil).Want(201)
	want(t, "good", onHand(t, api.DB, "RESIN", "A")+" "+onHand(t, api.DB, "RESIN", "B"), "59 1")
	want(t, "rejected", onHand(t, api.DB, "RESIN", "R"), "40")
}
