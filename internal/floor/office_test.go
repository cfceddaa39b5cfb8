package floor_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/millrace-erp/millrace/internal/browsertest"
	"github.com/millrace-erp/millrace/internal/httpapi/httpapitest"
)

// office does what clerks do: click, type, choose.
type office struct {
	t    *testing.T
	page *browsertest.Page
}

// newOffice opens the desk on a fresh device, paired and with a clerk signed in, all by clicks and keys.
func newOffice(t *testing.T, api *plant, address string) *office {
	t.Helper()
	number := "C-" + httpapitest.Key()[:4]
	api.Post(t, "/v1/operators", object{"number": number, "name": "Jürgen Öztürk", "roles": []string{"office"}, "sites": []string{"*"}}).Want(200)
	api.Post(t, "/v1/badges", object{"badge": "BADGE-" + number, "operator": number}).Want(200)
	api.Post(t, "/v1/operator-pins", object{"operator": number, "pin": pin}).Want(200)
	return openDesk(t, api, address, "BADGE-"+number, "office")
}

// openDesk opens the desk on a fresh device with such a role.
func openDesk(t *testing.T, api *plant, address, badge, role string) *office {
	t.Helper()
	device := "PC-" + httpapitest.Key()[:4]
	api.Post(t, "/v1/devices", object{"code": device, "name": "In the office", "roles": []string{role}, "sites": []string{"*"}}).Want(200)
	code := api.Post(t, "/v1/pairing-codes", object{"device": device}).Want(201).Text("code")
	o := &office{t: t, page: browsertest.Open(t, address+"/desk/")}
	o.page.Size(1280, 800)
	o.page.Tap(`[data-action="sign-in"]`)
	o.page.Has(`[data-screen="pairing"]`)
	o.page.Scan(code)
	logIn(o.page, badge)
	o.page.Has(`[data-desk] nav`) // led back by itself
	return o
}

// list goes to a list.
func (o *office) list(name string) {
	o.t.Helper()
	o.page.Tap(`nav a[href="#` + name + `"]`)
	o.page.Has(`[data-desk="` + name + `"][data-of=""] .content > :not(.empty)`)
}

// form opens the form of a list.
func (o *office) form(list string) {
	o.t.Helper()
	o.list(list)
	o.page.Tap(`[data-action="new"]`)
	o.page.Has(`.form`)
}

// fill writes into a field what stands nowhere else then.
func (o *office) fill(field, text string) {
	o.t.Helper()
	selector := fmt.Sprintf(`[data-field=%q] input`, field)
	o.page.Tap(selector)
	browsertest.Eval[any](o.page, fmt.Sprintf(`document.querySelector(%q).select()`, selector))
	o.page.Insert(text)
}

// look writes a code into a field and waits until it was found.
func (o *office) look(field, code string) {
	o.t.Helper()
	o.fill(field, code)
	o.page.Has(fmt.Sprintf(`[data-field=%q] input[data-known="true"]`, field))
}

// choose clicks one of a few choices.
func (o *office) choose(field, code string) {
	o.t.Helper()
	o.page.Tap(fmt.Sprintf(`[data-field=%q] [data-choice=%q]`, field, code))
}

// send sends the form and gives the number of what came of it.
func (o *office) send() string {
	o.t.Helper()
	o.page.Tap(`[data-action="send"]`)
	o.page.Has(`[data-done]`)
	return browsertest.Eval[string](o.page, `document.querySelector('[data-done]').dataset.done`)
}

type officeLine struct{ item, quantity, unit, price, over string }

// lines fills in the lines of an order. price names the field of the price.
func (o *office) lines(price string, lines ...officeLine) {
	o.t.Helper()
	for i, line := range lines {
		if i > 0 {
			o.page.Tap(`[data-action="add-line"]`)
		}
		at := fmt.Sprintf("lines.%d.", i)
		o.look(at+"item", line.item)
		o.fill(at+"quantity", line.quantity)
		o.choose(at+"unit", line.unit)
		if line.price != "" {
			o.fill(at+price, line.price)
		}
		if line.over != "" {
			o.fill(at+"over_receipt_percent", line.over)
		}
	}
}

func (o *office) purchaseOrder(supplier string, lines ...officeLine) string {
	o.t.Helper()
	o.form("purchase_orders")
	o.look("supplier", supplier)
	o.lines("price", lines...)
	o.page.Shot("desk-purchase-order")
	return o.send()
}

func (o *office) workOrder(item, quantity string) string {
	o.t.Helper()
	o.form("work_orders")
	o.look("item", item)
	o.fill("quantity", quantity)
	o.page.Shot("desk-work-order")
	return o.send()
}

func (o *office) salesOrder(customer string, lines ...officeLine) string {
	o.t.Helper()
	o.form("sales_orders")
	o.look("customer", customer)
	o.lines("unit_price", lines...)
	o.page.Shot("desk-sales-order")
	return o.send()
}

