package shipping_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/millrace-erp/millrace/internal/httpapi/httpapitest"
	"github.com/millrace-erp/millrace/internal/tradetest"
)

// weighed is a trade with 10 hams of lot H1, 82.4 kg, and 2 of lot H2, 16 kg, which expires first.
func weighed(t *testing.T) *tradetest.Trade {
	t.Helper()
	trade := tradetest.Empty(t)
	trade.Post(t, "/v1/items", m{"number": "HAM", "name": "Ham", "base_unit": "H87", "second_unit": "KGM", "tracking": "lot", "is_sold": true}).Want(200)
	trade.Stock(t, m{"item": "HAM", "lot": "H1", "to": "A", "quantity": "10", "second_quantity": "82.4", "expires_on": "2099-12-31"})
	trade.Stock(t, m{"item": "HAM", "lot": "H2", "to": "A", "quantity": "2", "second_quantity": "16", "expires_on": "2098-12-31"})
	return trade
}

func kilograms(t *testing.T, trade *tradetest.Trade, location string) string {
	t.Helper()
	return trade.One(t, `SELECT trim_scale(coalesce(sum(b.on_hand), 0)) || ' / ' || trim_scale(coalesce(sum(b.second_on_hand), 0)) FROM inventory.balance AS b
		JOIN catalog.item AS i ON i.id = b.item_id JOIN catalog.location AS c ON c.id = b.location_id WHERE i.number = 'HAM' AND c.code = $1`, location)
}

// The way of weighed goods to the customer and back: each step weighs, or moves all there is.
func TestCatchWeightIsSold(t *testing.T) {
	t.Parallel()
	trade := weighed(t)
	want := func(location, expected string) {
		t.Helper()
		if got := kilograms(t, trade, location); got != expected {
			t.Errorf("at %s: %s, want %s", location, got, expected)
		}
	}
	order := trade.Order(t, "HOME", m{"item": "HAM", "quantity": "9", "unit_price": "80"})
	pick := func(line m) *httpapitest.Answer {
		line["line"] = 1
		return trade.Post(t, "/v1/picks", m{"sales_order": order, "lines": []m{line}})
	}
	pick(m{"quantity": "1"}).Problem("second-quantity", 422)
	pick(m{"quantity": "3", "second_quantity": "24"}).Problem("second-quantity", 422) // of two lots
	pick(m{"quantity": "3", "lot": "H1", "second_quantity": "99"}).Problem("insufficient-second-quantity", 409)
	pick(m{"quantity": "3"}).Problem("second-quantity", 422) // all of H2, but not all of H1
	whole := pick(m{"quantity": "2"}).Want(201)              // all of H2
	if whole.Text("lines", 0, "lot") != "H2" || whole.Text("lines", 0, "second_quantity") != "16" || whole.Text("lines", 0, "second_unit") != "KGM" {
		t.Errorf("a whole lot brings its weight: %s", whole.Body)
	}
	// Reserved and free stock of one lot are weighed together.
	trade.Post(t, "/v1/reservations", m{"sales_order": order, "lines": []m{{"line": 1, "quantity": "2"}}}).Want(201)
	picked := pick(m{"quantity": "5", "second_quantity": "40.1"}).Want(201)
	if picked.Len("lines") != 2 || picked.Text("lines", 0, "second_quantity") != "16.04" || picked.Text("lines", 1, "second_quantity") != "24.06" {
		t.Errorf("one weighing, reserved and free: %s", picked.Body)
	}
	want("A", "5 / 42.3")
	want("S", "7 / 56.1")
	trade.Post(t, "/v1/pick-reversals", m{"pick": whole.Text("number"), "reason": "MISTAKE"}).Want(201)
	want("A", "7 / 58.3")

	pack := func(line m) *httpapitest.Answer {
		line["pick"] = picked.Text("number")
		return trade.Post(t, "/v1/handling-units", m{"kind": "box", "contents": []m{line}})
	}
	pack(m{"line": 2, "quantity": "1"}).Problem("second-quantity", 422)
	pack(m{"line": 2, "quantity": "1", "second_quantity": "24.06"}).Problem("second-quantities-do-not-add-up", 409)
	pack(m{"line": 2, "quantity": "3", "second_quantity": "24"}).Problem("second-quantities-do-not-add-up", 409)
	first := pack(m{"line": 2, "quantity": "1", "second_quantity": "8"}).Want(201)
	trade.Post(t, "/v1/handling-unit-unpackings", m{"handling_unit": first.Text("sscc")}).Want(201)
	trade.Post(t, "/v1/handling-units", m{"kind": "box", "contents": []m{
		{"pick": picked.Text("number"), "line": 2, "quantity": "1", "second_quantity": "8.01"},
		{"pick": picked.Text("number"), "line": 2, "quantity": "1", "second_quantity": "8.02"},
		{"pick": picked.Text("number"), "line": 1, "quantity": "2"},
	}}).Want(201)
	rest := pack(m{"line": 2, "quantity": "1"}).Want(201)
	if rest.Text("contents", 0, "second_quantity") != "8.03" {
		t.Errorf("the rest weighs what is left: %s", rest.Body)
	}
	shipped := trade.Post(t, "/v1/shipments", m{"sales_orders": []string{order}}).Want(201)
	want("S", "0 / 0")
	trade.Post(t, "/v1/shipment-reversals", m{"shipment": shipped.Text("number"), "reason": "MISTAKE"}).Want(201)
	want("S", "5 / 40.1")
	shipped = trade.Post(t, "/v1/shipments", m{"sales_orders": []string{order}}).Want(201)
	want("S", "0 / 0")
	line := 0
	for i := range shipped.Len("lines") {
		if shipped.Text("lines", i, "second_quantity") == "16.04" {
			line = i + 1
		}
	}
	if line == 0 {
		t.Fatalf("shipment: %s", shipped.Body)
	}

	giveBack := func(entry m) *httpapitest.Answer {
		entry["line"], entry["reason"] = line, "DAMAGED"
		return trade.Post(t, "/v1/customer-returns", m{"shipment": shipped.Text("number"), "lines": []m{entry}})
	}
	giveBack(m{"quantity": "1"}).Problem("second-quantity", 422)
	mistake := giveBack(m{"quantity": "2"}).Want(201) // all of the line: as it was shipped
	want("Q", "2 / 16.04")
	trade.Post(t, "/v1/customer-return-reversals", m{"customer_return": mistake.Text("number"), "reason": "MISTAKE"}).Want(201)
	returned := giveBack(m{"quantity": "2", "second_quantity": "15.9"}).Want(201)
	if returned.Text("lines", 0, "second_quantity") != "15.9" {
		t.Errorf("returned: %s", returned.Body)
	}
	want("Q", "2 / 15.9")
	inspect := func(entry m) *httpapitest.Answer {
		entry["line"] = 1
		return trade.Post(t, "/v1/return-inspections", m{"customer_return": returned.Text("number"), "lines": []m{entry}})
	}
	inspect(m{"accepted_quantity": "1"}).Problem("second-quantity", 422)
	inspect(m{"accepted_quantity": "1", "accepted_second_quantity": "16", "rejected_quantity": "1"}).Problem("second-quantities-do-not-add-up", 409)
	decided := inspect(m{"accepted_quantity": "1", "accepted_second_quantity": "8", "rejected_quantity": "1"}).Want(201)
	if decided.Text("lines", 1, "second_quantity") != "7.9" {
		t.Errorf("the last part weighs what is left: %s", decided.Body)
	}
	want("Q", "0 / 0")
	trade.Post(t, "/v1/return-inspection-reversals", m{"return_inspection": decided.Text("number"), "reason": "MISTAKE"}).Want(201)
	inspect(m{"rejected_quantity": "1", "rejected_second_quantity": "7.8"}).Want(201)
	inspect(m{"accepted_quantity": "1"}).Want(201)
	want("Q", "0 / 0")
	want("A", "8 / 66.4")
	want("R", "1 / 7.8")
	trade.Post(t, "/v1/picks", m{
		"sales_order": trade.Order(t, "HOME", m{"item": "BOLT", "quantity": "1", "unit_price": "1"}),
		"lines":       []m{{"line": 1, "quantity": "1", "second_quantity": "1"}},
	}).Problem("second-quantity", 422)
}

