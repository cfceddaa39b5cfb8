// Package tradetest gives the tests of sales, shipping and billing a small plant and the
// steps from order to invoice in one line each.
package tradetest

import (
	"context"
	_ "embed"
	"testing"

	"github.com/millrace-erp/millrace/internal/httpapi/httpapitest"
)

//go:embed plant.sql
var plant string

// M is a JSON object.
type M map[string]any

// Trade is the API over a plant with stock: 100 CRATE of lot L1, 30 of lot L2 that expires
// first, at A, and 1000 BOLT at B.
type Trade struct {
	*httpapitest.API
}

// New starts one.
func New(t testing.TB) *Trade {
	t.Helper()
	trade := Empty(t)
	trade.Stock(t, M{"item": "CRATE", "lot": "L1", "to": "A", "quantity": "100", "expires_on": "2099-12-31"})
	trade.Stock(t, M{"item": "CRATE", "lot": "L2", "to": "A", "quantity": "30", "expires_on": "2098-12-31"})
	trade.Stock(t, M{"item": "BOLT", "to": "B", "quantity": "1000"})
	return trade
}

// Empty starts one without stock.
func Empty(t testing.TB) *Trade {
	t.Helper()
	trade := &Trade{API: httpapitest.New(t)}
	trade.Exec(t, plant)
	return trade
}

// Exec runs SQL behind the API's back.
func (trade *Trade) Exec(t testing.TB, sql string, args ...any) {
	t.Helper()
	if _, err := trade.DB.Pool.Exec(context.Background(), sql, args...); err != nil {
		t.Fatal(err)
	}
}

// One is the one value that SQL gives, as text.
func (trade *Trade) One(t testing.TB, sql string, args ...any) string {
	t.Helper()
	var v string
	if err := trade.DB.Pool.QueryRow(context.Background(), "SELECT ("+sql+")::text", args...).Scan(&v); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return v
}

// Stock puts opening stock somewhere.
func (trade *Trade) Stock(t testing.TB, body M) {
	t.Helper()
	trade.Post(t, "/v1/opening-stocks", body).Want(201)
}

// OnHand is what lies at a location, over all lots, with what of it is reserved behind a
// slash.
func (trade *Trade) OnHand(t testing.TB, item, location string) string {
	t.Helper()
	return trade.One(t, `SELECT trim_scale(coalesce(sum(b.on_hand), 0)) || '/' || trim_scale(coalesce(sum(b.reserved), 0))
		FROM inventory.balance AS b
		JOIN catalog.item AS i ON i.id = b.item_id
		JOIN catalog.location AS c ON c.id = b.location_id
		WHERE i.number = $1 AND c.code = $2`, item, location)
}

// Order takes an order and gives its number.
func (trade *Trade) Order(t testing.TB, customer string, lines ...M) string {
	t.Helper()
	return trade.Post(t, "/v1/sales-orders", M{"site": "P1", "customer": customer, "lines": lines}).Want(201).Text("number")
}

// Pick picks lines of an order and gives the number of the pick.
func (trade *Trade) Pick(t testing.TB, order string, lines ...M) string {
	t.Helper()
	return trade.Post(t, "/v1/picks", M{"sales_order": order, "lines": lines}).Want(201).Text("number")
}

// Box packs into a box and gives its SSCC.
func (trade *Trade) Box(t testing.TB, contents ...M) string {
	t.Helper()
	return trade.Post(t, "/v1/handling-units", M{"kind": "box", "contents": contents}).Want(201).Text("sscc")
}

// Ship ships everything packed for orders and gives the number of the shipment.
func (trade *Trade) Ship(t testing.TB, orders ...string) string {
	t.Helper()
	return trade.Post(t, "/v1/shipments", M{"sales_orders": orders, "carrier": "TRUCK"}).Want(201).Text("number")
}

// Shipped orders, picks, packs and ships one line and gives order and shipment.
func (trade *Trade) Shipped(t testing.TB, customer string, line M) (order, shipment string) {
	t.Helper()
	order = trade.Order(t, customer, line)
	pick := M{"line": 1, "quantity": line["quantity"]}
	if unit, ok := line["unit"]; ok {
		pick["unit"] = unit
	}
	picked := trade.Post(t, "/v1/picks", M{"sales_order": order, "lines": []M{pick}}).Want(201)
	contents := make([]M, picked.Len("lines"))
	for i := range contents {
		contents[i] = M{"pick": picked.Text("number"), "line": i + 1, "quantity": picked.Text("lines", i, "quantity")}
	}
	trade.Box(t, contents...)
	return order, trade.Ship(t, order)
}
