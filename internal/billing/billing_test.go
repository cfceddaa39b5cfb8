package billing_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/millrace-erp/millrace/internal/httpapi/httpapitest"
	"github.com/millrace-erp/millrace/internal/tradetest"
)

type m = tradetest.M

func TestShipmentIsInvoicedAndReturnCredited(t *testing.T) {
	t.Parallel()
	trade := tradetest.New(t)
	// 40 crates at 99.99 for 24: two lots of 30 and 10 pieces, neither a whole number of boxes.
	order := trade.Order(t, "HOME",
		m{"item": "CRATE", "quantity": "2", "unit": "XBX", "unit_price": "99.99"},
		m{"item": "BOLT", "quantity": "100", "unit_price": "0.0333"},
		m{"item": "CRATE", "quantity": "1", "unit": "XBX", "unit_price": "100"})
	pick := trade.Pick(t, order, m{"line": 1, "quantity": "40"}, m{"line": 2, "quantity": "100"}, m{"line": 3, "quantity": "1", "unit": "XBX"})
	trade.Box(t, m{"pick": pick, "line": 1, "quantity": "30"}, m{"pick": pick, "line": 2, "quantity": "10"},
		m{"pick": pick, "line": 3, "quantity": "100"}, m{"pick": pick, "line": 4, "quantity": "24"})
	shipment := trade.Ship(t, order)

	trade.Post(t, "/v1/invoices", m{"shipment": "SH-999999"}).Problem("unknown-shipment", 422)
	invoice := trade.Post(t, "/v1/invoices", m{"shipment": shipment, "payment_days": 14}).Want(201)
	year := trade.One(t, `SELECT to_char(now() AT TIME ZONE 'Europe/Berlin', 'YYYY')`)
	number := "INV-" + year + "-000001"
	if invoice.Text("number") != number || invoice.Text("kind") != "invoice" {
		t.Errorf("invoice %s", invoice.Body)
	}
	var nets, quantities []string
	for i := range invoice.Len("lines") {
		nets = append(nets, invoice.Text("lines", i, "net"))
		quantities = append(quantities, invoice.Text("lines", i, "quantity")+invoice.Text("lines", i, "unit")+"@"+
			invoice.Text("lines", i, "unit_price")+"/"+invoice.Text("lines", i, "price_quantity"))
	}
	if got := strings.Join(nets, " "); got != "124.99 41.66 3.33 100.00" {
		t.Errorf("nets %s", got)
	}
	if got := strings.Join(quantities, " "); got != "30H87@99.99/24 10H87@99.99/24 100H87@0.0333/1 1XBX@100.00/1" {
		t.Errorf("lines %s", got)
	}
	// 19 % of the sum, not the sum of 19 % of each line.
	if got := invoice.Text("net") + " " + invoice.Text("tax") + " " + invoice.Text("gross"); got != "269.98 51.30 321.28" {
		t.Errorf("totals %s", got)
	}
	if got := trade.One(t, `SELECT due_on - issued_on FROM billing.invoice`); got != "14" {
		t.Errorf("due in %s days", got)
	}
	trade.Post(t, "/v1/invoices", m{"shipment": invoice.Text("delivery_note")}).Problem("already-invoiced", 409)
	trade.Post(t, "/v1/shipment-reversals", m{"shipment": shipment, "reason": "MISTAKE"}).Problem("shipment-not-reversible", 409)

	// 5, 7 and 18 of the 30 come back: 20.83, 29.17 (49.995 is 50.00) and the rest of 124.99.
	var credited []string
	for _, quantity := range []string{"5", "7", "18"} {
		back := trade.Post(t, "/v1/customer-returns", m{"shipment": shipment, "lines": []m{{"line": 1, "quantity": quantity, "reason": "DAMAGED"}}}).Want(201).Text("number")
		credit := trade.Post(t, "/v1/credit-notes", m{"customer_return": back}).Want(201)
		credited = append(credited, credit.Text("net")+"+"+credit.Text("tax"))
		if credit.Text("corrects_invoice") != number || credit.Text("customer_return") != back || credit.Text("kind") != "credit_note" {
			t.Errorf("credit note %s", credit.Body)
		}
		trade.Post(t, "/v1/credit-notes", m{"customer_return": back}).Problem("nothing-to-credit", 409)
		trade.Post(t, "/v1/customer-return-reversals", m{"customer_return": back, "reason": "MISTAKE"}).Problem("return-not-reversible", 409)
		trade.Get(t, "/v1/credit-notes/"+credit.Text("number")).Want(200)
	}
	if got := strings.Join(credited, " "); got != "20.83+3.96 29.17+5.54 74.99+14.25" {
		t.Errorf("credited %s", got)
	}
	o := trade.Get(t, "/v1/sales-orders/"+order).Want(200)
	if o.Text("lines", 0, "invoiced_quantity") != "40" || o.Text("lines", 0, "credited_quantity") != "30" {
		t.Errorf("order %s", o.Body)
	}
	trade.Get(t, "/v1/credit-notes/"+number).Want(404)
	if got := trade.Get(t, "/v1/credit-notes").Want(200).Len("items"); got != 3 {
		t.Errorf("%d credit notes", got)
	}
	if got := trade.Get(t, "/v1/invoices").Want(200).Len("items"); got != 1 {
		t.Errorf("%d invoices", got)
	}
	if got := trade.One(t, `SELECT count(*) FROM river.river_job WHERE kind = 'document_render' AND args ->> 'kind' IN ('invoice', 'credit_note')`); got != "4" {
		t.Errorf("%s documents to render", got)
	}
}

