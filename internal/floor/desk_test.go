package floor_test

import (
	"fmt"
	"net/url"
	"testing"
)

// TestDeskLists holds the lists of the desk to what happened: what is open, what is done of it, and page by page no more
// and no less than all of it.
func TestDeskLists(t *testing.T) {
	t.Parallel()
	api := factory(t)
	post := func(path string, body object) string {
		t.Helper()
		return api.Post(t, path, body).Want(201).Text("number")
	}
	bought := post("/v1/purchase-orders", object{"site": "ELBE", "supplier": "POLYNORD", "lines": []object{
		{"item": "PP-NAT", "quantity": "1000", "unit": "KGM", "price": "1.2345", "due_on": "2020-01-01"}, {"item": "MB-BLUE", "quantity": "50", "unit": "KGM", "price": "9"},
	}})
	post("/v1/goods-receipts", object{"purchase_order": bought, "lines": []object{{"line": 1, "quantity": "510", "unit": "KGM", "lot": "PP-A"}}})
	cancelled := post("/v1/purchase-orders", object{"site": "ELBE", "supplier": "FERRA", "lines": []object{{"item": "INS-M6", "quantity": "5", "unit": "XBX"}}})
	api.Post(t, "/v1/purchase-order-closures", object{"purchase_order": cancelled, "outcome": "cancelled"}).Want(201)

	made := post("/v1/work-orders", object{"item": "BODY-6420", "quantity": "100"})
	dropped := post("/v1/work-orders", object{"item": "LID-64", "quantity": "100"})
	api.Post(t, "/v1/work-order-cancellations", object{"work_order": dropped}).Want(201)

	api.Post(t, "/v1/opening-stocks", object{"item": "CRATE-6420", "lot": "CR-1", "to": "FIN-01", "quantity": "200"}).Want(201)
	ship := func(quantity string) (order, shipment string) {
		order = post("/v1/sales-orders", object{"site": "ELBE", "customer": "LYONPRIM", "lines": []object{{"item": "CRATE-6420", "quantity": "40", "unit_price": "9.90"}}})
		pick := post("/v1/picks", object{"sales_order": order, "lines": []object{{"line": 1, "quantity": quantity}}})
		sscc := api.Post(t, "/v1/handling-units", object{"kind": "box", "contents": []object{{"pick": pick, "line": 1, "quantity": quantity}}}).Want(201).Text("sscc")
		return order, post("/v1/shipments", object{"handling_units": []string{sscc}, "carrier": "KUESTE"})
	}
	sold, billed := ship("10")
	_, unbilled := ship("40")
	invoice := post("/v1/invoices", object{"shipment": billed})
	back := func(shipment string) string {
		return post("/v1/customer-returns", object{"shipment": shipment, "lines": []object{{"line": 1, "quantity": "4", "reason": "DAMAGED"}}})
	}
	credited, uncredited := back(billed), back(unbilled)
	note := post("/v1/credit-notes", object{"customer_return": credited})

	for path, want := range map[string][]object{
		"/v1/desk/purchase-orders":            {{"number": bought, "is_late": "true", "received_percent": "25", "net": "1684.5", "currency": "EUR", "supplier_name": "Polynord Compounds B.V.", "due_on": "2020-01-01", "lines": "2"}},
		"/v1/desk/purchase-orders?state=all":  {{"number": cancelled, "state": "cancelled", "is_late": "false"}, {"number": bought}},
		"/v1/desk/work-orders":                {{"number": made, "item": "BODY-6420", "quantity": "100", "done_percent": "0", "state": "released"}},
		"/v1/desk/work-orders?state=all":      {{"number": dropped, "state": "cancelled"}, {"number": made}},
		"/v1/desk/sales-orders":               {{"shipped_percent": "100", "invoiced_percent": "0"}, {"number": sold, "picked_percent": "25", "shipped_percent": "25", "invoiced_percent": "25", "net": "396"}},
		"/v1/desk/shipments":                  {{"number": unbilled, "invoice": "", "net": "396"}},
		"/v1/desk/shipments?state=all":        {{"number": unbilled}, {"number": billed, "invoice": invoice, "net": "99", "is_reversed": "false"}},
		"/v1/desk/customer-returns":           {{"number": uncredited, "invoice": "", "is_inspected": "false"}},
		"/v1/desk/customer-returns?state=all": {{"number": uncredited}, {"number": credited, "invoice": invoice, "credit_note": note}},
		"/v1/desk/invoices":                   {{"number": note, "kind": "credit_note", "corrects_invoice": invoice, "customer_return": credited, "is_rendered": "false"}, {"number": invoice, "kind": "invoice", "net": "99"}},
	} {
		answer := api.Get(t, path).Want(200)
		if answer.Len("items") != len(want) {
			t.Errorf("%s has %d, not %d: %s", path, answer.Len("items"), len(want), answer.Body)
			continue
		}
		var has struct{ Items []object }
		decode(t, answer, &has)
		for i, row := range want {
			for member, value := range row {
				if value == "" {
					value = "<nil>"
				}
				if got := fmt.Sprint(has.Items[i][member]); got != value {
					t.Errorf("%s, row %d: %s is %s, not %s", path, i, member, got, value)
				}
			}
		}
		// One by one, they are the same, and nothing comes after what is nowhere.
		address, err := url.Parse(path)
		if err != nil {
			t.Fatal(err)
		}
		query := address.Query()
		query.Set("limit", "1")
		for i := range want {
			address.RawQuery = query.Encode()
			page := api.Get(t, address.String()).Want(200)
			if page.Len("items") != 1 || page.Text("items", 0, "number") != answer.Text("items", i, "number") {
				t.Fatalf("%s: %s", address, page.Body)
			}
			query.Set("after", page.Text("next"))
		}
		address.RawQuery = query.Encode()
		if page := api.Get(t, address.String()).Want(200); page.Len("items") != 0 || page.Value("next") != nil {
			t.Errorf("%s: %s", address, page.Body)
		}
		query.Set("after", "NOWHERE-1")
		address.RawQuery = query.Encode()
		if page := api.Get(t, address.String()).Want(200); page.Len("items") != 0 {
			t.Errorf("%s: %s", address, page.Body)
		}
	}
}

