package costing_test

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/csv"
	"flag"
	"fmt"
	"math/big"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"
	"pgregory.net/rapid"

	"github.com/millrace-erp/millrace/internal/costing"
	"github.com/millrace-erp/millrace/internal/costing/internal/db"
	"github.com/millrace-erp/millrace/internal/httpapi/httpapitest"
	"github.com/millrace-erp/millrace/internal/testdb"
)

//go:embed testdata/plant.sql
var plant string

//go:embed testdata/items.sql
var items string

type m = map[string]any

func TestMain(m *testing.M) {
	flag.Parse()
	// One run is some thirty documents over HTTP: fewer runs than rapid's hundred, longer ones.
	if f := flag.Lookup("rapid.checks"); f.Value.String() == f.DefValue {
		_ = f.Value.Set("8")
	}
	os.Exit(m.Run())
}

type bundle struct {
	*httpapitest.API
	n int
}

func setup(t testing.TB) *bundle {
	t.Helper()
	b := &bundle{API: httpapitest.New(t)}
	if _, err := b.DB.Pool.Exec(context.Background(), plant); err != nil {
		t.Fatal(err)
	}
	return b
}

// items makes a set of items, -M and -N material of -P, and gives the start of their numbers.
func (b *bundle) items(t testing.TB, methods ...string) string {
	t.Helper()
	b.n++
	name := fmt.Sprintf("I%d", b.n)
	if _, err := b.DB.Pool.Exec(context.Background(), items, name, methods[0], methods[1], methods[2]); err != nil {
		t.Fatal(err)
	}
	return name
}

func (b *bundle) queries() *db.Queries { return db.New(b.DB.Pool) }

// advance costs everything, limit movements at a time.
func (b *bundle) advance(t testing.TB, limit int32) {
	t.Helper()
	if err := costing.CatchUp(context.Background(), limited{b.queries(), limit}); err != nil {
		t.Fatal(err)
	}
}

type limited struct {
	*db.Queries
	limit int32
}

func (l limited) Advance(ctx context.Context, limit int32) (int32, error) {
	return l.Queries.Advance(ctx, min(limit, l.limit))
}

func (b *bundle) receive(t testing.TB, supplier, item, quantity, unit, price string) string {
	t.Helper()
	order := b.Post(t, "/v1/purchase-orders", m{"supplier": supplier, "lines": []m{{"item": item, "quantity": quantity, "unit": unit, "price": price}}}).Want(201)
	return b.Post(t, "/v1/goods-receipts", m{"purchase_order": order.Text("number"), "lines": []m{{"line": 1, "quantity": quantity, "unit": unit}}}).Want(201).Text("number")
}

func (b *bundle) item(t testing.TB, item string) map[string]any {
	t.Helper()
	var v map[string]any
	b.Get(t, "/v1/costing/items/"+item).Want(200).JSON(&v)
	return v
}

func wants(t testing.TB, got map[string]any, want m) {
	t.Helper()
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s is %v, want %v", name, got[name], value)
		}
	}
	if t.Failed() {
		t.Fatalf("in %v", got)
	}
}

// fraction computes "price*quantity/base".
func fraction(t testing.TB, s string) *big.Rat {
	t.Helper()
	price, rest, _ := strings.Cut(s, "*")
	quantity, base, _ := strings.Cut(rest, "/")
	return new(big.Rat).Quo(mul(rat(t, price), rat(t, quantity)), rat(t, base))
}

