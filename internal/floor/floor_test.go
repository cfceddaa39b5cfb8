package floor_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/millrace-erp/millrace/internal/httpapi/httpapitest"
)

func scan(t *testing.T, api *plant, code string) *httpapitest.Answer {
	t.Helper()
	return api.Post(t, "/v1/scans", map[string]string{"code": code})
}

// TestScans asks for all kinds of codes in all forms.
func TestScans(t *testing.T) {
	t.Parallel()
	api := factory(t)
	api.Post(t, "/v1/opening-stocks", map[string]any{"item": "CRATE-6420", "lot": "CR-1", "to": "FIN-01", "quantity": "10"}).Want(201)
	api.Post(t, "/v1/opening-stocks", map[string]any{"item": "PP-NAT", "lot": "TWICE", "to": "RAW-01", "quantity": "10"}).Want(201)
	api.Post(t, "/v1/opening-stocks", map[string]any{"item": "MB-BLUE", "lot": "TWICE", "to": "RAW-01", "quantity": "10"}).Want(201)
	order := api.Post(t, "/v1/work-orders", map[string]any{"item": "CRATE-6420", "quantity": "10"}).Want(201).Text("number")
	bought := api.Post(t, "/v1/purchase-orders", map[string]any{"site": "ELBE", "supplier": "FERRA", "lines": []any{map[string]any{"item": "INS-M6", "quantity": "5", "unit": "XBX"}}}).Want(201).Text("number")
	for code, want := range map[string]map[string]string{
		"]C1010952123400101010CR-1\x1d3012":            {"kind": "lot", "item": "CRATE-6420", "lot": "CR-1", "quantity": "12", "unit": "H87", "lot_status": "released"},
		"]d20119521234001017\x1d10CR-1\x1d3002":        {"kind": "lot", "item": "CRATE-6420", "lot": "CR-1", "quantity": "2", "unit": "XBX"},
		"(01)09521234001010(10)NEW-1(17)411231":        {"kind": "lot", "item": "CRATE-6420", "lot": "NEW-1", "is_known": "false", "expires_on": "2041-12-31"},
		"https://id.gs1.org/01/09521234001010/10/CR-1": {"kind": "lot", "item": "CRATE-6420", "lot": "CR-1"},
		"9521234001010":           {"kind": "item", "item": "CRATE-6420", "unit": "H87"},
		"]E09521234001010":        {"kind": "item", "item": "CRATE-6420"},
		"29521234001014":          {"kind": "item", "item": "CRATE-6420", "unit": "XPX"},
		"PP-NAT":                  {"kind": "item", "item": "PP-NAT", "tracking": "lot"},
		"]C0RAW-01":               {"kind": "location", "location": "RAW-01", "location_kind": "storage"},
		"CR-1":                    {"kind": "lot", "item": "CRATE-6420", "lot": "CR-1"},
		order:                     {"kind": "work_order", "number": order, "state": "released"},
		bought:                    {"kind": "purchase_order", "number": bought},
		"BADGE-7":                 {"kind": "badge", "operator": "O-7", "name": "Ayşe Demir"},
		"]C100395212340000000014": {"kind": "handling_unit", "sscc": "395212340000000014", "is_known": "false"},
		"395212340000000014":      {"kind": "handling_unit", "sscc": "395212340000000014"},
	} {
		answer := scan(t, api, code).Want(http.StatusOK)
		for member, value := range want {
			if got := answer.Text(member); got != value {
				t.Errorf("%q: %s is %q, want %q: %s", code, member, got, value, answer.Body)
			}
		}
	}
	scan(t, api, "TWICE").Problem("ambiguous-barcode", 422)
	scan(t, api, "NOBODY-KNOWS").Want(http.StatusUnprocessableEntity)
	scan(t, api, "]C1RAW-01").Want(http.StatusUnprocessableEntity)
	scan(t, api, "").Want(http.StatusUnprocessableEntity)
	scan(t, api, strings.Repeat("9", 513)).Want(http.StatusUnprocessableEntity)
}

// TestGaps counts the taps of a device: the number that never came is named until it comes.
func TestGaps(t *testing.T) {
	t.Parallel()
	api := factory(t)
	const journal = "0198c7a0-0000-7000-8000-000000000001"
	send := func(number, location string, want int) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, api.URL+"/v1/opening-stocks",
			strings.NewReader(`{"item": "INS-M6", "to": "`+location+`", "quantity": "1"}`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Idempotency-Key", httpapitest.Key())
		req.Header.Set("Authorization", "Bearer "+api.token)
		req.Header.Set("Millrace-Device-Sequence", journal+":"+number)
		api.Do(t, req).Want(want)
	}
	missing := func() string {
		t.Helper()
		list := api.Get(t, "/v1/journals").Want(200)
		if list.Text("items", 0, "device") != "admin" {
			t.Errorf("got %s", list.Body)
		}
		var document struct {
			Items []struct {
				Missing []string
				Highest string `json:"highest_sequence"`
			}
		}
		if err := json.Unmarshal(list.Body, &document); err != nil {
			t.Fatal(err)
		}
		return document.Items[0].Highest + ": " + strings.Join(document.Items[0].Missing, " ")
	}
	send("1", "RAW-02", 201)
	send("2", "NOWHERE", 422)   // refused by the database
	send("3", "bad code!", 422) // and before it
	if got := missing(); got != "3: " {
		t.Errorf("got %q", got)
	}
	send("7", "RAW-02", 201)
	if got := missing(); got != "7: 4 5 6" {
		t.Errorf("got %q", got)
	}
	send("5", "RAW-02", 201)
	if got := missing(); got != "7: 4 6" {
		t.Errorf("got %q", got)
	}
	api.Post(t, "/v1/journal-reports", map[string]any{"journal": journal, "queued": 2, "refused": 1, "oldest_queued_at": "2026-11-22T10:00:00Z", "clock_skew_milliseconds": -90000, "version": "abc"}).
		Want(200)
	if list := api.Get(t, "/v1/journals"); list.Text("items", 0, "queued") != "2" || list.Text("items", 0, "clock_skew_milliseconds") != "-90000" {
		t.Errorf("got %s", list.Body)
	}
}