// TestDeskFinds: what is looked for stands first, what fits the order before what does not.
func TestDeskFinds(t *testing.T) {
	t.Parallel()
	api := factory(t)
	first := func(path, member, want string) {
		t.Helper()
		answer := api.Get(t, path).Want(200)
		if answer.Len("items") == 0 || answer.Text("items", 0, member) != want {
			t.Errorf("%s: %s", path, answer.Body)
		}
	}
	first("/v1/desk/items?find=lid-64&use=purchased", "number", "LID-64")
	first("/v1/desk/items?supplier=FERRA", "number", "INS-M6")
	first("/v1/desk/items?use=sold", "number", "CRATE-6420")
	first("/v1/desk/items?find=polyprop", "number", "PP-NAT")
	first("/v1/desk/partners?kind=supplier&find=poly", "code", "POLYNORD")
	first("/v1/desk/partners?kind=customer&find=lyon", "code", "LYONPRIM")
	inserts := api.Get(t, "/v1/desk/items?find=INS-M6&supplier=FERRA&limit=1").Want(200)
	if inserts.Text("items", 0, "units", 0, "unit") != inserts.Text("items", 0, "unit") || inserts.Text("items", 0, "price") == "" || inserts.Text("items", 0, "price_unit") == "" {
		t.Errorf("%s", inserts.Body)
	}
	for _, path := range []string{"/v1/desk/items?find=%25", "/v1/desk/partners?kind=customer&find=POLYNORD", "/v1/desk/partners?kind=supplier&find=_"} {
		if answer := api.Get(t, path).Want(200); answer.Len("items") != 0 {
			t.Errorf("%s: %s", path, answer.Body)
		}
	}
	api.Get(t, "/v1/desk/partners").Want(422)
}