// hold holds everything that SQL costed against the independent computation.
func hold(t rapid.TB, real testing.TB, database *testdb.DB) {
	t.Helper()
	ctx := context.Background()
	want := compute(real, database)
	bad := 0
	differs := func(what string, id int64, got string, want *big.Rat) {
		if bad < 10 && rat(real, got).Cmp(want) != 0 {
			t.Errorf("%s of %d is %s, want %s", what, id, got, want.FloatString(6))
			bad++
		}
	}
	each := func(query string, into []any, call func()) {
		rows, err := database.Pool.Query(ctx, query)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := pgx.ForEachRow(rows, into, func() error { call(); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	var id int64
	var a, b, c, d, e, f string
	found := 0
	each(`SELECT movement_id, quantity::text, value::text, variance::text FROM costing.movement_cost ORDER BY movement_id`, []any{&id, &a, &b, &c}, func() {
		found++
		if want.costs[id] == nil {
			t.Fatalf("movement %d is costed and should not be", id)
		}
		differs("quantity of movement", id, a, want.costs[id].quantity)
		differs("value of "+want.costs[id].movement.kind, id, b, want.costs[id].value)
		differs("variance of "+want.costs[id].movement.kind, id, c, want.costs[id].variance)
	})
	if found != len(want.costs) {
		t.Errorf("%d movements are costed, want %d", found, len(want.costs))
	}
	each(`SELECT item_id, quantity::text, value::text FROM costing.item_stock`, []any{&id, &a, &b}, func() {
		if s := want.stocks[id]; s != nil {
			differs("stock", id, a, s.quantity)
			differs("value of stock", id, b, s.value)
		}
	})
	each(`SELECT work_order_id, material_value::text, labour_value::text, absorbed_value::text, direct_value::text, pooled_value::text, reported_quantity::text
		FROM costing.work_order_cost`, []any{&id, &a, &b, &c, &d, &e, &f}, func() {
		p := want.processes[id]
		differs("material of work order", id, a, p.material)
		differs("labour of work order", id, b, p.labour)
		differs("absorbed of work order", id, c, p.absorbed)
		differs("direct of work order", id, d, p.direct)
		differs("pooled of work order", id, e, p.pooled)
		differs("reported of work order", id, f, p.reported)
	})
	each(`SELECT work_order_id, scrapped_quantity::text, usage_variance::text, scrap_variance::text FROM costing.work_order_cost`, []any{&id, &a, &b, &c}, func() {
		p := want.processes[id]
		differs("scrapped of work order", id, a, p.scrapped)
		differs("usage variance of work order", id, b, p.usage)
		differs("scrap variance of work order", id, c, p.scrap)
	})
	var order int64
	each(`SELECT f.account::text, coalesce(e.item_id, 0), coalesce(e.work_order_id, 0), sum(CASE WHEN f.is_debit THEN e.amount ELSE -e.amount END)::text
		FROM costing.journal_entry AS e
		CROSS JOIN LATERAL (VALUES (e.debit, true), (e.credit, false)) AS f (account, is_debit)
		GROUP BY 1, 2, 3`, []any{&a, &id, &order, &b}, func() {
		value := want.journal[posting{a, id, order}]
		if value == nil {
			value = zero()
		}
		differs(fmt.Sprintf("journal of %s of order %d and item", a, order), id, b, value)
		delete(want.journal, posting{a, id, order})
	})
	for key, value := range want.journal {
		if value.Sign() != 0 {
			t.Errorf("the journal lacks %s of %v", value.FloatString(4), key)
		}
	}
}

func TestMovingAverage(t *testing.T) {
	t.Parallel()
	b := setup(t)
	i := b.items(t, "moving_average", "moving_average", "moving_average")
	b.receive(t, "ACME", i+"-N", "10", "H87", "2")
	b.receive(t, "ACME", i+"-N", "1", "XBX", "36") // twelve at 3
	b.advance(t, 100)
	wants(t, b.item(t, i+"-N"), m{"method": "moving_average", "quantity": "22", "value": "56", "average_cost": "2.545455"})
	b.Post(t, "/v1/scrappings", m{"item": i + "-N", "from": "A", "quantity": "7", "reason": "BAD"}).Want(201)
	b.advance(t, 100)
	wants(t, b.item(t, i+"-N"), m{"quantity": "15", "value": "38.1818"})
	// The last unit takes what is left.
	b.Post(t, "/v1/scrappings", m{"item": i + "-N", "from": "A", "quantity": "15", "reason": "BAD"}).Want(201)
	// Found stock of an item that is out: the standard cost.
	b.Post(t, "/v1/counts", m{"location": "A", "reason": "COUNT", "lines": []m{{"item": i + "-N", "counted_quantity": "2"}}}).Want(201)
	b.advance(t, 100)
	wants(t, b.item(t, i+"-N"), m{"quantity": "2", "value": "4.6914", "average_cost": "2.3457", "standard_cost": "2.345678"})
	// A price in another currency is no cost in the books.
	b.receive(t, "DOLLAR", i+"-N", "100", "H87", "1")
	b.advance(t, 100)
	wants(t, b.item(t, i+"-N"), m{"quantity": "102", "value": "239.2592"})
	hold(t, t, b.DB)
	b.Get(t, "/v1/costing/items/NONE").Problem("not-found", 404)
}

func TestFIFO(t *testing.T) {
	t.Parallel()
	b := setup(t)
	i := b.items(t, "fifo", "fifo", "fifo")
	b.receive(t, "ACME", i+"-M", "10", "KGM", "2")
	second := b.receive(t, "ACME", i+"-M", "10", "KGM", "3")
	b.receive(t, "ACME", i+"-M", "10", "KGM", "4")
	b.Post(t, "/v1/scrappings", m{"item": i + "-M", "from": "A", "quantity": "12.5", "reason": "BAD"}).Want(201)
	b.advance(t, 1)
	wants(t, b.item(t, i+"-M"), m{"quantity": "17.5", "value": "62.5"})
	// The layer of the reversed receipt is used first; what it has no more comes from the next.
	b.Post(t, "/v1/goods-receipt-reversals", m{"goods_receipt": second, "reason": "MISTAKE"}).Want(201)
	b.advance(t, 1)
	got := b.item(t, i+"-M")
	wants(t, got, m{"quantity": "7.5", "value": "30"})
	layers := got["layers"].([]any)
	if len(layers) != 1 || layers[0].(m)["remaining_quantity"] != "7.5" || layers[0].(m)["unit_cost"] != "4" {
		t.Errorf("layers %v", layers)
	}
	hold(t, t, b.DB)
}

func TestWorkOrder(t *testing.T) {
	t.Parallel()
	b := setup(t)
	i := b.items(t, "moving_average", "fifo", "moving_average")
	b.receive(t, "ACME", i+"-M", "100", "KGM", "2")
	b.receive(t, "ACME", i+"-N", "1000", "H87", "0.5")
	order := b.Post(t, "/v1/work-orders", m{"item": i + "-P", "quantity": "100"}).Want(201).Text("number")
	b.Post(t, "/v1/material-issues", m{"work_order": order, "lines": []m{{"item": i + "-M", "quantity": "38"}}}).Want(201)
	b.Post(t, "/v1/material-returns", m{"work_order": order, "lines": []m{{"item": i + "-M", "quantity": "3"}}}).Want(201)
	end := time.Now().Truncate(time.Second)
	report := func(good, scrap string, minutes time.Duration) string {
		return b.Post(t, "/v1/production-reports", m{
			"work_order": order, "good_quantity": good, "scrap_quantity": scrap, "scrap_reason": "BAD",
			"started_at": end.Add(-minutes * time.Minute), "ended_at": end,
		}).Want(201).Text("number")
	}
	report("36", "4", 30)
	b.advance(t, 100)
	var cost m
	b.Get(t, "/v1/costing/work-orders/"+order).Want(200).JSON(&cost)
	// 35 kg for 100: 40 of them take 28 of 70; 80 inserts at 0.50 and half an hour at 60 are the report's own.
	wants(t, cost, m{"material_value": "110", "labour_value": "30", "absorbed_value": "98", "work_in_process": "42", "reported_quantity": "40", "unit_cost": "2.722222"})
	wants(t, b.item(t, i+"-P"), m{"quantity": "36", "value": "98"})
	wrong := report("10", "0", 60)
	b.Post(t, "/v1/production-report-reversals", m{"production_report": wrong, "reason": "MISTAKE"}).Want(201)
	b.advance(t, 100)
	b.Get(t, "/v1/costing/work-orders/"+order).Want(200).JSON(&cost)
	wants(t, cost, m{"material_value": "110", "labour_value": "30", "absorbed_value": "98", "work_in_process": "42", "reported_quantity": "40"})
	// Time without goods waits for the next ones; the last goods take the rest.
	b.Post(t, "/v1/production-reports", m{"work_order": order, "kind": "setup", "started_at": end.Add(-6 * time.Minute), "ended_at": end}).Want(201)
	report("60", "0", 0)
	b.advance(t, 100)
	b.Get(t, "/v1/costing/work-orders/"+order).Want(200).JSON(&cost)
	wants(t, cost, m{"material_value": "170", "labour_value": "36", "absorbed_value": "206", "work_in_process": "0"})
	var list struct {
		Items []m     `json:"items"`
		Next  *string `json:"next"`
	}
	b.Get(t, "/v1/costing/valuation?limit=2").Want(200).JSON(&list)
	if len(list.Items) != 2 || list.Next == nil || *list.Next != i+"-N" {
		t.Errorf("page %v, next %v", list.Items, list.Next)
	}
	b.Get(t, "/v1/costing/valuation?limit=2&after="+*list.Next).Want(200).JSON(&list)
	if len(list.Items) != 1 || list.Next != nil || list.Items[0]["value"] != "206" {
		t.Errorf("page %v, next %v", list.Items, list.Next)
	}
}

// TestReturns: what goes back to a supplier, or comes back from a customer, has the cost it
// came or went with.
func TestReturns(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"moving_average", "fifo"} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			i := b.items(t, method, method, method)
			if _, err := b.DB.Pool.Exec(t.Context(), `UPDATE catalog.item SET is_inspected = true WHERE number = $1`, i+"-M"); err != nil {
				t.Fatal(err)
			}
			first := b.receive(t, "ACME", i+"-M", "10", "KGM", "2")
			b.Post(t, "/v1/inspections", m{"goods_receipt": first, "line": 1, "accepted_quantity": "10"}).Want(201)
			second := b.receive(t, "ACME", i+"-M", "10", "KGM", "4")
			b.Post(t, "/v1/inspections", m{"goods_receipt": second, "line": 1, "accepted_quantity": "3", "rejected_quantity": "7", "reason": "WET"}).Want(201)
			b.Post(t, "/v1/supplier-returns", m{"goods_receipt": second, "line": 1, "quantity": "7", "reason": "WET"}).Want(201)
			b.advance(t, 100)
			wants(t, b.item(t, i+"-M"), m{"quantity": "13", "value": "32"})

			b.receive(t, "ACME", i+"-P", "10", "H87", "5")
			order := b.Post(t, "/v1/sales-orders", m{"site": "P1", "customer": "HOME", "lines": []m{{"item": i + "-P", "quantity": "6", "unit_price": "9"}}}).Want(201).Text("number")
			pick := b.Post(t, "/v1/picks", m{"sales_order": order, "lines": []m{{"line": 1, "quantity": "6"}}}).Want(201).Text("number")
			unit := b.Post(t, "/v1/handling-units", m{"kind": "box", "contents": []m{{"pick": pick, "line": 1, "quantity": "6"}}}).Want(201).Text("sscc")
			shipment := b.Post(t, "/v1/shipments", m{"handling_units": []string{unit}}).Want(201).Text("number")
			b.receive(t, "ACME", i+"-P", "10", "H87", "50")
			b.Post(t, "/v1/customer-returns", m{"shipment": shipment, "lines": []m{{"line": 1, "quantity": "2", "reason": "BACK"}}}).Want(201)
			b.advance(t, 100)
			wants(t, b.item(t, i+"-P"), m{"quantity": "16", "value": "530"})
			hold(t, t, b.DB)
		})
	}
}

