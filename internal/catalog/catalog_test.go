package catalog_test

import (
	"fmt"
	"net/url"
	"sync"
	"testing"

	"github.com/millrace-erp/millrace/internal/demo"
	"github.com/millrace-erp/millrace/internal/httpapi/httpapitest"
)

// factory is the API over the demonstration factory.
func factory(t *testing.T) *httpapitest.API {
	t.Helper()
	api := httpapitest.New(t)
	load(t, api)
	return api
}

func load(t *testing.T, api *httpapitest.API) {
	t.Helper()
	for _, record := range demo.Factory() {
		api.PostKey(t, record.Key, record.Path, string(record.Body)).Want(200)
	}
}

func TestTheFactoryIsLoadedOnceHoweverOften(t *testing.T) {
	t.Parallel()
	api := factory(t)
	read := func() string {
		text := ""
		for _, path := range []string{"sites", "locations", "units", "reasons", "items", "partners", "supplier-prices", "work-centers", "bills-of-material", "routings"} {
			text += string(api.Get(t, "/v1/"+path+"?limit=500").Want(200).Body)
		}
		return text
	}
	before := read()
	load(t, api)
	// Under other keys, too: what is saved again replaces itself.
	for _, record := range demo.Factory() {
		api.Post(t, record.Path, string(record.Body)).Want(200)
	}
	if read() != before {
		t.Error("loading the factory again changed it")
	}
}

