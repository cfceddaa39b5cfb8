package acceptance_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"

	"github.com/millrace-erp/millrace/internal/demo"
	"github.com/millrace-erp/millrace/internal/httpapi/httpapitest"
	millracesql "github.com/millrace-erp/millrace/sql"
)

// TestMain keeps the random sequences to half a minute, unless more are asked for with -rapid.checks.
func TestMain(m *testing.M) {
	if err := flag.Set("rapid.checks", "6"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

const sequenceLength = 200

// TestRandomSequences sends random commands in random order: sensible ones, too many, too early, of things
// that are gone. Each is done or refused by a rule that has a name, never by accident, and afterwards every
// invariant holds.
func TestRandomSequences(t *testing.T) {
	t.Parallel()
	accepted, refused := map[string]int{}, map[string]int{}
	rapid.Check(t, func(rt *rapid.T) {
		api := httpapitest.New(t)
		w := &world{
			t: rt, api: api,
			client: &demo.Client{URL: api.URL, Tokens: httpapitest.Tokens(), HTTP: httpClient(t)},
			known:  map[string][]map[string]any{},
		}
		if err := demo.Load(t.Context(), w.client, silent); err != nil {
			t.Fatal(err)
		}
		// Something to begin with, so that not every sequence has to start with an order.
		w.send("/v1/opening-stocks", body{"item": "PP-NAT", "lot": "OPEN", "to": "RAW-01", "quantity": "900"})
		w.send("/v1/opening-stocks", body{"item": "MB-BLUE", "lot": "OPEN", "to": "RAW-01", "quantity": "20000"})
		w.send("/v1/opening-stocks", body{"item": "INS-M6", "to": "RAW-02", "quantity": "400"})
		w.send("/v1/opening-stocks", body{"item": "CRATE-6420", "lot": "OPEN", "to": "FIN-01", "quantity": "60"})
		commands := w.commands()
		names := slices.Sorted(maps.Keys(commands))
		// What needs the most before it, twice as often more.
		late := []string{"receive all", "inspect", "issue", "report", "pick", "pack", "ship", "invoice", "take back", "inspect return", "credit"}
		names = slices.Concat(names, late, late)
		for range sequenceLength {
			name := names[w.chance(len(names))]
			path, command := commands[name]()
			if path == "" {
				continue // nothing there yet to do it with
			}
			if problem := w.send(path, command); problem == "" {
				accepted[name]++
			} else {
				refused[problem]++
			}
		}
		w.check()
	})
	t.Logf("accepted: %v", accepted)
	t.Logf("refused: %v", refused)
	if len(accepted) < 20 && !t.Failed() {
		t.Errorf("only %d kinds of command were ever accepted", len(accepted))
	}
}

type body = map[string]any

// world is what a sequence has made so far, and how to do more.
type world struct {
	t      *rapid.T
	api    *httpapitest.API
	client *demo.Client
	known  map[string][]map[string]any // answers by the path of their command
	lots   int
}

// send sends a command, now and then twice, and gives the problem that it was refused for.
func (w *world) send(path string, command body) string {
	text, err := json.Marshal(command)
	if err != nil {
		w.t.Fatal(err)
	}
	key := httpapitest.Key()
	answer, err := w.client.Post(w.t.Context(), demo.Person{Operator: "chance"}, key, path, text)
	if err != nil {
		w.t.Fatal(err)
	}
	var document map[string]any
	if err := json.Unmarshal(answer.Body, &document); err != nil {
		w.t.Fatalf("%s %s: %v in %s", path, text, err, answer.Body)
	}
	if w.chance(8) == 0 {
		again, err := w.client.Post(w.t.Context(), demo.Person{Operator: "chance"}, key, path, text)
		if err != nil {
			w.t.Fatal(err)
		}
		if again.Status != answer.Status || !again.IsReplayed || string(again.Body) != string(answer.Body) {
			w.t.Fatalf("%s %s: %d %s, and again %d %s", path, text, answer.Status, answer.Body, again.Status, again.Body)
		}
	}
	if answer.Status < 300 {
		w.known[path] = append(w.known[path], document)
		return ""
	}
	code, _ := document["code"].(string)
	if answer.Status >= 500 || !strings.HasPrefix(code, "MR") {
		w.t.Fatalf("%s %s: %d %s", path, text, answer.Status, answer.Body)
	}
	return code
}

// check lets costing follow what happened, as the worker would, and holds the database to every invariant.
func (w *world) check() {
	for _, call := range []string{"SELECT event.advance_log(100000)", "SELECT costing.advance(100000)"} {
		for left := 1; left > 0; {
			if err := w.api.DB.Pool.QueryRow(w.t.Context(), call).Scan(&left); err != nil {
				w.t.Fatalf("%s: %v", call, err)
			}
		}
	}
	checks, err := millracesql.Checks()
	if err != nil {
		w.t.Fatal(err)
	}
	for _, check := range checks {
		rows, err := w.api.DB.Pool.Query(w.t.Context(), check.SQL)
		if err != nil {
			w.t.Fatalf("check %s: %v", check.Name, err)
		}
		found, err := pgx.CollectRows(rows, pgx.RowToMap)
		if err != nil {
			w.t.Fatalf("check %s: %v", check.Name, err)
		}
		if len(found) > 0 {
			w.t.Fatalf("check %s must return no rows and returns %v", check.Name, found)
		}
	}
}

// even are 16 bits, each as likely 0 as 1: rapid's own numbers prefer to be small, which would send the
// first command of the list over and over.
var even = rapid.Custom(func(t *rapid.T) int {
	n := 0
	for range 16 {
		n <<= 1
		if rapid.Bool().Draw(t, "bit") {
			n++
		}
	}
	return n
})

// chance is a number below n.
func (w *world) chance(n int) int { return even.Draw(w.t, "chance") % n }

// any is one of the answers to a kind of command; nil when there is none yet.
func (w *world) any(path string) map[string]any {
	known := w.known[path]
	if len(known) == 0 {
		return nil
	}
	return known[w.chance(len(known))]
}

// line is one of a document's lines, and its number.
func (w *world) line(document map[string]any) (map[string]any, any) {
	lines, _ := document["lines"].([]any)
	if len(lines) == 0 {
		return nil, 1
	}
	line, _ := lines[w.chance(len(lines))].(map[string]any)
	return line, line["line"]
}

// some is a whole quantity up to most, now and then with a fraction.
func (w *world) some(most int) string {
	quantity := fmt.Sprint(1 + w.chance(most))
	if w.chance(10) == 0 {
		quantity += ".5"
	}
	return quantity
}

// lot is the number of a lot that may exist.
func (w *world) lot() string {
	if w.chance(4) == 0 {
		w.lots++
		return fmt.Sprintf("LOT-%d", w.lots)
	}
	return w.pick("OPEN", "A", "B", "C")
}

func (w *world) pick(values ...string) string { return values[w.chance(len(values))] }

func (w *world) item() string {
	return w.pick("PP-NAT", "MB-BLUE", "INS-M6", "BODY-6420", "LID-64", "CRATE-6420")
}

func (w *world) place() string {
	return w.pick("RAW-01", "RAW-02", "WIP-01", "WIP-02", "FIN-01", "FIN-02", "QUA-01", "REJ-01", "STG-01")
}

// stocked is something on hand, with its item, lot, location and quantity.
func (w *world) stocked() map[string]any {
	answer, err := w.client.Get(w.t.Context(), "/v1/stock?limit=500")
	if err != nil {
		w.t.Fatal(err)
	}
	var page struct{ Items []map[string]any }
	if err := json.Unmarshal(answer.Body, &page); err != nil {
		w.t.Fatal(err)
	}
	if len(page.Items) == 0 {
		return nil
	}
	return page.Items[w.chance(len(page.Items))]
}

// with adds the lot of something on hand to a command, if it has one.
func with(command body, stock map[string]any) body {
	if stock["lot"] != nil {
		command["lot"] = stock["lot"]
	}
	return command
}

// commands is what can happen.
func (w *world) commands() map[string]func() (string, body) {
	on := func(path string, command func(document map[string]any) (string, body)) func() (string, body) {
		return func() (string, body) {
			document := w.any(path)
			if document == nil {
				return "", nil
			}
			return command(document)
		}
	}
	reversal := func(of, path, member string) func() (string, body) {
		return on(of, func(document map[string]any) (string, body) {
			return path, body{member: document["number"], "reason": "MISTYPED"}
		})
	}
	stocked := func(command func(stock map[string]any) (string, body)) func() (string, body) {
		return func() (string, body) {
			stock := w.stocked()
			if stock == nil {
				return "", nil
			}
			return command(stock)
		}
	}
	return map[string]func() (string, body){
		"order material": func() (string, body) {
			return "/v1/purchase-orders", body{"supplier": w.pick("POLYNORD", "FERRA"), "lines": []body{
				{"item": w.pick("PP-NAT", "MB-BLUE", "INS-M6"), "quantity": w.some(500), "price": "2.5", "over_receipt_percent": w.pick("0", "10")},
			}}
		},
		"receive": on("/v1/purchase-orders", func(order map[string]any) (string, body) {
			return "/v1/goods-receipts", body{"purchase_order": order["number"], "lines": []body{
				{"line": 1, "quantity": w.some(300), "lot": w.lot()},
			}}
		}),
		"receive all": on("/v1/purchase-orders", func(order map[string]any) (string, body) {
			line, number := w.line(order)
			return "/v1/goods-receipts", body{"purchase_order": order["number"], "lines": []body{{"line": number, "quantity": line["quantity"]}}}
		}),
		"inspect": on("/v1/goods-receipts", func(receipt map[string]any) (string, body) {
			line, number := w.line(receipt)
			command := body{"goods_receipt": receipt["number"], "line": number}
			switch w.pick("accept", "accept", "reject", "guess") {
			case "accept":
				command["accepted_quantity"] = line["quantity"]
			case "reject":
				command["rejected_quantity"], command["reason"] = line["quantity"], "COLOUR"
			default:
				command["accepted_quantity"], command["rejected_quantity"], command["reason"] = w.some(50), w.some(50), "COLOUR"
			}
			return "/v1/inspections", command
		}),
		"send back": on("/v1/goods-receipts", func(receipt map[string]any) (string, body) {
			_, number := w.line(receipt)
			return "/v1/supplier-returns", body{"goods_receipt": receipt["number"], "line": number, "quantity": w.some(100)}
		}),
		"put away": stocked(func(stock map[string]any) (string, body) {
			return "/v1/put-aways", with(body{"item": stock["item"], "from": stock["location"], "to": w.place(), "quantity": stock["on_hand"]}, stock)
		}),
		"move": stocked(func(stock map[string]any) (string, body) {
			return "/v1/transfers", with(body{"item": stock["item"], "from": stock["location"], "to": w.place(), "quantity": w.some(50)}, stock)
		}),
		"move anything": func() (string, body) {
			return "/v1/transfers", body{"item": w.item(), "lot": w.lot(), "from": w.place(), "to": w.place(), "quantity": w.some(50)}
		},
		"scrap": stocked(func(stock map[string]any) (string, body) {
			return "/v1/scrappings", with(body{"item": stock["item"], "from": stock["location"], "quantity": w.some(5), "reason": "FLASH"}, stock)
		}),
		"count": stocked(func(stock map[string]any) (string, body) {
			return "/v1/counts", body{"location": stock["location"], "reason": "COUNT", "lines": []body{
				with(body{"item": stock["item"], "counted_quantity": w.pick("0", "7", w.some(500))}, stock),
			}}
		}),
		"split": stocked(func(stock map[string]any) (string, body) {
			command := with(body{"item": stock["item"], "location": stock["location"], "quantity": w.some(20), "lot": "OPEN"}, stock)
			if w.pick("new", "named") == "named" {
				command["new_lot"] = w.lot()
			}
			return "/v1/lot-splits", command
		}),
		"merge": stocked(func(stock map[string]any) (string, body) {
			lot := with(body{"lot": "OPEN"}, stock)["lot"]
			return "/v1/lot-merges", body{"item": stock["item"], "location": stock["location"], "lots": []any{lot}, "into": w.lot()}
		}),
		"block": stocked(func(stock map[string]any) (string, body) {
			return "/v1/lot-status-changes", with(body{
				"item": stock["item"], "lot": "OPEN", "status": w.pick("blocked", "released", "released", "quarantine"), "reason": "COLOUR",
			}, stock)
		}),
		"order work": func() (string, body) {
			return "/v1/work-orders", body{"item": w.pick("BODY-6420", "LID-64", "CRATE-6420"), "quantity": fmt.Sprint(1 + w.chance(40))}
		},
		"issue": on("/v1/work-orders", func(order map[string]any) (string, body) {
			line := body{"item": w.material(order), "quantity": w.some(30)}
			if w.pick("any", "named") == "named" {
				line["lot"] = w.lot()
			}
			return "/v1/material-issues", body{"work_order": order["number"], "lines": []body{line}}
		}),
		"bring back": on("/v1/material-issues", func(issue map[string]any) (string, body) {
			line, _ := w.line(issue)
			return "/v1/material-returns", body{"work_order": issue["work_order"], "lines": []body{
				with(body{"item": line["item"], "quantity": w.some(10)}, line),
			}}
		}),
		"report": on("/v1/work-orders", func(order map[string]any) (string, body) {
			command := body{"work_order": order["number"], "good_quantity": fmt.Sprint(w.chance(21))}
			if w.pick("good", "scrap") == "scrap" {
				command["scrap_quantity"], command["scrap_reason"] = fmt.Sprint(1+w.chance(3)), "SHORT-SHOT"
			}
			if w.pick("new", "named") == "named" {
				command["lot"] = w.lot()
			}
			return "/v1/production-reports", command
		}),
		"complete": on("/v1/work-orders", func(order map[string]any) (string, body) {
			return "/v1/work-order-completions", body{"work_order": order["number"]}
		}),
		"reopen": on("/v1/work-orders", func(order map[string]any) (string, body) {
			return "/v1/work-order-reopenings", body{"work_order": order["number"], "reason": "MISTYPED"}
		}),
		"cancel work": on("/v1/work-orders", func(order map[string]any) (string, body) {
			return "/v1/work-order-cancellations", body{"work_order": order["number"]}
		}),
		"close order": on("/v1/purchase-orders", func(order map[string]any) (string, body) {
			return "/v1/purchase-order-closures", body{"purchase_order": order["number"], "outcome": w.pick("closed", "cancelled")}
		}),
		"sell": func() (string, body) {
			return "/v1/sales-orders", body{
				"site": "ELBE", "customer": w.pick("HANSEOBST", "LYONPRIM", "NORFISK"),
				"lines": []body{{"item": "CRATE-6420", "quantity": fmt.Sprint(1 + w.chance(30)), "unit_price": "9.99"}},
			}
		},
		"reserve": on("/v1/sales-orders", func(order map[string]any) (string, body) {
			return "/v1/reservations", body{"sales_order": order["number"]}
		}),
		"release": on("/v1/sales-orders", func(order map[string]any) (string, body) {
			return "/v1/reservation-releases", body{"sales_order": order["number"]}
		}),
		"cancel": on("/v1/sales-orders", func(order map[string]any) (string, body) {
			return "/v1/sales-order-" + w.pick("cancellations", "closings"), body{"sales_order": order["number"]}
		}),
		"pick": on("/v1/sales-orders", func(order map[string]any) (string, body) {
			line, number := w.line(order)
			return "/v1/picks", body{"sales_order": order["number"], "lines": []body{
				{"line": number, "quantity": w.pick(fmt.Sprint(line["quantity"]), fmt.Sprint(1+w.chance(10)))},
			}}
		}),
		"pack": on("/v1/picks", func(pick map[string]any) (string, body) {
			line, number := w.line(pick)
			return "/v1/handling-units", body{"kind": w.pick("box", "pallet"), "contents": []body{
				{"pick": pick["number"], "line": number, "quantity": line["quantity"]},
			}}
		}),
		"unpack": on("/v1/handling-units", func(unit map[string]any) (string, body) {
			return "/v1/handling-unit-unpackings", body{"handling_unit": unit["sscc"]}
		}),
		"ship": on("/v1/handling-units", func(unit map[string]any) (string, body) {
			return "/v1/shipments", body{"handling_units": []any{unit["sscc"]}, "carrier": "KUESTE"}
		}),
		"invoice": on("/v1/shipments", func(shipment map[string]any) (string, body) {
			return "/v1/invoices", body{"shipment": shipment["number"]}
		}),
		"take back": on("/v1/shipments", func(shipment map[string]any) (string, body) {
			_, number := w.line(shipment)
			return "/v1/customer-returns", body{"shipment": shipment["number"], "lines": []body{
				{"line": number, "quantity": fmt.Sprint(1 + w.chance(5)), "reason": "DAMAGED"},
			}}
		}),
		"inspect return": on("/v1/customer-returns", func(back map[string]any) (string, body) {
			_, number := w.line(back)
			return "/v1/return-inspections", body{"customer_return": back["number"], "lines": []body{
				{"line": number, "accepted_quantity": "1", "rejected_quantity": w.pick("0", "1")},
			}}
		}),
		"credit": on("/v1/customer-returns", func(back map[string]any) (string, body) {
			return "/v1/credit-notes", body{"customer_return": back["number"]}
		}),
		"reverse receipt":           reversal("/v1/goods-receipts", "/v1/goods-receipt-reversals", "goods_receipt"),
		"reverse inspection":        reversal("/v1/inspections", "/v1/inspection-reversals", "inspection"),
		"reverse supplier return":   reversal("/v1/supplier-returns", "/v1/supplier-return-reversals", "supplier_return"),
		"reverse return inspection": reversal("/v1/return-inspections", "/v1/return-inspection-reversals", "return_inspection"),
		"reverse move":              reversal("/v1/transfers", "/v1/transfer-reversals", "transfer"),
		"reverse put-away":          reversal("/v1/put-aways", "/v1/transfer-reversals", "transfer"),
		"reverse count":             reversal("/v1/counts", "/v1/count-reversals", "count"),
		"reverse issue":             reversal("/v1/material-issues", "/v1/material-issue-reversals", "material_issue"),
		"reverse report":            reversal("/v1/production-reports", "/v1/production-report-reversals", "production_report"),
		"reverse pick":              reversal("/v1/picks", "/v1/pick-reversals", "pick"),
		"reverse shipment":          reversal("/v1/shipments", "/v1/shipment-reversals", "shipment"),
		"reverse return":            reversal("/v1/customer-returns", "/v1/customer-return-reversals", "customer_return"),
	}
}

// material is one of the materials of a work order.
func (w *world) material(order map[string]any) any {
	materials, _ := order["materials"].([]any)
	if len(materials) == 0 {
		return "PP-NAT"
	}
	material, _ := materials[w.chance(len(materials))].(map[string]any)
	return material["item"]
}