// TestAgainstIndependentComputation posts documents at random and holds the cost of every
// movement, stock and work order against plain Go.
func TestAgainstIndependentComputation(t *testing.T) {
	t.Parallel()
	b := setup(t)
	method := rapid.SampledFrom([]string{"moving_average", "fifo", "standard"})
	if _, err := b.DB.Pool.Exec(t.Context(), `UPDATE catalog.work_center SET machine_hourly_rate = 17.1234`); err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(r *rapid.T) {
		b.random(t, r, b.items(t, method.Draw(r, "M"), method.Draw(r, "N"), method.Draw(r, "P")), 30)
		b.advance(t, 1000)
		hold(r, t, b.DB)
	})
}

// random posts steps documents about a set of items. What the stock does not allow is
// refused, and counts as well.
func (b *bundle) random(t testing.TB, r *rapid.T, i string, steps int) {
	t.Helper()
	var orders []string
	type receipt struct{ supplier, number string }
	var receipts []receipt
	reversals := map[string][]string{} // path and member to numbers
	post := func(path, reversal string, body m) {
		answer := b.Post(t, path, body)
		switch answer.Status {
		case 201:
			if reversal != "" {
				reversals[reversal] = append(reversals[reversal], answer.Text("number"))
			}
			if path == "/v1/work-orders" {
				orders = append(orders, answer.Text("number"))
			}
		case 409:
		default:
			t.Fatalf("%s with %v: %d %s", path, body, answer.Status, answer.Body)
		}
	}
	item := rapid.SampledFrom([]string{"-M", "-N", "-P"})
	quantity := func(most int) string { return fmt.Sprint(rapid.IntRange(1, most).Draw(r, "quantity")) }
	price := rapid.Custom(func(r *rapid.T) string {
		return fmt.Sprintf("%d.%04d", rapid.IntRange(0, 30).Draw(r, "whole"), rapid.IntRange(0, 9999).Draw(r, "part"))
	})
	// Nobody charges nothing.
	amount := rapid.Custom(func(r *rapid.T) string { return fmt.Sprint(rapid.IntRange(1, 900).Draw(r, "amount")) + ".0703" })
	order := func() string { return orders[rapid.IntRange(0, len(orders)-1).Draw(r, "order")] }
	receive := func(supplier, item, quantity, unit string) string {
		number := b.receive(t, supplier, item, quantity, unit, price.Draw(r, "price"))
		receipts = append(receipts, receipt{supplier, number})
		return number
	}
	receive("ACME", i+"-M", "50", "KGM")
	receive("ACME", i+"-N", "150", "H87")
	post("/v1/work-orders", "", m{"item": i + "-P", "quantity": quantity(60)})
	for step := range steps {
		switch rapid.IntRange(0, 18).Draw(r, "step") {
		case 0, 1:
			what := item.Draw(r, "item")
			number := receive("ACME", i+what, quantity(100), map[string]string{"-M": "KGM"}[what]+map[bool]string{true: "H87"}[what != "-M"])
			reversals["goods-receipt goods_receipt"] = append(reversals["goods-receipt goods_receipt"], number)
		case 2:
			receive("DOLLAR", i+"-N", quantity(20), "XBX")
		case 3:
			post("/v1/opening-stocks", "transfer transfer", m{"item": i + item.Draw(r, "item"), "to": "B", "quantity": quantity(20)})
		case 4:
			post("/v1/counts", "count count", m{"location": "A", "reason": "COUNT", "lines": []m{{"item": i + item.Draw(r, "item"), "counted_quantity": quantity(80)}}})
		case 5:
			post("/v1/transfers", "transfer transfer", m{"item": i + item.Draw(r, "item"), "from": "A", "to": "B", "quantity": quantity(30)})
		case 6:
			post("/v1/scrappings", "transfer transfer", m{"item": i + item.Draw(r, "item"), "from": "A", "quantity": quantity(40), "reason": "BAD"})
		case 7:
			post("/v1/work-orders", "", m{"item": i + "-P", "quantity": quantity(60)})
		case 8:
			post("/v1/material-issues", "material-issue material_issue", m{"work_order": order(), "lines": []m{{"item": i + "-M", "quantity": quantity(12)}}})
		case 9:
			post("/v1/material-returns", "material-issue material_issue", m{"work_order": order(), "lines": []m{{"item": i + "-M", "quantity": quantity(5)}}})
		case 10, 11:
			end := time.Now().Truncate(time.Second)
			good, scrap := rapid.IntRange(0, 20).Draw(r, "good"), rapid.IntRange(0, 3).Draw(r, "scrap")
			reversal := "production-report production_report"
			if good+scrap == 0 {
				reversal = "" // nothing is left of it to reverse
			}
			byProducts := []m{}
			if good+scrap > 0 && rapid.Bool().Draw(r, "by-product") {
				byProducts = []m{{"item": i + "-N", "quantity": quantity(9), "location": "A"}}
			}
			post("/v1/production-reports", reversal, m{
				"by_products": byProducts, "work_order": order(), "good_quantity": fmt.Sprint(good), "scrap_quantity": fmt.Sprint(scrap), "scrap_reason": "BAD", "rework_quantity": "1", "started_at": end.Add(-time.Duration(rapid.IntRange(0, 5000).Draw(r, "seconds")) * time.Second), "ended_at": end,
			})
		case 12:
			post("/v1/work-order-completions", "", m{"work_order": order()})
		case 13:
			post("/v1/work-order-reopenings", "", m{"work_order": order(), "reason": "MISTAKE"})
		case 14:
			of := rapid.SampledFrom(receipts).Draw(r, "receipt")
			invoice := m{
				"supplier": of.supplier, "external_number": fmt.Sprint(i, step), "invoiced_on": "2026-01-05",
				"lines": []m{{"goods_receipt": of.number, "line": 1, "quantity": quantity(20), "amount": amount.Draw(r, "amount")}},
			}
			if of.supplier == "DOLLAR" {
				invoice["exchange_rate"] = "0.9137"
			}
			post("/v1/supplier-invoices", "supplier-invoice supplier_invoice", invoice)
		case 15:
			post("/v1/landed-costs", "landed-cost landed_cost", m{
				"kind": "freight", "spread_by": "quantity", "amount": amount.Draw(r, "amount"),
				"lines": []m{{"goods_receipt": rapid.SampledFrom(receipts).Draw(r, "receipt").number, "line": 1}},
			})
		case 16:
			b.revalue(t, i+item.Draw(r, "item"), price.Draw(r, "price"))
		default:
			if len(reversals) == 0 {
				continue
			}
			kind := rapid.SampledFrom([]string{"goods-receipt goods_receipt", "transfer transfer", "count count", "material-issue material_issue", "production-report production_report", "supplier-invoice supplier_invoice", "landed-cost landed_cost"}).Draw(r, "kind")
			if numbers := reversals[kind]; len(numbers) > 0 {
				path, member, _ := strings.Cut(kind, " ")
				n := rapid.IntRange(0, len(numbers)-1).Draw(r, "number")
				post("/v1/"+path+"-reversals", "", m{member: numbers[n], "reason": "MISTAKE"})
			}
		}
		if rapid.IntRange(0, 9).Draw(r, "cost") == 0 {
			b.advance(t, int32(rapid.IntRange(1, 20).Draw(r, "limit")))
		}
	}
}

