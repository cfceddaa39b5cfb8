package purchasing_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"github.com/millrace-erp/millrace/internal/httpapi/httpapitest"
)

func invoice(number string, lines ...m) m {
	return m{"supplier": "ACME", "external_number": number, "invoiced_on": "2026-02-01", "lines": lines}
}

// payload is what the newest event of the topic tells.
func payload(t *testing.T, api *httpapitest.API, topic, path string) string {
	t.Helper()
	var v string
	if err := api.DB.Pool.QueryRow(context.Background(), `SELECT jsonb_path_query_array(payload, $2::jsonpath)::text
		FROM event.inbox WHERE topic = $1 ORDER BY ordinal DESC LIMIT 1`, topic, path).Scan(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestSupplierInvoiceChargesWhatWasKept(t *testing.T) {
	t.Parallel()
	api := setup(t)
	po := order(t, api, m{"item": "RESIN", "quantity": "500", "price": "1.25"})
	gr := receive(t, api, po, "500", m{"lot": "L-1"})
	api.Post(t, "/v1/inspections", m{"goods_receipt": gr, "line": 1, "accepted_quantity": "400", "rejected_quantity": "100", "reason": "WET"}).Want(201)
	api.Post(t, "/v1/supplier-returns", m{"goods_receipt": gr, "line": 1, "quantity": "60"}).Want(201)

	line := func(quantity, amount string) m {
		return m{"goods_receipt": gr, "line": 1, "quantity": quantity, "amount": amount}
	}
	api.Post(t, "/v1/supplier-invoices", invoice("A-1", line("440.001", "1"))).Problem("beyond-receipt", 409)
	api.Post(t, "/v1/supplier-invoices", invoice("A-1", line("300", "1"), line("140.001", "1"))).Problem("beyond-receipt", 409)
	one := api.Post(t, "/v1/supplier-invoices", invoice("A-1", line("300", "390"))).Want(201)
	want(t, "agreed", one.Text("lines", 0, "ordered_amount"), "375")
	want(t, "lines of the event", payload(t, api, "supplier_invoice.posted", "$.lines[*].keyvalue() ? (@.key != \"receipt_line_id\").value"),
		fmt.Sprintf(`[1, "390", "300", %q]`, gr))
	api.Post(t, "/v1/supplier-invoices", invoice("A-1", line("1", "1"))).Problem("supplier-invoice-exists", 409)
	api.Post(t, "/v1/supplier-invoices", invoice("A-2", line("140000", "1"))).Problem("beyond-receipt", 409)
	two := api.Post(t, "/v1/supplier-invoices", invoice("A-2", m{"goods_receipt": gr, "line": 1, "quantity": "140000", "unit": "GRM", "amount": "0"})).Want(201)
	want(t, "invoiced", api.Get(t, "/v1/goods-receipts/"+gr).Text("lines", 0, "invoiced_quantity"), "440")

	// A return goes on after the invoice; then the supplier owes a credit: the invoice is taken back and entered as it should be.
	api.Post(t, "/v1/supplier-returns", m{"goods_receipt": gr, "line": 1, "quantity": "40"}).Want(201)
	api.Post(t, "/v1/supplier-invoice-reversals", m{"supplier_invoice": two.Text("number"), "reason": "WET"}).Problem("reason-of-another-kind", 422)
	api.Post(t, "/v1/supplier-invoice-reversals", m{"supplier_invoice": two.Text("number"), "reason": "MISTAKE"}).Want(201)
	want(t, "quantity that goes back", payload(t, api, "supplier_invoice.reversed", "$.lines[*].quantity"), `["-140"]`)
	api.Post(t, "/v1/supplier-invoice-reversals", m{"supplier_invoice": two.Text("number"), "reason": "MISTAKE"}).Problem("purchasing-already-reversed", 409)
	api.Post(t, "/v1/supplier-invoices", invoice("A-2", line("140", "1"))).Problem("beyond-receipt", 409)
	api.Post(t, "/v1/supplier-invoices", invoice("A-2", line("100", "125"))).Want(201)

	for body, problem := range map[*m]string{
		{"supplier": "NOBODY"}: "unknown-partner", {"currency": "USD"}: "exchange-rate-missing",
		{"exchange_rate": "1.1"}: "exchange-rate-missing", {"supplier": "BUYER"}: "receipts-do-not-belong-together",
	} {
		command := invoice("B-1", line("1", "1"))
		for k, v := range *body {
			command[k] = v
		}
		api.Post(t, "/v1/supplier-invoices", command).Problem(problem, 422)
	}
	api.Post(t, "/v1/supplier-invoices", invoice("B-1", m{"goods_receipt": "GR-9", "line": 1, "quantity": "1", "amount": "1"})).Problem("unknown-goods-receipt", 422)
	api.Post(t, "/v1/supplier-invoices", invoice("B-1", m{"goods_receipt": gr, "line": 9, "quantity": "1", "amount": "1"})).Problem("unknown-goods-receipt-line", 422)
	api.Post(t, "/v1/supplier-invoice-reversals", m{"supplier_invoice": "SI-9", "reason": "MISTAKE"}).Problem("unknown-supplier-invoice", 422)
	want(t, "pages", api.Get(t, "/v1/supplier-invoices?limit=1&after="+one.Text("number")).Text("items", 0, "number"), two.Text("number"))
	api.Get(t, "/v1/supplier-invoices/"+one.Text("number")).Want(200)
	api.Get(t, "/v1/supplier-invoices/SI-9").Want(404)
}

func TestChargedReceiptStands(t *testing.T) {
	t.Parallel()
	api := setup(t)
	gr := receive(t, api, order(t, api, m{"item": "BOLT", "quantity": "500"}), "500", nil)
	back := m{"goods_receipt": gr, "reason": "MISTAKE"}
	si := api.Post(t, "/v1/supplier-invoices", invoice("A-1", m{"goods_receipt": gr, "line": 1, "quantity": "2", "unit": "XBX", "amount": "1"})).Want(201).Text("number")
	ld := api.Post(t, "/v1/landed-costs", m{"kind": "duty", "spread_by": "quantity", "amount": "5", "lines": []m{{"goods_receipt": gr, "line": 1}}}).Want(201).Text("number")
	api.Post(t, "/v1/goods-receipt-reversals", back).Problem("receipt-was-charged", 409)
	api.Post(t, "/v1/supplier-invoice-reversals", m{"supplier_invoice": si, "reason": "MISTAKE"}).Want(201)
	api.Post(t, "/v1/goods-receipt-reversals", back).Problem("receipt-was-charged", 409)
	api.Post(t, "/v1/landed-cost-reversals", m{"landed_cost": ld, "reason": "MISTAKE"}).Want(201)
	want(t, "value that goes back", payload(t, api, "landed_cost.reversed", "$.lines[*].value"), `["-5"]`)
	api.Post(t, "/v1/landed-cost-reversals", m{"landed_cost": ld, "reason": "MISTAKE"}).Problem("purchasing-already-reversed", 409)
	api.Post(t, "/v1/landed-cost-reversals", m{"landed_cost": "LD-9", "reason": "MISTAKE"}).Problem("unknown-landed-cost", 422)
	api.Post(t, "/v1/goods-receipt-reversals", back).Want(201)
	api.Post(t, "/v1/supplier-invoices", invoice("A-1", m{"goods_receipt": gr, "line": 1, "quantity": "1", "amount": "1"})).Problem("purchasing-already-reversed", 409)
	api.Get(t, "/v1/landed-costs/"+ld).Want(200)
	api.Get(t, "/v1/landed-costs/LD-9").Want(404)
	want(t, "pages", api.Get(t, "/v1/landed-costs").Text("items", 0, "number"), ld)
}

func TestLandedCostIsSpread(t *testing.T) {
	t.Parallel()
	api := setup(t)
	resin := receive(t, api, order(t, api, m{"item": "RESIN", "quantity": "30", "price": "2"}), "30", nil)
	bolts := receive(t, api, order(t, api, m{"item": "BOLT", "quantity": "60", "price": "1"}), "60", nil)
	usd := api.Post(t, "/v1/purchase-orders", m{"supplier": "ACME", "currency": "USD", "lines": []m{{"item": "BOLT", "quantity": "9", "price": "1"}}}).Want(201).Text("number")
	dollars := receive(t, api, usd, "9", nil)
	cost := func(by string, more m, receipts ...string) m {
		lines := []m{}
		for _, r := range receipts {
			lines = append(lines, m{"goods_receipt": r, "line": 1})
		}
		body := m{"kind": "freight", "spread_by": by, "amount": "100", "lines": lines}
		for k, v := range more {
			body[k] = v
		}
		return body
	}
	spread := func(body m, shares ...string) {
		t.Helper()
		answer := api.Post(t, "/v1/landed-costs", body).Want(201)
		for i, share := range shares {
			want(t, fmt.Sprintf("share %d", i+1), answer.Text("lines", i, "value"), share)
		}
	}
	spread(cost("value", nil, resin, bolts), "50", "50")
	spread(cost("value", m{"currency": "USD", "exchange_rate": "0.9"}, resin, bolts), "45", "45")
	spread(cost("quantity", m{"amount": "0.0001"}, bolts, dollars), "0.0001", "0")
	spread(cost("quantity", m{"amount": "10"}, bolts, dollars), "8.6957", "1.3043")
	weighed := cost("weight", nil, resin, bolts)
	api.Post(t, "/v1/landed-costs", weighed).Problem("no-common-measure", 422)
	weighed["lines"].([]m)[1]["weight"] = "10"
	spread(weighed, "75", "25")
	api.Post(t, "/v1/landed-costs", cost("quantity", nil, resin, bolts)).Problem("no-common-measure", 422)
	api.Post(t, "/v1/landed-costs", cost("value", nil, dollars, bolts)).Problem("no-common-measure", 422)
	api.Post(t, "/v1/landed-costs", cost("value", nil, bolts, bolts)).Problem("named-twice", 422)
	api.Post(t, "/v1/landed-costs", cost("value", m{"amount": "0"}, bolts)).Want(422)
}

// TestInvoicesOfOneLineAtOnce: many clerks charge the same line; together no more than was received.
func TestInvoicesOfOneLineAtOnce(t *testing.T) {
	t.Parallel()
	api := setup(t)
	gr := receive(t, api, order(t, api, m{"item": "BOLT", "quantity": "10"}), "10", nil)
	var posted atomic.Int32
	var clerks sync.WaitGroup
	for clerk := range 8 {
		clerks.Go(func() {
			for n := range 4 {
				answer := api.Post(t, "/v1/supplier-invoices", invoice(fmt.Sprintf("%d-%d", clerk, n), m{"goods_receipt": gr, "line": 1, "quantity": "1", "amount": "2.5"}))
				switch answer.Status {
				case http.StatusCreated:
					posted.Add(1)
				case http.StatusConflict:
				default:
					t.Errorf("status %d", answer.Status)
				}
			}
		})
	}
	clerks.Wait()
	if posted.Load() != 10 {
		t.Errorf("%d invoices of one piece each for ten pieces", posted.Load())
	}
}

// TestSharesSumToTheCost: whatever the lines, the shares come to the cost, and none is below zero.
func TestSharesSumToTheCost(t *testing.T) {
	t.Parallel()
	api := setup(t)
	po := order(t, api, m{"item": "RESIN", "quantity": "1000000"})
	lines := []m{}
	for _, quantity := range []string{"0.001", "1", "2.999", "333.333", "77777", "0.7", "12", "1000"} {
		lines = append(lines, m{"line": 1, "quantity": quantity})
	}
	gr := api.Post(t, "/v1/goods-receipts", m{"purchase_order": po, "lines": lines}).Want(201).Text("number")
	rapid.Check(t, func(r *rapid.T) {
		chosen := rapid.SliceOfNDistinct(rapid.IntRange(1, len(lines)), 1, -1, rapid.ID[int]).Draw(r, "lines")
		body := m{
			"kind": "other", "spread_by": rapid.SampledFrom([]string{"value", "weight", "quantity"}).Draw(r, "by"),
			"amount": fmt.Sprintf("%d.%04d", rapid.IntRange(0, 99999).Draw(r, "whole"), rapid.IntRange(1, 9999).Draw(r, "rest")),
		}
		shares := []m{}
		for _, line := range chosen {
			shares = append(shares, m{"goods_receipt": gr, "line": line})
		}
		body["lines"] = shares
		// The check charges_equal_their_lines and the constraint on the value hold the rest.
		api.Post(t, "/v1/landed-costs", body).Want(201)
	})
}
