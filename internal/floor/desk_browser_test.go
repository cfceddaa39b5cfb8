package floor_test

import (
	"fmt"
	"testing"

	"github.com/millrace-erp/millrace/internal/browsertest"
	"github.com/millrace-erp/millrace/internal/httpapi/httpapitest"
)

// count is how many rows a table has.
func (p *plant) count(t *testing.T, table string) (rows int) {
	t.Helper()
	if err := p.DB.Pool.QueryRow(t.Context(), `SELECT count(*) FROM `+table).Scan(&rows); err != nil {
		t.Fatal(err)
	}
	return rows
}

// TestDeskOnce: whatever happens to clicks, answers and pages, an order is made once; what was refused is corrected where
// it stands, and nothing that was typed is lost.
func TestDeskOnce(t *testing.T) {
	t.Parallel()
	api := factory(t)
	n := between(t, api)
	o := newOffice(t, api, n.URL)

	// Two clicks before there is an answer.
	o.form("purchase_orders")
	o.look("supplier", "FERRA")
	o.lines("price", officeLine{item: "INS-M6", quantity: "5", unit: "XBX"})
	letGo := n.hold()
	browsertest.Eval[any](o.page, `[0, 1, 2].forEach(() => document.querySelector('.form').requestSubmit())`)
	o.page.Has(`[data-action="send"]:disabled`)
	letGo()
	o.page.Has(`[data-done="PO-000001"]`)
	o.page.Tap(`[data-action="new"]`)
	o.page.Wait(`document.querySelector('[data-field="supplier"] input')?.value === ''`)

	// Answers that are lost after the effect, and a page that is loaded again meanwhile.
	o.form("work_orders")
	o.look("item", "BODY-6420")
	o.fill("quantity", "1 200")
	o.choose("unit", "H87")
	o.page.Reload()
	o.page.Has(`[data-field="item"] input[data-known="true"]`)
	n.loseAnswers(1000)
	o.page.Tap(`[data-action="send"]`)
	o.page.Has(`[data-message="unsure"]`)
	o.page.Reload()
	o.page.Has(`[data-message="unsure"]`)
	if typed := browsertest.Eval[string](o.page, `document.querySelector('[data-field="quantity"] input').value`); typed != "1 200" {
		t.Errorf("%q is left of what was typed", typed)
	}
	n.loseAnswers(0)
	o.page.Has(`[data-done="WO-000001"]`)

	// What is refused says so where it stands, and goes out again under a key of its own.
	o.form("sales_orders")
	o.page.Tap(`[data-action="send"]`)
	o.page.Has(`[data-field="customer"].wrong`)
	o.look("customer", "LYONPRIM")
	o.lines("unit_price", officeLine{item: "PP-NAT", quantity: "7,5", unit: "KGM", price: "9.90"})
	o.page.Tap(`[data-action="send"]`)
	o.page.Has(`[data-message="refused"]`)
	o.page.Has(`[data-field="lines.0.item"].wrong`)
	o.look("lines.0.item", "CRATE-6420")
	o.page.Tap(`[data-action="send"]`)
	o.page.Has(`[data-message="refused"]`) // no half crates
	o.fill("lines.0.quantity", "8")
	o.send()
	o.page.Wait(`sessionStorage.length === 0`)

	// Who leaves a form without an answer is told of it on other pages.
	o.form("sales_orders")
	o.look("customer", "NORFISK")
	o.lines("unit_price", officeLine{item: "CRATE-6420", quantity: "9", unit: "H87", price: "9.90"})
	n.loseAnswers(1000)
	o.page.Tap(`[data-action="send"]`)
	o.page.Has(`[data-message="unsure"]`)
	o.page.Tap(`nav a[href="#invoices"]`)
	o.page.Has(`[data-message="elsewhere"] a[href="#sales_orders=new"]`)
	n.loseAnswers(0)
	o.page.Has(`[data-message="outcome"].ok`)
	o.page.Wait(`sessionStorage.length === 0 && !document.querySelector('[data-message="elsewhere"]')`)

	// Things done to documents.
	o.list("purchase_orders")
	o.page.Tap(`a[href="#purchase_orders=PO-000001"]`)
	o.page.Tap(`[data-action="cancel"]`)
	n.loseAnswers(1)
	o.page.Tap(`[data-action="send"]`)
	o.page.Has(`[data-message="done"]`)
	for table, want := range map[string]int{
		"purchasing.purchase_order": 1, "production.work_order WHERE quantity = 1200": 1, "sales.sales_order": 2,
		"purchasing.purchase_order WHERE state = 'cancelled'": 1, "sales.sales_order_line WHERE quantity = 8 AND unit_price = 9.9": 1,
		"sales.sales_order_line WHERE quantity = 9": 1,
	} {
		if got := api.count(t, table); got != want {
			t.Errorf("%d of %s, not %d", got, table, want)
		}
	}
}