func TestOnlyWhatWasInvoicedIsCredited(t *testing.T) {
	t.Parallel()
	trade := tradetest.New(t)
	_, shipment := trade.Shipped(t, "HOME", m{"item": "BOLT", "quantity": "10", "unit_price": "1"})
	back := trade.Post(t, "/v1/customer-returns", m{"shipment": shipment, "lines": []m{{"line": 1, "quantity": "4", "reason": "DAMAGED"}}}).Want(201).Text("number")
	trade.Post(t, "/v1/credit-notes", m{"customer_return": back}).Problem("nothing-to-credit", 409)
	trade.Post(t, "/v1/credit-notes", m{"customer_return": "RT-999999"}).Problem("unknown-customer-return", 422)
	wrong := trade.Post(t, "/v1/customer-returns", m{"shipment": shipment, "lines": []m{{"line": 1, "quantity": "1", "reason": "DAMAGED"}}}).Want(201).Text("number")
	trade.Post(t, "/v1/customer-return-reversals", m{"customer_return": wrong, "reason": "MISTAKE"}).Want(201)
	trade.Post(t, "/v1/invoices", m{"shipment": shipment}).Want(201)
	trade.Post(t, "/v1/credit-notes", m{"customer_return": wrong}).Problem("nothing-to-credit", 409)
	key := httpapitest.Key()
	first := trade.PostKey(t, key, "/v1/credit-notes", m{"customer_return": back}).Want(201)
	if second := trade.PostKey(t, key, "/v1/credit-notes", m{"customer_return": back}).Want(201); !second.Replayed || string(first.Body) != string(second.Body) {
		t.Errorf("another answer: %s", second.Body)
	}
}

