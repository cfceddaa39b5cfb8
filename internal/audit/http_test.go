package audit_test

import (
	"net/http"
	"testing"

	"github.com/millrace-erp/millrace/internal/audit"
	"github.com/millrace-erp/millrace/internal/demo"
	"github.com/millrace-erp/millrace/internal/httpapi/httpapitest"
)

// The history of a record tells who did what, with its lines, page by page, by numbers and codes and without ids.
func TestHistoryOfARecord(t *testing.T) {
	t.Parallel()
	api := httpapitest.New(t)
	client := &demo.Client{URL: api.URL, Tokens: httpapitest.Tokens(), HTTP: http.DefaultClient}
	silent := func(int, int, string) {}
	if err := demo.Load(t.Context(), client, silent); err != nil {
		t.Fatal(err)
	}
	if _, err := demo.Journey(t.Context(), client, silent); err != nil {
		t.Fatal(err)
	}
	p := over(t, api.DB)
	path := "/v1/audit/purchasing/purchase_order/" + api.Get(t, "/v1/goods-receipts").Want(200).Text("items", 0, "purchase_order")
	var all struct {
		Items []audit.Change
		Next  *string
		Zone  *string `json:"time_zone"`
	}
	api.Get(t, path).Want(200).JSON(&all)
	if all.Zone == nil || *all.Zone != "Europe/Berlin" {
		t.Errorf("zone %v", all.Zone)
	}
	if len(all.Items) < 3 || all.Next != nil {
		t.Fatalf("%d changes, %v", len(all.Items), all.Next)
	}
	tables := map[string]int{}
	for i, c := range all.Items {
		tables[c.Table]++
		if c.Actor == nil || c.Command == nil || c.RequestKey == nil || c.Seal != nil || i > 0 && c.RecordedAt.After(all.Items[i-1].RecordedAt) {
			t.Errorf("%+v", c)
		}
		for _, row := range []map[string]any{c.Old, c.New} {
			for column, value := range row {
				if _, isNumber := value.(float64); isNumber || column == "id" || len(column) > 3 && column[len(column)-3:] == "_id" {
					t.Errorf("%s is %v", column, value)
				}
			}
		}
	}
	first := all.Items[len(all.Items)-1]
	if tables["purchase_order"] == 0 || tables["purchase_order_line"] == 0 || first.Operation != "insert" || first.New["supplier"] == nil && first.New["partner"] == nil {
		t.Errorf("%v, %+v", tables, first)
	}
	// What was inspected changed the line of its receipt.
	var receipt struct {
		Items []audit.Change
		Next  *string
		Zone  *string `json:"time_zone"`
	}
	api.Get(t, "/v1/audit/purchasing/goods_receipt/"+api.Get(t, "/v1/inspections").Want(200).Text("items", 0, "goods_receipt")).Want(200).JSON(&receipt)
	isInspected := false
	for _, c := range receipt.Items {
		if (c.Table == "goods_receipt_line") != (c.Line != nil) {
			t.Errorf("line %v: %+v", c.Line, c)
		}
		isInspected = isInspected || c.Operation == "update" && *c.Line == "1" && *c.Command == "inspect-goods" && c.Old["state"] == "waiting" && c.New["state"] == "accepted"
	}
	if !isInspected {
		t.Errorf("nothing was inspected: %+v", receipt.Items)
	}
	// The same, two at a time.
	read, next := 0, ""
	for {
		var page struct {
			Items []audit.Change
			Next  *string
			Zone  *string `json:"time_zone"`
		}
		api.Get(t, path+"?limit=2&after="+next).Want(200).JSON(&page)
		for _, c := range page.Items {
			if c.Entry != all.Items[read].Entry {
				t.Fatalf("entry %s, want %s", c.Entry, all.Items[read].Entry)
			}
			read++
		}
		if page.Next == nil {
			break
		}
		next = *page.Next
	}
	if read != len(all.Items) {
		t.Errorf("%d of %d", read, len(all.Items))
	}
	p.seal(t)
	api.Get(t, path).Want(200).JSON(&all)
	for _, c := range all.Items {
		if c.Seal == nil {
			t.Errorf("not sealed: %+v", c)
		}
	}
	// A record that is gone has its history still.
	p.do(t, `INSERT INTO catalog.unit (code, name, scale) VALUES ('GONE', 'unit', 0)`)
	p.do(t, `DELETE FROM catalog.unit WHERE code = 'GONE'`)
	if n := api.Get(t, "/v1/audit/catalog/unit/GONE").Want(200).Len("items"); n != 2 {
		t.Errorf("%d changes", n)
	}
	// A lot is told from others of its number by its item; what has no name is named by its item.
	for _, n := range []string{"PP-NAT", "MB-BLUE"} {
		p.do(t, `INSERT INTO inventory.lot (item_id, number, status) SELECT i.id, 'SAME', 'quarantine' FROM catalog.item AS i WHERE i.number = '`+n+`'`)
	}
	for address, want := range map[string]int{
		"/v1/audit/inventory/lot/SAME": 2, "/v1/audit/inventory/lot/SAME?item=PP-NAT": 1, "/v1/audit/catalog/bill_of_material/CRATE-6420": 4,
	} {
		if n := api.Get(t, address).Want(200).Len("items"); n != want {
			t.Errorf("%s: %d changes, want %d", address, n, want)
		}
	}
	for _, unknown := range []string{
		"/v1/audit/inventory/lot/SAME?item=CRATE-6420",
		"/v1/audit/purchasing/purchase_order/PO-999999", "/v1/audit/purchasing/nothing/1", "/v1/audit/nothing/purchase_order/PO-000001",
		"/v1/audit/event/request/x", "/v1/audit/inventory/movement/1", "/v1/audit/catalog/location/%27%3B",
	} {
		api.Get(t, unknown).Problem("not-found", 404)
	}
}