// revalue changes the standard cost of the item.
func (b *bundle) revalue(t testing.TB, item, standard string) {
	t.Helper()
	if _, err := b.DB.Pool.Exec(context.Background(), `
		SELECT event.publish('item.saved', i.id, jsonb_build_object('item', i.number, 'standard_cost', $2::text))
		FROM catalog.item AS i
		WHERE i.number = $1`, item, standard); err != nil {
		t.Fatal(err)
	}
}

// TestJournal: what a work order and an invoice do to the accounts, as the API and the file tell it.
func TestJournal(t *testing.T) {
	t.Parallel()
	b := setup(t)
	i := b.items(t, "standard", "fifo", "standard")
	if _, err := b.DB.Pool.Exec(t.Context(), `UPDATE catalog.work_center SET machine_hourly_rate = 30`); err != nil {
		t.Fatal(err)
	}
	b.receive(t, "ACME", i+"-M", "100", "KGM", "3")               // standard 3.141593
	inserts := b.receive(t, "ACME", i+"-N", "1000", "H87", "0.5") // FIFO
	order := b.Post(t, "/v1/work-orders", m{"item": i + "-P", "quantity": "100"}).Want(201).Text("number")
	b.Post(t, "/v1/material-issues", m{"work_order": order, "lines": []m{{"item": i + "-M", "quantity": "35"}}}).Want(201)
	end := time.Now().Truncate(time.Second)
	b.Post(t, "/v1/production-reports", m{
		"work_order": order, "good_quantity": "96", "scrap_quantity": "4", "scrap_reason": "BAD",
		"started_at": end.Add(-time.Hour), "ended_at": end,
	}).Want(201)
	b.advance(t, 100)
	balances := func(want m) {
		t.Helper()
		var page struct {
			Items []m
			Next  *string
		}
		b.Get(t, "/v1/account-balances?site=P1&month="+time.Now().UTC().Format("2006-01")).Want(200).JSON(&page)
		got, sum := m{}, zero()
		for _, line := range page.Items {
			got[line["account"].(string)] = line["balance"]
			sum = add(sum, rat(t, line["balance"].(string)))
		}
		if sum.Sign() != 0 {
			t.Errorf("the balances come to %s", sum.FloatString(4))
		}
		wants(t, got, want)
	}
	// 100 inserts for 96 good and 4 bad: 35 kg at standard, 200 inserts at 0.50, an hour at 60 and 30; 96 at 7 go into stock.
	balances(m{
		"goods_received": "-800", "price_variance": "-14.1593", "labour_absorbed": "-60", "machine_absorbed": "-30",
		"finished_goods": "672", "work_in_process": "-372.0442", "inventory": "604.2035",
	})
	b.Post(t, "/v1/work-order-completions", m{"work_order": order}).Want(201)
	// 4 bad ones at standard are scrap, the rest was used otherwise than planned.
	b.advance(t, 100)
	balances(m{"work_in_process": "0", "scrap_variance": "28", "usage_variance": "-400.0442"})
	var cost m
	b.Get(t, "/v1/costing/work-orders/"+order).Want(200).JSON(&cost)
	wants(t, cost, m{"work_in_process": "0", "usage_variance": "-400.0442", "scrap_variance": "28"})

	// Half of the inserts are invoiced a tenth dearer: 800 of 1000 are still there and take their part of the 25.
	b.Post(t, "/v1/supplier-invoices", m{
		"supplier": "ACME", "external_number": i, "invoiced_on": "2026-01-05",
		"lines": []m{{"goods_receipt": inserts, "line": 1, "quantity": "500", "amount": "275"}},
	}).Want(201)
	b.Post(t, "/v1/landed-costs", m{
		"kind": "freight", "spread_by": "quantity", "amount": "10", "lines": []m{{"goods_receipt": inserts, "line": 1}},
	}).Want(201)
	b.advance(t, 100)
	balances(m{"goods_received": "-550", "payables": "-275", "landed_cost": "-10", "price_variance": "-7.1593"})
	wants(t, b.item(t, i+"-N"), m{"quantity": "800", "value": "428"})

	var page struct {
		Items []m
		Next  *string
	}
	path := "/v1/journal-entries?item=" + i + "-N&account=inventory&limit=2"
	seen := 0
	for after := ""; ; after = *page.Next {
		page.Next = nil
		b.Get(t, path+"&after="+after).Want(200).JSON(&page)
		seen += len(page.Items)
		if page.Next == nil {
			break
		}
	}
	if seen != 4 { // receipt, backflush, invoice, landed cost
		t.Errorf("%d rows of the inserts, want 4", seen)
	}
	b.Get(t, "/v1/journal-entries?work_order="+order+"&account=labour_absorbed").Want(200).JSON(&page)
	if len(page.Items) != 1 || page.Items[0]["document"] != "PR-000001" || page.Items[0]["amount"] != "60" {
		t.Errorf("labour %v", page.Items)
	}
	file := b.Get(t, "/v1/journal.csv").Want(200)
	rows, err := csv.NewReader(bytes.NewReader(file.Body)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	if err := b.DB.Pool.QueryRow(t.Context(), `SELECT count(*) FROM costing.journal_entry`).Scan(&total); err != nil {
		t.Fatal(err)
	}
	if len(rows) != total+1 || rows[0][6] != "debit" || rows[1][5] != "GR-000001" || rows[1][8] != "314.1593" {
		t.Errorf("%d rows in the file, want %d and headings: %v", len(rows), total, rows[:2])
	}
	hold(t, t, b.DB)
}

// TestByProduct: what else came of the work is worth its standard cost, and the goods that much less.
func TestByProduct(t *testing.T) {
	t.Parallel()
	b := setup(t)
	i := b.items(t, "moving_average", "moving_average", "fifo")
	b.receive(t, "ACME", i+"-M", "100", "KGM", "4")
	b.receive(t, "ACME", i+"-N", "1000", "H87", "0.5")
	order := b.Post(t, "/v1/work-orders", m{"item": i + "-P", "quantity": "10"}).Want(201).Text("number")
	b.Post(t, "/v1/material-issues", m{"work_order": order, "lines": []m{{"item": i + "-M", "quantity": "3.5"}}}).Want(201)
	b.Post(t, "/v1/production-reports", m{
		"work_order": order, "kind": "setup", "started_at": "2026-01-01T08:00:00Z", "ended_at": "2026-01-01T08:06:00Z",
		"by_products": []m{{"item": i + "-N", "quantity": "1"}},
	}).Problem("by-product-refused", 422)
	b.Post(t, "/v1/production-reports", m{
		"work_order": order, "good_quantity": "10",
		"by_products": []m{{"item": i + "-P", "quantity": "1"}},
	}).Problem("by-product-refused", 422)
	report := b.Post(t, "/v1/production-reports", m{
		"work_order": order, "good_quantity": "10",
		"by_products": []m{{"item": i + "-N", "quantity": "3", "location": "B"}},
	}).Want(201)
	b.advance(t, 100)
	// 3.5 kg at 4 and 20 inserts at 0.50, less three at 2.345678.
	wants(t, b.item(t, i+"-P"), m{"quantity": "10", "value": "16.963"})
	b.Post(t, "/v1/production-report-reversals", m{"production_report": report.Text("number"), "reason": "MISTAKE"}).Want(201)
	b.advance(t, 100)
	wants(t, b.item(t, i+"-P"), m{"quantity": "0", "value": "0"})
	// A reversal is told by the document that it takes back, for analysts as for the API.
	var told, untold int
	if err := b.DB.Pool.QueryRow(t.Context(), `
		SELECT count(*) FILTER (WHERE l.document = $1), count(*) FILTER (WHERE l.document IS NULL)
		FROM costing.journal_line AS l
		JOIN inventory.movement AS m ON m.id = l.movement_id
		WHERE m.movement_type = 'reversal'`, report.Text("number")).Scan(&told, &untold); err != nil {
		t.Fatal(err)
	}
	if told == 0 || untold > 0 {
		t.Errorf("%d rows of the reversal name the report and %d nothing", told, untold)
	}
	hold(t, t, b.DB)
}

// TestGivenBeforeItCame: a report may use pieces of a material that it brings itself. What is
// not there yet has no value: the material's cost is what there was, and what of the by-product
// has left already is a variance.
func TestGivenBeforeItCame(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, method := range []string{"moving_average", "fifo", "standard"} {
		i := b.items(t, "moving_average", method, "moving_average")
		b.receive(t, "ACME", i+"-N", "1", "H87", "2.9781")
		order := b.Post(t, "/v1/work-orders", m{"item": i + "-P", "quantity": "10"}).Want(201).Text("number")
		// Two pieces for the good one, of which one is there.
		report := b.Post(t, "/v1/production-reports", m{
			"work_order": order, "good_quantity": "1", "by_products": []m{{"item": i + "-N", "quantity": "8", "location": "A"}},
		}).Want(201).Text("number")
		b.advance(t, 100)
		wants(t, b.item(t, i+"-N"), m{"quantity": "7", "value": "16.4197"}) // at 2.345678
		hold(t, t, b.DB)
		b.Post(t, "/v1/production-report-reversals", m{"production_report": report, "reason": "MISTAKE"}).Want(201)
		b.advance(t, 100)
		wants(t, b.item(t, i+"-N"), m{"quantity": "1"})
		hold(t, t, b.DB)
	}
}

// TestDatabase holds a whole database, such as one after a replay, against the independent
// computation: MILLRACE_COSTING_DATABASE_URL names it. It must be costed to the end.
func TestDatabase(t *testing.T) {
	url := os.Getenv("MILLRACE_COSTING_DATABASE_URL")
	if url == "" {
		t.Skip("MILLRACE_COSTING_DATABASE_URL names no database")
	}
	pool, err := pgxpool.New(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	hold(t, t, &testdb.DB{Pool: pool})
}

// TestManyAtOnceAndKilled runs several costings at once, ends their connections in the
// middle, and comes to the same as one that nobody disturbs.
func TestManyAtOnceAndKilled(t *testing.T) {
	t.Parallel()
	b := setup(t)
	rapid.Check(t, func(r *rapid.T) {
		b.random(t, r, b.items(t, "fifo", "moving_average", "fifo"), 20)
	})
	ctx, stop := context.WithCancel(context.Background())
	var killers, group errgroup.Group
	killers.Go(func() error {
		for n := 0; n < 50 && ctx.Err() == nil; n++ {
			if _, err := b.DB.Pool.Exec(context.Background(), `SELECT pg_terminate_backend(a.pid) FROM pg_stat_activity AS a
				WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() AND a.query LIKE '%costing.advance%' AND a.state = 'active' AND random() < 0.5`); err != nil {
				return err
			}
			time.Sleep(5 * time.Millisecond)
		}
		return nil
	})
	for range 4 {
		group.Go(func() error {
			failures := 0
			for {
				if err := costing.CatchUp(ctx, limited{b.queries(), 7}); err == nil {
					return nil
				} else if failures++; failures > 1000 {
					return err
				}
			}
		})
	}
	if err := group.Wait(); err != nil {
		t.Error(err)
	}
	stop()
	if err := killers.Wait(); err != nil {
		t.Error(err)
	}
	b.DB.Pool.Reset() // the last ones may have been told to end after their work
	b.advance(t, 1000)
	hold(t, t, b.DB)
}

// TestLargestQuantities: what one posting may hold is bounded, what many of them come to is not. An item of
// which more is on hand than one posting can bring, at the highest price there is, must not stop the feed for
// all others.
func TestLargestQuantities(t *testing.T) {
	t.Parallel()
	b := setup(t)
	i := b.items(t, "moving_average", "fifo", "moving_average")
	for _, item := range []string{i + "-M", i + "-N"} {
		for _, location := range []string{"A", "B"} {
			order := b.Post(t, "/v1/purchase-orders", m{"supplier": "ACME", "lines": []m{{"item": item, "quantity": "999999999999", "price": "99999999999999.9999"}}}).Want(201)
			b.Post(t, "/v1/goods-receipts", m{"purchase_order": order.Text("number"), "lines": []m{{"line": 1, "quantity": "999999999999", "location": location}}}).Want(201)
		}
		b.advance(t, 100)
		if got, want := b.item(t, item)["quantity"], "1999999999998"; got != want {
			t.Errorf("the costed quantity of %s is %v, want %s", item, got, want)
		}
	}
	b.Get(t, "/v1/costing/valuation").Want(200)
}