func TestTaxGoesByDestination(t *testing.T) {
	t.Parallel()
	trade := tradetest.New(t)
	for customer, want := range map[string]string{
		"HOME": "S 19 10.00 1.90", "FRANCE": "K 0 10.00 0.00", "PRIVATE": "S 19 10.00 1.90", "SWISS": "G 0 10.00 0.00",
	} {
		_, shipment := trade.Shipped(t, customer, m{"item": "BOLT", "quantity": "10", "unit_price": "1"})
		invoice := trade.Post(t, "/v1/invoices", m{"shipment": shipment}).Want(201)
		got := invoice.Text("taxes", 0, "tax_category") + " " + invoice.Text("taxes", 0, "rate_percent") + " " + invoice.Text("net") + " " + invoice.Text("tax")
		if got != want {
			t.Errorf("%s: %s, want %s", customer, got, want)
		}
		if hasNote := invoice.Text("taxes", 0, "note") != ""; hasNote != (invoice.Text("tax") == "0.00") {
			t.Errorf("%s: note %s", customer, invoice.Body)
		}
		if customer == "SWISS" && invoice.Text("currency") != "CHF" {
			t.Errorf("currency %s", invoice.Text("currency"))
		}
	}

	// The day of delivery decides: half a year of 2020 had 16 %.
	order := trade.Order(t, "HOME", m{"item": "BOLT", "quantity": "10", "unit_price": "1"})
	pick := trade.Pick(t, order, m{"line": 1, "quantity": "10"})
	trade.Box(t, m{"pick": pick, "line": 1, "quantity": "10"})
	then := trade.Post(t, "/v1/shipments", m{"sales_orders": []string{order}, "occurred_at": "2020-08-01T12:00:00Z"})
	if then.Status == 201 { // a clock set back too far may be refused
		if got := trade.Post(t, "/v1/invoices", m{"shipment": then.Text("number")}).Want(201).Text("tax"); got != "1.60" {
			t.Errorf("tax %s", got)
		}
	}

	trade.Exec(t, `DELETE FROM billing.tax_rule WHERE country = 'DE' AND destination = 'export'`)
	_, shipment := trade.Shipped(t, "SWISS", m{"item": "BOLT", "quantity": "10", "unit_price": "1"})
	trade.Post(t, "/v1/invoices", m{"shipment": shipment}).Problem("no-tax-rule", 409)
	trade.Exec(t, `DELETE FROM billing.tax_rate WHERE tax_code_id = (SELECT c.id FROM billing.tax_code AS c WHERE c.code = 'EU-SUPPLY')`)
	_, shipment = trade.Shipped(t, "FRANCE", m{"item": "BOLT", "quantity": "10", "unit_price": "1"})
	trade.Post(t, "/v1/invoices", m{"shipment": shipment}).Problem("no-tax-rate", 409)
}

