package sales_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/millrace-erp/millrace/internal/httpapi/httpapitest"
	"github.com/millrace-erp/millrace/internal/tradetest"
)

type m = tradetest.M

func TestOrderIsReservedAndReleased(t *testing.T) {
	t.Parallel()
	trade := tradetest.New(t)
	order := trade.Post(t, "/v1/sales-orders", m{
		"site": "P1", "customer": "HOME", "customer_reference": "4711", "external_number": "OLD-1",
		"ordered_on": "2026-01-02", "requested_on": "2026-02-01",
		"lines": []m{
			{"item": "CRATE", "quantity": "2", "unit": "XBX", "unit_price": "99.99"},
			{"item": "CRATE", "quantity": "100", "unit_price": "4.5"},
			{"item": "BOLT", "quantity": "10", "unit_price": "0.0333"},
		},
	}).Want(201)
	if got := order.Text("lines", 0, "base_quantity") + order.Text("lines", 0, "base_unit"); got != "48H87" {
		t.Errorf("two boxes of 24 are %s", got)
	}
	if got := order.Text("lines", 2, "unit_price") + " " + order.Text("lines", 1, "unit_price"); got != "0.0333 4.50" {
		t.Errorf("prices: %s", got)
	}

	// 130 crates for 148: the first line is served in full, what expires first goes first.
	number := order.Text("number")
	reserved := trade.Post(t, "/v1/reservations", m{"sales_order": number}).Want(201)
	if got := fmt.Sprint(reserved.Text("is_complete"), reserved.Text("lines", 0, "reserved"), reserved.Text("lines", 1, "reserved"),
		reserved.Text("lines", 1, "missing"), reserved.Text("lines", 2, "missing")); got != "false48"+"82"+"18"+"0" {
		t.Errorf("reserved: %s", reserved.Body)
	}
	stands := trade.Get(t, "/v1/sales-orders/"+number).Want(200)
	if got := stands.Text("lines", 0, "reservations", 0, "lot") + stands.Text("lines", 0, "reservations", 0, "quantity"); got != "L230" {
		t.Errorf("first expiring first: %s", stands.Body)
	}
	if got := trade.OnHand(t, "CRATE", "A"); got != "130/130" {
		t.Errorf("crates: %s", got)
	}

	// More stock comes: the next reservation takes what was missing, and then nothing.
	trade.Stock(t, m{"item": "CRATE", "lot": "L3", "to": "B", "quantity": "50"})
	again := trade.Post(t, "/v1/reservations", m{"sales_order": number, "lines": []m{{"line": 2}}}).Want(201)
	if again.Text("lines", 0, "reserved") != "18" || again.Text("lines", 0, "reserved_in_all") != "100" || again.Text("is_complete") != "true" {
		t.Errorf("the rest: %s", again.Body)
	}
	none := trade.Post(t, "/v1/reservations", m{"sales_order": number}).Want(201)
	if none.Text("lines", 1, "wanted") != "0" {
		t.Errorf("nothing more is wanted: %s", none.Body)
	}

	trade.Post(t, "/v1/reservation-releases", m{"sales_order": number, "lines": []int{1}}).Want(201)
	if got := trade.OnHand(t, "CRATE", "A"); got != "130/82" {
		t.Errorf("after the release of line 1: %s", got)
	}
	trade.Post(t, "/v1/reservation-releases", m{"sales_order": number}).Want(201)
	if got := trade.OnHand(t, "CRATE", "A") + trade.OnHand(t, "BOLT", "B"); got != "130/0"+"1000/0" {
		t.Errorf("after the release: %s", got)
	}
}