// However boxes are filled and emptied, what they hold weighs what was picked.
func TestBoxesWeighWhatWasPicked(t *testing.T) {
	t.Parallel()
	trade := weighed(t)
	order := trade.Order(t, "HOME", m{"item": "HAM", "quantity": "10", "unit_price": "80"})
	pick := trade.Pick(t, order, m{"line": 1, "quantity": "10", "lot": "H1", "second_quantity": "81.999"})
	r := rand.New(rand.NewPCG(7, 7))
	var boxes []string
	for range 60 {
		if len(boxes) > 0 && r.IntN(3) == 0 {
			i := r.IntN(len(boxes))
			trade.Post(t, "/v1/handling-unit-unpackings", m{"handling_unit": boxes[i]}).Want(201)
			boxes = append(boxes[:i], boxes[i+1:]...)
			continue
		}
		line := m{"pick": pick, "line": 1, "quantity": fmt.Sprint(1 + r.IntN(4))}
		if r.IntN(4) > 0 {
			line["second_quantity"] = fmt.Sprintf("%.3f", 0.001+30*r.Float64())
		}
		if answer := trade.Post(t, "/v1/handling-units", m{"kind": "box", "contents": []m{line}}); answer.Status == 201 {
			boxes = append(boxes, answer.Text("sscc"))
		} else if answer.Status != 409 && answer.Status != 422 {
			t.Fatalf("%d: %s", answer.Status, answer.Body)
		}
	}
	if got := trade.One(t, `SELECT bool_and((l.packed_quantity = l.quantity) = (l.packed_second_quantity = l.second_quantity)) FROM shipping.pick_line AS l`); got != "true" {
		t.Error("packed in one quantity and not in the other")
	}
	rest := trade.One(t, `SELECT trim_scale(quantity - packed_quantity) FROM shipping.pick_line`)
	if rest != "0" {
		trade.Box(t, m{"pick": pick, "line": 1, "quantity": rest})
	}
	trade.Ship(t, order)
	if got := kilograms(t, trade, "S"); got != "0 / 0" {
		t.Errorf("left in staging: %s", got)
	}
}