func TestIssuedInvoicesDoNotChange(t *testing.T) {
	t.Parallel()
	trade := tradetest.New(t)
	_, shipment := trade.Shipped(t, "HOME", m{"item": "BOLT", "quantity": "10", "unit_price": "1"})
	trade.Post(t, "/v1/invoices", m{"shipment": shipment}).Want(201)
	for statement, want := range map[string]string{
		`UPDATE billing.invoice SET due_on = due_on + 1`: "MR904",
		`DELETE FROM billing.invoice`:                    "MR904",
		`UPDATE billing.invoice_line SET net = 0`:        "MR904",
		`DELETE FROM billing.invoice_line`:               "MR904",
		`UPDATE billing.invoice_tax SET tax = 0`:         "MR904",
		`DELETE FROM shipping.delivery_note`:             "MR904",
		`INSERT INTO billing.invoice_tax (invoice_id, tax_code_id, rate_percent, net, tax) SELECT i.id, c.id, 0, 0, 0 FROM billing.invoice AS i, billing.tax_code AS c WHERE c.code = 'EXPORT'`: "MR904",
		`INSERT INTO billing.invoice (number, series_id, series_number, kind, site_id, customer_id, shipment_id, customer_return_id, corrects_invoice_id, currency, supplied_on, issued_on, due_on, net, tax, gross, seller, buyer)
			SELECT 'X', series_id, 99, 'invoice', site_id, customer_id, shipment_id + 1, NULL, NULL, currency, supplied_on, issued_on, due_on, net, tax, gross, seller, buyer FROM billing.invoice`: "23503",
		`INSERT INTO billing.invoice_line (invoice_id, line_number, shipment_line_id, item_id, base_quantity, unit_id, quantity, unit_price, net, tax_code_id, rate_percent)
			SELECT -1, 1, shipment_line_id, item_id, base_quantity, unit_id, quantity, unit_price, net + 0.01, tax_code_id, rate_percent FROM billing.invoice_line`: "23514",
	} {
		_, err := trade.DB.Pool.Exec(t.Context(), statement)
		var failure *pgconn.PgError
		if !errors.As(err, &failure) || failure.Code != want {
			t.Errorf("%s: %v, want %s", statement, err, want)
		}
	}

	// An invoice whose totals are not those of its lines is refused at commit.
	err := pgx.BeginFunc(t.Context(), trade.DB.Pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `INSERT INTO billing.invoice (number, series_id, series_number, kind, site_id, customer_id, shipment_id,
				customer_return_id, corrects_invoice_id, currency, supplied_on, issued_on, due_on, net, tax, gross, seller, buyer)
			SELECT 'X', v.series_id, 99, 'credit_note', v.site_id, v.customer_id, v.shipment_id, r.id, v.id, v.currency, v.supplied_on,
				v.issued_on, v.due_on, v.net, v.tax, v.gross, v.seller, v.buyer
			FROM billing.invoice AS v, shipping.customer_return AS r`)
		return err
	})
	if err != nil {
		t.Errorf("no return, no row: %v", err)
	}
	trade.Post(t, "/v1/customer-returns", m{"shipment": shipment, "lines": []m{{"line": 1, "quantity": "1", "reason": "DAMAGED"}}}).Want(201)
	_, err = trade.DB.Pool.Exec(t.Context(), `INSERT INTO billing.invoice (number, series_id, series_number, kind, site_id, customer_id, shipment_id,
			customer_return_id, corrects_invoice_id, currency, supplied_on, issued_on, due_on, net, tax, gross, seller, buyer)
		SELECT 'X', v.series_id, 99, 'credit_note', v.site_id, v.customer_id, v.shipment_id, r.id, v.id, v.currency, v.supplied_on,
			v.issued_on, v.due_on, v.net, v.tax, v.gross, v.seller, v.buyer
		FROM billing.invoice AS v, shipping.customer_return AS r`)
	var failure *pgconn.PgError
	if !errors.As(err, &failure) || failure.Code != "MR655" {
		t.Errorf("totals without lines: %v", err)
	}
}

func TestAmountsAreExact(t *testing.T) {
	t.Parallel()
	trade := tradetest.Empty(t)
	for _, c := range []struct{ quantity, price, per, want string }{
		{"1", "0.0049", "1", "0.00"},
		{"1", "0.005", "1", "0.01"},
		{"3", "0.335", "1", "1.01"},
		{"1", "1", "3", "0.33"},
		{"1", "2", "3", "0.67"},
		{"0.000001", "5000", "1", "0.01"},
		{"999999999999", "99999.9999", "1", "99999999899900000.00"},
		// Just below half a cent by less than a division would show.
		{"1", "0.0149999999999999999999", "3", "0.00"},
		{"999999999999.999999", "0.0001", "999999999999999999", "0.00"},
	} {
		if got := trade.One(t, `SELECT billing.net_amount($1::numeric, $2::numeric, $3::numeric)`, c.quantity, c.price, c.per); got != c.want {
			t.Errorf("%s at %s per %s: %s, want %s", c.quantity, c.price, c.per, got, c.want)
		}
	}
}