func TestOrderIsCancelledAndClosed(t *testing.T) {
	t.Parallel()
	trade := tradetest.New(t)
	cancelled := trade.Order(t, "HOME", m{"item": "CRATE", "quantity": "10", "unit_price": "1"})
	trade.Post(t, "/v1/reservations", m{"sales_order": cancelled}).Want(201)
	if state := trade.Post(t, "/v1/sales-order-cancellations", m{"sales_order": cancelled}).Want(201).Text("state"); state != "cancelled" {
		t.Errorf("state %s", state)
	}
	if got := trade.OnHand(t, "CRATE", "A"); got != "130/0" {
		t.Errorf("a cancelled order holds stock: %s", got)
	}
	trade.Post(t, "/v1/reservations", m{"sales_order": cancelled}).Problem("sales-order-not-open", 409)
	trade.Post(t, "/v1/picks", m{"sales_order": cancelled, "lines": []m{{"line": 1, "quantity": "1"}}}).Problem("sales-order-not-open", 409)
	trade.Post(t, "/v1/sales-order-cancellations", m{"sales_order": cancelled}).Problem("sales-order-not-open", 409)

	closed := trade.Order(t, "HOME", m{"item": "CRATE", "quantity": "10", "unit_price": "1"})
	pick := trade.Pick(t, closed, m{"line": 1, "quantity": "4"})
	trade.Post(t, "/v1/sales-order-cancellations", m{"sales_order": closed}).Problem("sales-order-in-progress", 409)
	trade.Post(t, "/v1/sales-order-closings", m{"sales_order": closed}).Problem("sales-order-in-progress", 409)
	trade.Box(t, m{"pick": pick, "line": 1, "quantity": "4"})
	shipment := trade.Ship(t, closed)
	trade.Post(t, "/v1/reservations", m{"sales_order": closed}).Want(201)
	trade.Post(t, "/v1/sales-order-closings", m{"sales_order": closed}).Want(201)
	if got := trade.OnHand(t, "CRATE", "A"); got != "126/0" {
		t.Errorf("a closed order holds stock: %s", got)
	}
	trade.Post(t, "/v1/picks", m{"sales_order": closed, "lines": []m{{"line": 1, "quantity": "1"}}}).Problem("sales-order-not-open", 409)
	trade.Post(t, "/v1/invoices", m{"shipment": shipment}).Want(201)
}

func TestBadOrdersChangeNothing(t *testing.T) {
	t.Parallel()
	trade := tradetest.New(t)
	order := trade.Order(t, "HOME", m{"item": "CRATE", "quantity": "10", "unit_price": "1"})
	with := func(changes m, line m) m {
		l := m{"item": "CRATE", "quantity": "1", "unit_price": "1"}
		for k, v := range line {
			l[k] = v
		}
		body := m{"site": "P1", "customer": "HOME", "lines": []m{l}}
		for k, v := range changes {
			body[k] = v
		}
		return body
	}
	for name, c := range map[string]struct {
		path    string
		body    m
		problem string
		status  int
	}{
		"unknown site":             {"/v1/sales-orders", with(m{"site": "P9"}, nil), "unknown-site", 422},
		"unknown customer":         {"/v1/sales-orders", with(m{"customer": "NOBODY"}, nil), "unknown-partner", 422},
		"carrier as customer":      {"/v1/sales-orders", with(m{"customer": "TRUCK"}, nil), "not-a-customer", 422},
		"unknown item":             {"/v1/sales-orders", with(nil, m{"item": "NOPE"}), "unknown-item", 422},
		"item that is not sold":    {"/v1/sales-orders", with(nil, m{"item": "RESIN"}), "item-not-sold", 422},
		"wrong unit":               {"/v1/sales-orders", with(nil, m{"unit": "KGM"}), "unit-not-of-item", 422},
		"zero":                     {"/v1/sales-orders", with(nil, m{"quantity": "0"}), "invalid-quantity", 422},
		"half a piece":             {"/v1/sales-orders", with(nil, m{"quantity": "0.5"}), "inexact-quantity", 422},
		"forty digits":             {"/v1/sales-orders", with(nil, m{"quantity": "1234567890123456789012345678901234567890"}), "validation-failed", 422},
		"negative":                 {"/v1/sales-orders", with(nil, m{"quantity": "-1"}), "validation-failed", 422},
		"negative price":           {"/v1/sales-orders", with(nil, m{"unit_price": "-1"}), "validation-failed", 422},
		"no price":                 {"/v1/sales-orders", m{"site": "P1", "customer": "HOME", "lines": []m{{"item": "CRATE", "quantity": "1"}}}, "validation-failed", 422},
		"no lines":                 {"/v1/sales-orders", m{"site": "P1", "customer": "HOME", "lines": []m{}}, "validation-failed", 422},
		"wrong case of a member":   {"/v1/sales-orders", with(m{"Currency": "EUR"}, nil), "validation-failed", 422},
		"wanted before ordered":    {"/v1/sales-orders", with(m{"ordered_on": "2026-01-02", "requested_on": "2026-01-01"}, nil), "value-refused", 422},
		"30th of February":         {"/v1/sales-orders", with(m{"ordered_on": "2026-02-30"}, nil), "", 422},
		"reserve unknown order":    {"/v1/reservations", m{"sales_order": "SO-999999"}, "unknown-sales-order", 422},
		"reserve unknown line":     {"/v1/reservations", m{"sales_order": order, "lines": []m{{"line": 2}}}, "unknown-sales-order-line", 422},
		"reserve beyond the order": {"/v1/reservations", m{"sales_order": order, "lines": []m{{"line": 1, "quantity": "11"}}}, "beyond-sales-order", 409},
		"reserve zero":             {"/v1/reservations", m{"sales_order": order, "lines": []m{{"line": 1, "quantity": "0"}}}, "invalid-quantity", 422},
		"release unknown order":    {"/v1/reservation-releases", m{"sales_order": "SO-999999"}, "unknown-sales-order", 422},
		"release unknown line":     {"/v1/reservation-releases", m{"sales_order": order, "lines": []int{7}}, "unknown-sales-order-line", 422},
		"cancel unknown order":     {"/v1/sales-order-cancellations", m{"sales_order": "SO-999999"}, "unknown-sales-order", 422},
		"close unknown order":      {"/v1/sales-order-closings", m{"sales_order": "SO-999999"}, "unknown-sales-order", 422},
	} {
		answer := trade.Post(t, c.path, c.body).Want(c.status)
		if c.problem != "" {
			answer.Problem(c.problem, c.status)
		}
		if got := trade.One(t, `SELECT count(*) FROM sales.sales_order`) + trade.One(t, `SELECT count(*) FROM inventory.reservation`); got != "10" {
			t.Fatalf("%s: something changed: %s", name, got)
		}
	}
	trade.Post(t, "/v1/sales-orders", with(m{"external_number": "X1"}, nil)).Want(201)
	trade.Post(t, "/v1/sales-orders", with(m{"external_number": "X1"}, nil)).Problem("already-exists", 409)
	trade.Get(t, "/v1/sales-orders/SO-999999").Want(404)
}