// TestDeskIsLive: what happens shows by itself, long lists come page by page, and the document of an invoice is fetched.
func TestDeskIsLive(t *testing.T) {
	t.Parallel()
	api := factory(t)
	for range 51 {
		api.Post(t, "/v1/work-orders", object{"item": "BODY-6420", "quantity": "1"}).Want(201)
	}
	number(t, api)
	o := newOffice(t, api, api.URL)
	o.list("work_orders")
	o.page.Wait(`document.querySelectorAll('tbody tr').length === 50`)
	o.page.Tap(`[data-action="more"]`)
	o.page.Wait(`document.querySelectorAll('tbody tr').length === 51 && !document.querySelector('[data-action="more"]')`)
	made := api.Post(t, "/v1/work-orders", object{"item": "LID-64", "quantity": "5"}).Want(201).Text("number")
	o.page.Wait(fmt.Sprintf(`document.querySelector('tbody tr')?.innerText.includes(%q) && document.querySelectorAll('tbody tr').length === 52`, made))
	api.Post(t, "/v1/work-order-cancellations", object{"work_order": made}).Want(201)
	o.page.Wait(`document.querySelectorAll('tbody tr').length === 51`)
	o.page.Tap(`a[href="#work_orders/all"]`)
	o.page.Wait(fmt.Sprintf(`document.querySelector('tbody tr')?.innerText.includes(%q)`, made))

	api.Post(t, "/v1/opening-stocks", object{"item": "CRATE-6420", "lot": "CR-1", "to": "FIN-01", "quantity": "40"}).Want(201)
	order := api.Post(t, "/v1/sales-orders", object{"site": "ELBE", "customer": "LYONPRIM", "lines": []object{{"item": "CRATE-6420", "quantity": "40", "unit_price": "9.90"}}}).Want(201).Text("number")
	pick := api.Post(t, "/v1/picks", object{"sales_order": order, "lines": []object{{"line": 1, "quantity": "40"}}}).Want(201).Text("number")
	sscc := api.Post(t, "/v1/handling-units", object{"kind": "box", "contents": []object{{"pick": pick, "line": 1, "quantity": "40"}}}).Want(201).Text("sscc")
	api.Post(t, "/v1/shipments", object{"handling_units": []string{sscc}}).Want(201)
	invoice := o.document("shipments", "SH-000001", "invoice")
	o.page.Tap(`[data-done] a.go`)
	o.page.Tap(`[data-action="pdf"]`)
	o.page.Has(`[data-message="notice"]`) // nobody has drawn it yet
	if _, err := api.DB.Pool.Exec(t.Context(), `SELECT document.store_file('invoice', $1, 'en', 'application/pdf', convert_to('drawn', 'UTF8'))`, invoice); err != nil {
		t.Fatal(err)
	}
	o.list("invoices")
	browsertest.Eval[any](o.page, `(() => { const make = URL.createObjectURL; URL.createObjectURL = (blob) => { blob.text().then((text) => { self.fetched = text + ' ' + blob.type; }); return make.call(URL, blob); }; })()`)
	o.page.Tap(`[data-action="pdf-` + invoice + `"]`)
	o.page.Wait(`self.fetched === 'drawn application/pdf' && !document.querySelector('[data-message="notice"]')`)
}