// Many clerks invoice at once while others roll back after they drew a number: no number is missing and
// none comes twice.
func TestNumbersHaveNoGap(t *testing.T) {
	t.Parallel()
	trade := tradetest.New(t)
	const shipments = 24
	numbers := make([]string, shipments)
	for i := range numbers {
		_, numbers[i] = trade.Shipped(t, "HOME", m{"item": "BOLT", "quantity": strconv.Itoa(1 + i), "unit_price": "0.77"})
	}
	var wait sync.WaitGroup
	for i, shipment := range numbers {
		wait.Go(func() {
			for attempt := 0; ; attempt++ {
				if rand.IntN(2) == 0 || attempt > 3 {
					trade.Post(t, "/v1/invoices", m{"shipment": shipment}).Want(201)
					return
				}
				// The whole command, and then the client's line breaks.
				err := pgx.BeginFunc(context.Background(), trade.DB.Pool, func(tx pgx.Tx) error {
					_, err := tx.Exec(context.Background(), `SELECT a.status FROM billing.issue_invoice(
						jsonb_build_object('key', gen_random_uuid(), 'actor', 'clerk'), jsonb_build_object('shipment', $1::text)) AS a (status, body, is_replayed)`, shipment)
					return errors.Join(err, errRolledBack)
				})
				if !errors.Is(err, errRolledBack) {
					t.Errorf("%d: %v", i, err)
				}
			}
		})
	}
	wait.Wait()
	var found []string
	for i := range shipments {
		found = append(found, fmt.Sprintf("%06d", 1+i))
	}
	rows := trade.One(t, `SELECT string_agg(right(i.number, 6), ' ' ORDER BY i.number) FROM billing.invoice AS i`)
	if got := strings.Fields(rows); !slices.Equal(got, found) {
		t.Errorf("numbers %v", got)
	}
	if got := trade.One(t, `SELECT last_number FROM billing.number_series`); got != strconv.Itoa(shipments) {
		t.Errorf("last number %s", got)
	}
}

var errRolledBack = errors.New("rolled back")

// Two clerks invoice the same shipment: one invoice.
func TestShipmentIsInvoicedOnce(t *testing.T) {
	t.Parallel()
	trade := tradetest.New(t)
	for range 4 {
		_, shipment := trade.Shipped(t, "HOME", m{"item": "BOLT", "quantity": "3", "unit_price": "1"})
		var wait sync.WaitGroup
		for range 4 {
			wait.Go(func() {
				answer := trade.Post(t, "/v1/invoices", m{"shipment": shipment})
				if answer.Status != 201 {
					answer.Problem("already-invoiced", 409)
				}
			})
		}
		wait.Wait()
	}
	if got := trade.One(t, `SELECT count(*) FROM billing.invoice`); got != "4" {
		t.Errorf("%s invoices", got)
	}
}

// A second site numbers apart from the first, and its numbers say so.
func TestEachSiteHasItsOwnNumbers(t *testing.T) {
	t.Parallel()
	trade := tradetest.New(t)
	trade.Exec(t, `INSERT INTO catalog.site (code, name, gs1_company_prefix, country, currency, time_zone) VALUES ('P2', 'Plant two', '4099999', 'DE', 'EUR', 'Europe/Berlin')`)
	trade.Exec(t, `INSERT INTO catalog.location (site_id, code, name, kind)
		SELECT s.id, 'P2-' || l.code, l.code, l.kind FROM catalog.location AS l, catalog.site AS s WHERE s.code = 'P2'`)
	trade.Stock(t, m{"item": "BOLT", "to": "P2-B", "quantity": "10"})
	_, first := trade.Shipped(t, "HOME", m{"item": "BOLT", "quantity": "1", "unit_price": "1"})
	order := trade.Post(t, "/v1/sales-orders", m{"site": "P2", "customer": "HOME", "lines": []m{{"item": "BOLT", "quantity": "1", "unit_price": "1"}}}).Want(201).Text("number")
	trade.Box(t, m{"pick": trade.Pick(t, order, m{"line": 1, "quantity": "1"}), "line": 1, "quantity": "1"})
	second := trade.Ship(t, order)
	year := trade.One(t, `SELECT to_char(now() AT TIME ZONE 'Europe/Berlin', 'YYYY')`)
	got := []string{
		trade.Post(t, "/v1/invoices", m{"shipment": first}).Want(201).Text("number"),
		trade.Post(t, "/v1/invoices", m{"shipment": second}).Want(201).Text("number"),
		trade.Get(t, "/v1/shipments/"+second).Want(200).Text("delivery_note"),
	}
	if want := []string{"INV-" + year + "-000001", "INV-P2-" + year + "-000001", "DN-P2-" + year + "-000001"}; !slices.Equal(got, want) {
		t.Errorf("numbers %v", got)
	}
}