// document opens a document of a list and does what is to be done with it.
func (o *office) document(list, number, action string) string {
	o.t.Helper()
	o.list(list)
	o.page.Tap(`a[href="#` + list + `=` + number + `"]`)
	o.page.Tap(`[data-action="` + action + `"]`)
	o.page.Shot("desk-" + action)
	return o.send()
}

// desks are what the desk is looked at on: telephone, tablet, laptop, monitor.
var desks = []viewport{{360, 640}, {800, 1280}, {1280, 800}, {1920, 1080}}

// desk looks at every list, form and document of the desk, and at what a form says when it is refused, unanswered or done.
func (g *glove) desk(t *testing.T, api *plant) {
	t.Helper()
	g.viewports, g.hands = desks, sides[:1] // it is the same for both
	shipped := api.Get(t, "/v1/shipments").Want(200).Text("items", 0, "number")
	returned := api.Post(t, "/v1/customer-returns", object{"shipment": shipped, "lines": []object{{"line": 1, "quantity": "2", "reason": "DAMAGED"}}}).Want(201).Text("number")
	late := api.Post(t, "/v1/purchase-orders", object{"site": "ELBE", "supplier": "FERRA", "lines": []object{{"item": "INS-M6", "quantity": "5", "unit": "XBX", "due_on": "2020-01-01", "over_receipt_percent": "7.5"}}}).Want(201).Text("number")
	o := &office{t: t, page: g.page}
	g.page.Size(1280, 800)
	g.page.Navigate(api.URL + "/desk/")
	g.page.Has(`[data-desk="purchase_orders"] table`)
	at := func(place string) {
		t.Helper()
		browsertest.Eval[any](g.page, fmt.Sprintf(`location.hash = %q`, place))
		name, of, _ := strings.Cut(place, "=")
		name, _, _ = strings.Cut(name, "/")
		g.page.Has(fmt.Sprintf(`[data-desk=%q][data-of=%q][data-stale="false"] .content :is(table, .form)`, name, of))
	}
	look := func(name string) {
		t.Helper()
		browsertest.Eval[any](g.page, `scrollTo(0, 0)`)
		g.look("desk " + name)
	}
	list := func(place string) { t.Helper(); at(place); look(place) }

	// Forms: with what is missing, with what was refused, without an answer, and done.
	at("purchase_orders=new")
	g.click(`[data-action="send"]`)
	g.page.Has(`.field.wrong`)
	look("purchase order: empty")
	o.look("supplier", "POLYNORD")
	o.lines("price", officeLine{item: "PP-NAT", quantity: "1250,5", unit: "KGM", price: "1.385", over: "2"}, officeLine{item: "MB-BLUE", quantity: "50.125", unit: "KGM"})
	look("purchase order")
	at("work_orders=new")
	o.look("item", "BODY-6420")
	o.fill("quantity", "120")
	look("work order")
	g.click(`[data-action="send"]`)
	g.page.Has(`[data-done]`)
	look("work order: done")
	at("sales_orders=new")
	o.look("customer", "LYONPRIM")
	o.lines("unit_price", officeLine{item: "PP-NAT", quantity: "8", unit: "KGM", price: "10.50"})
	g.click(`[data-action="send"]`)
	g.page.Has(`[data-message="refused"]`)
	look("sales order: refused")
	for _, language := range languages { // the texts come while there is a network
		g.learn()
		g.wear(language, "right", "normal")
	}
	o.look("lines.0.item", "CRATE-6420")
	g.page.Offline(true)
	g.click(`[data-action="send"]`)
	g.page.Has(`[data-message="unsure"]`)
	look("sales order: unanswered")
	g.page.Offline(false)
	g.page.Has(`[data-done]`)

	at("shipments=" + shipped)
	look("shipment")
	g.click(`[data-action="invoice"]`)
	g.page.Has(`[data-form="invoice"]`)
	look("shipment: to invoice")
	g.click(`[data-action="send"]`)
	g.page.Has(`[data-done]`)
	look("shipment: invoiced")
	invoice := browsertest.Eval[string](g.page, `document.querySelector('[data-done]').dataset.done`)
	if _, err := api.DB.Pool.Exec(t.Context(), `SELECT document.store_file('invoice', $1, 'en', 'application/pdf', convert_to('drawn', 'UTF8'))`, invoice); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"purchase_orders", "work_orders", "sales_orders", "shipments/all", "customer_returns", "invoices"} {
		list(name)
	}
	for _, place := range []string{"purchase_orders=" + late, "work_orders=WO-000001", "sales_orders=SO-000001", "customer_returns=" + returned, "invoices=" + invoice} {
		list(place)
	}
	at("purchase_orders")
	g.unheard(`[data-desk="purchase_orders"]`)
	look("list: without live connection")
	g.page.Navigate(api.URL + "/desk/#shipments=" + shipped)
	g.click(`[data-action="lock"]`)
	g.page.Has(`[data-action="sign-in"]`)
	look("locked")
}