// TestDeskRights: what somebody has no right to is not offered, and says so to who goes there all the same.
func TestDeskRights(t *testing.T) {
	t.Parallel()
	api := factory(t)
	api.Post(t, "/v1/purchase-orders", object{"site": "ELBE", "supplier": "FERRA", "lines": []object{{"item": "INS-M6", "quantity": "5", "unit": "XBX"}}}).Want(201)
	api.Post(t, "/v1/operators", object{"number": "V-1", "name": "Vera", "roles": []string{"viewer"}, "sites": []string{"*"}}).Want(200)
	api.Post(t, "/v1/badges", object{"badge": "BADGE-V", "operator": "V-1"}).Want(200)
	api.Post(t, "/v1/operator-pins", object{"operator": "V-1", "pin": pin}).Want(200)
	o := openDesk(t, api, api.URL, "BADGE-V", "supervisor")
	o.list("purchase_orders")
	o.page.Tap(`a[href="#purchase_orders=PO-000001"]`)
	o.page.Has(`.document .facts`)
	if offered := browsertest.Eval[int](o.page, `document.querySelectorAll('[data-action="close"], [data-action="cancel"], [data-action="new"]').length`); offered != 0 {
		t.Errorf("%d things are offered to who may only look", offered)
	}
	browsertest.Eval[any](o.page, `location.hash = 'purchase_orders=new'`)
	o.page.Has(`.no-right`)

	// Who may see what became of records gets there from a document.
	api.Post(t, "/v1/operators", object{"number": "S-1", "name": "Sibel", "roles": []string{"supervisor"}, "sites": []string{"*"}}).Want(200)
	api.Post(t, "/v1/badges", object{"badge": "BADGE-S", "operator": "S-1"}).Want(200)
	api.Post(t, "/v1/operator-pins", object{"operator": "S-1", "pin": pin}).Want(200)
	supervisor := openDesk(t, api, api.URL, "BADGE-S", "supervisor")
	supervisor.list("purchase_orders")
	supervisor.page.Tap(`a[href="#purchase_orders=PO-000001"]`)
	supervisor.page.Tap(`[data-action="history"]`)
	supervisor.page.Wait(`document.querySelector('[data-board="history"] h1')?.innerText.includes('PO-000001') && document.querySelector('[data-board="history"] .content :is(ol, ul, table, article, li)')`)

	// An operator sees orders and no invoices. Boards lead to the desk who may do something there.
	hands := openDesk(t, api, api.URL, "BADGE-7", "operator")
	hands.page.Has(`nav a[href="#sales_orders"]`)
	if browsertest.Eval[bool](hands.page, `Boolean(document.querySelector('nav a[href="#invoices"]'))`) {
		t.Error("invoices are offered to an operator")
	}
	browsertest.Eval[any](hands.page, `location.hash = 'invoices'`)
	hands.page.Has(`.no-right`)
	hands.page.Navigate(api.URL + "/board/#shipping")
	hands.page.Has(`[data-board="shipping"][data-at]:not([data-at=""])`)
	if browsertest.Eval[bool](hands.page, `Boolean(document.querySelector('nav a[href="/desk/"]'))`) {
		t.Error("the desk is offered to an operator")
	}
	o.page.Navigate(api.URL + "/board/#shipping")
	o.page.Tap(`nav a[href="/desk/"]`)
	o.page.Has(`[data-desk]`)
	// Who left the desk has to sign in again, and what was begun waits.
	o.page.Tap(`[data-action="lock"]`)
	o.page.Has(`[data-action="sign-in"]`)
}

// TestDecimalsAsTyped: comma and point are read as people mean them, and asked about where nobody can know.
func TestDecimalsAsTyped(t *testing.T) {
	t.Parallel()
	page := browsertest.Open(t, httpapitest.New(t).URL+"/desk/")
	for _, one := range []struct{ typed, point, want string }{
		{"1000", ".", "1000"},
		{"1,000", ".", "ambiguous"},
		{"1.000", ",", "ambiguous"},
		{"1.000", ".", "1"},
		{"1,000", ",", "1"},
		{"1.250", ".", "1.25"},
		{"1,250.5", ".", "1250.5"},
		{"1.250,5", ".", "1250.5"},
		{"1.250,5", ",", "1250.5"},
		{"1,234,567", ",", "1234567"},
		{"1.234.567", ".", "1234567"},
		{"9,90", ".", "9.9"},
		{"9.90", ",", "9.9"},
		{"0,500", ".", "0.5"},
		{" 1 250,5 ", ",", "1250.5"},
		{"1'250.5", ".", "1250.5"},
		{"007", ".", "7"},
		{".5", ".", "wrong"},
		{"", ".", "empty"},
		{"  ", ".", "empty"},
		{"5.", ".", "wrong"},
		{"-5", ".", "wrong"},
		{"1e3", ".", "wrong"},
		{"12,34,567", ".", "wrong"},
		{"1.2.3", ".", "wrong"},
		{"1,2.3,4", ".", "wrong"},
		{"0.1234567", ".", "places"},
		{"0.1234560", ".", "0.123456"},
		{"1234567890123", ".", "wrong"},
		{"999999999999.999999", ".", "999999999999.999999"},
		{"٣", ".", "wrong"},
	} {
		got := browsertest.Eval[string](page, fmt.Sprintf(`import('/desk/decimals.js').then(({ read }) => { const { value, error } = read(%q, %q); return value ?? error; })`, one.typed, one.point))
		if got != one.want {
			t.Errorf("%q with %q is %q, not %q", one.typed, one.point, got, one.want)
		}
	}
	for _, one := range []struct{ many, each, want string }{
		{"5", "38.5", "192.50"}, {"0.333333", "3", "1.00"}, {"0.5", "0.01", "0.01"}, {"0.49", "0.01", "0.00"}, {"999999999999.999999", "99999999999999.9999", "99999999999999999800000000.00"},
	} {
		if got := browsertest.Eval[string](page, fmt.Sprintf(`import('/desk/decimals.js').then(({ times, money }) => money(times(%q, %q)))`, one.many, one.each)); got != one.want {
			t.Errorf("%s × %s is %s, not %s", one.many, one.each, got, one.want)
		}
	}
}