func TestOrdersAreListedLatestFirst(t *testing.T) {
	t.Parallel()
	trade := tradetest.Empty(t)
	var numbers []string
	for range 5 {
		numbers = append(numbers, trade.Order(t, "HOME", m{"item": "CRATE", "quantity": "1", "unit_price": "1"}))
	}
	first := trade.Get(t, "/v1/sales-orders?limit=3").Want(200)
	second := trade.Get(t, "/v1/sales-orders?limit=3&after="+first.Text("next")).Want(200)
	if first.Text("items", 0, "number") != numbers[4] || second.Text("items", 1, "number") != numbers[0] || second.Len("items") != 2 || second.Text("next") != "" {
		t.Errorf("%s\n%s", first.Body, second.Body)
	}
}

func TestSameKeyReservesOnce(t *testing.T) {
	t.Parallel()
	trade := tradetest.New(t)
	order := trade.Order(t, "HOME", m{"item": "CRATE", "quantity": "10", "unit_price": "1"})
	key := httpapitest.Key()
	first := trade.PostKey(t, key, "/v1/reservations", m{"sales_order": order}).Want(201)
	second := trade.PostKey(t, key, "/v1/reservations", m{"sales_order": order}).Want(201)
	if !second.Replayed || string(first.Body) != string(second.Body) {
		t.Errorf("the second answer is another one: %s", second.Body)
	}
	if got := trade.OnHand(t, "CRATE", "A"); got != "130/10" {
		t.Errorf("reserved twice: %s", got)
	}
}

// Twenty orders ask for the last ten pieces at once; ten pieces are reserved, whoever gets them.
func TestLastPiecesAreReservedOnce(t *testing.T) {
	t.Parallel()
	trade := tradetest.Empty(t)
	trade.Stock(t, m{"item": "CRATE", "lot": "L1", "to": "A", "quantity": "6"})
	trade.Stock(t, m{"item": "CRATE", "lot": "L2", "to": "B", "quantity": "4"})
	trade.Stock(t, m{"item": "BOLT", "to": "B", "quantity": "30"})
	orders := make([]string, 20)
	for i := range orders {
		// In either order of the lines: the items are locked in one.
		lines := []m{{"item": "CRATE", "quantity": "1", "unit_price": "1"}, {"item": "BOLT", "quantity": "2", "unit_price": "1"}}
		if i%2 == 0 {
			lines[0], lines[1] = lines[1], lines[0]
		}
		orders[i] = trade.Order(t, "HOME", lines...)
	}
	for run := range 3 {
		var wait sync.WaitGroup
		for _, order := range orders {
			wait.Go(func() {
				trade.Post(t, "/v1/reservations", m{"sales_order": order}).Want(201)
			})
		}
		wait.Wait()
		if got := trade.OnHand(t, "CRATE", "A") + trade.OnHand(t, "CRATE", "B") + trade.OnHand(t, "BOLT", "B"); got != "6/6"+"4/4"+"30/30" {
			t.Fatalf("run %d: %s", run, got)
		}
		for _, order := range orders {
			wait.Go(func() {
				trade.Post(t, "/v1/reservation-releases", m{"sales_order": order}).Want(201)
			})
		}
		wait.Wait()
		if got := trade.OnHand(t, "CRATE", "A") + trade.OnHand(t, "BOLT", "B"); got != "6/0"+"30/0" {
			t.Fatalf("run %d, released: %s", run, got)
		}
	}
	if n := trade.One(t, `SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()`); n != "0" {
		t.Errorf("%s deadlocks", n)
	}
}