func TestPagesJoin(t *testing.T) {
	t.Parallel()
	api := factory(t)
	for _, collection := range []string{"locations", "items", "supplier-prices", "bills-of-material", "routings"} {
		var whole, joined struct {
			Items []map[string]any `json:"items"`
			Next  *string          `json:"next"`
		}
		api.Get(t, "/v1/"+collection+"?limit=500").Want(200).JSON(&whole)
		path := "/v1/" + collection + "?limit=2"
		for next := path; next != ""; {
			var page struct {
				Items []map[string]any `json:"items"`
				Next  *string          `json:"next"`
			}
			api.Get(t, next).Want(200).JSON(&page)
			joined.Items = append(joined.Items, page.Items...)
			next = ""
			if page.Next != nil {
				next = path + "&after=" + url.QueryEscape(*page.Next)
			}
		}
		if fmt.Sprint(joined.Items) != fmt.Sprint(whole.Items) || len(whole.Items) == 0 {
			t.Errorf("%s: the pages do not join to the whole", collection)
		}
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	api := factory(t)
	bill := func(item, component string) map[string]any {
		return map[string]any{
			"item": item, "revision": "Z", "valid_from": "2030-01-01", "base_quantity": "1",
			"lines": []map[string]any{{"line": 1, "item": component, "quantity": "1"}},
		}
	}
	for _, c := range []struct {
		path string
		body map[string]any
		slug string
		code int
	}{
		{"/v1/items", map[string]any{"number": "PP-NAT", "name": "x", "base_unit": "GRM", "tracking": "lot"}, "identity-kept", 409},
		{"/v1/items", map[string]any{"number": "PP-NAT", "name": "x", "base_unit": "KGM"}, "identity-kept", 409},
		{"/v1/items", map[string]any{"number": "NEW", "name": "x", "base_unit": "ELL"}, "unknown-unit", 422},
		{"/v1/items", map[string]any{"number": "NEW", "name": "x", "base_unit": "H87", "gtin": "09521234001011"}, "wrong-check-digit", 422},
		{"/v1/items", map[string]any{"number": "NEW", "name": "x", "base_unit": "H87", "units": []map[string]any{{"unit": "H87", "numerator": 2}}}, "named-twice", 422},
		{"/v1/locations", map[string]any{"code": "RAW-01", "site": "ELBE", "name": "x", "kind": "quarantine"}, "identity-kept", 409},
		{"/v1/locations", map[string]any{"code": "ELBE.SCRAP", "site": "ELBE", "name": "x", "kind": "storage"}, "identity-kept", 409},
		{"/v1/locations", map[string]any{"code": "NEW", "site": "MOON", "name": "x", "kind": "storage"}, "unknown-site", 422},
		{"/v1/units", map[string]any{"code": "KGM", "name": "kilogram", "scale": 1}, "identity-kept", 409},
		{"/v1/reasons", map[string]any{"code": "FLASH", "name": "x", "kind": "return"}, "identity-kept", 409},
		{"/v1/sites", map[string]any{"code": "NEW", "name": "x", "country": "DE", "currency": "EUR", "time_zone": "Europe/Atlantis"}, "unknown-time-zone", 422},
		{"/v1/sites", map[string]any{"code": "ELBE", "name": "x", "country": "DE", "currency": "SEK", "time_zone": "Europe/Berlin"}, "identity-kept", 409},
		{"/v1/supplier-prices", map[string]any{"supplier": "HANSEOBST", "item": "PP-NAT", "price": "1"}, "partner-is-no-supplier", 409},
		{"/v1/supplier-prices", map[string]any{"supplier": "POLYNORD", "item": "PP-NAT", "price": "1", "unit": "XPX"}, "unit-not-of-item", 422},
		{"/v1/work-centers", map[string]any{"code": "NEW", "site": "ELBE", "name": "x", "supply_location": "ELBE.SCRAP", "output_location": "RAW-01"}, "location-unfit", 409},
		{"/v1/bills-of-material", bill("PP-NAT", "PP-NAT"), "item-made-of-itself", 409},
		{"/v1/bills-of-material", bill("PP-NAT", "CRATE-6420"), "item-made-of-itself", 409},
		{"/v1/bills-of-material", bill("CRATE-6420", "PP-NAT"), "revisions-overlap", 409},
		{"/v1/bills-of-material", map[string]any{
			"item": "INS-M6", "revision": "A", "valid_from": "2030-01-02", "valid_to": "2030-01-01", "base_quantity": "1",
			"lines": []map[string]any{{"line": 1, "item": "PP-NAT", "quantity": "1"}},
		}, "value-malformed", 422},
		{"/v1/bills-of-material", map[string]any{
			"item": "INS-M6", "revision": "A", "valid_from": "2030-01-01", "base_quantity": "1",
			"lines": []map[string]any{{"line": 1, "item": "PP-NAT", "quantity": "1"}, {"line": 1, "item": "MB-BLUE", "quantity": "1"}},
		}, "named-twice", 422},
		{"/v1/bills-of-material", map[string]any{
			"item": "INS-M6", "revision": "A", "valid_from": "2030-01-01", "base_quantity": "0.5",
			"lines": []map[string]any{{"line": 1, "item": "PP-NAT", "quantity": "1"}},
		}, "inexact-quantity", 422},
		{"/v1/routings", map[string]any{"item": "CRATE-6420", "operations": []map[string]any{{"sequence": 1, "name": "x", "work_center": "LATHE"}}}, "unknown-work-center", 422},
	} {
		api.Post(t, c.path, c.body).Problem(c.slug, c.code)
	}
}

// Of two changes that close a circle together, the second is refused, however close they come.
func TestTwoSessionsCannotCloseACircle(t *testing.T) {
	t.Parallel()
	api := factory(t)
	for round := range 5 {
		items := [2]string{fmt.Sprintf("RING-%d-A", round), fmt.Sprintf("RING-%d-B", round)}
		for _, item := range items {
			api.Post(t, "/v1/items", map[string]any{"number": item, "name": "ring", "base_unit": "H87"}).Want(200)
		}
		var status [2]int
		var both sync.WaitGroup
		for i := range items {
			both.Go(func() {
				status[i] = api.Post(t, "/v1/bills-of-material", map[string]any{
					"item": items[i], "revision": "A", "valid_from": "2030-01-01", "base_quantity": "1",
					"lines": []map[string]any{{"line": 1, "item": items[1-i], "quantity": "1"}},
				}).Status
			})
		}
		both.Wait()
		if status[0]+status[1] != 200+409 {
			t.Errorf("round %d: answered %v, want one 200 and one 409", round, status)
		}
	}
}
