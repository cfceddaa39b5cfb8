package access_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace-erp/millrace/internal/app"
	"github.com/millrace-erp/millrace/internal/httpapi"
	"github.com/millrace-erp/millrace/internal/httpapi/httpapitest"
)

type (
	m    = map[string]any
	list = []any
	// fresh is a name that the request itself gives, so that another plant's is none that it could take hold of.
	fresh string
	// note is a text that is told and is no name.
	note string
)

// operation is one of the OpenAPI document.
type operation struct {
	method, path string
	*huma.Operation
}

// operations are all that there are and that need a token, by their ids.
func operations(t *testing.T) map[string]operation {
	t.Helper()
	found := map[string]operation{}
	for path, item := range app.New(nil, httpapi.Options{}).OpenAPI().Paths {
		for method, op := range map[string]*huma.Operation{"GET": item.Get, "POST": item.Post, "PUT": item.Put, "PATCH": item.Patch, "DELETE": item.Delete} {
			if op != nil && len(op.Security) == 1 && len(op.Security[0]["bearer"]) == 1 {
				found[op.OperationID] = operation{method, path, op}
			} else if op != nil && path != "/healthz" && path != "/readyz" {
				t.Errorf("%s %s names no scope", method, path)
			}
		}
	}
	return found
}

// plant is one of two plants of the same making. Whatever is its own has its mark in its name, and its numbers are noted.
type plant struct {
	mark  string
	lap   int
	token string
	job   string            // number of one of its jobs
	named map[string]string // what answers named: "receipt" is GR-000001
	told  map[string]bool   // every text that its commands were answered
}

func newPlant(mark string) *plant {
	return &plant{mark: mark, lap: 1, named: map[string]string{}, told: map[string]bool{}, token: httpapitest.TokenAt(mark, mark)}
}

// at is one of its locations, and of the other things that are made with the plant.
func (p *plant) at(name string) string { return p.mark + "-" + name }

// new is a name that it gives in this lap; old the same, where it is used.
func (p *plant) new(name string) fresh  { return fresh(p.old(name)) }
func (p *plant) old(name string) string { return fmt.Sprintf("%s-%s-%d", p.mark, name, p.lap) }

// tell notes what the plant was answered.
func (p *plant) tell(v any) {
	walk("", v, func(_, text string) { p.told[text] = true })
}

// walk calls visit with every text in a document and the name of its member.
func walk(member string, v any, visit func(member, text string)) {
	switch v := v.(type) {
	case map[string]any:
		for name, inner := range v {
			walk(name, inner, visit)
		}
	case []any:
		for _, inner := range v {
			walk(member, inner, visit)
		}
	case string:
		visit(member, v)
	}
}

// step is a command that both plants give, after each other.
type step struct {
	operation string
	body      func(p *plant) m
	keep      string // under which name the number of the answer is kept
}

// found is the state that any command that does anything changes.
const found = `SELECT concat_ws(' ', (SELECT count(*) FROM audit.entry), (SELECT count(*) FROM inventory.movement),
	(SELECT md5(string_agg(b::text, ' ' ORDER BY b.item_id, b.location_id, b.lot_id)) FROM inventory.balance AS b),
	(SELECT count(*) FROM event.inbox), (SELECT position FROM event.log_head), (SELECT count(*) FROM river.river_job),
	(SELECT count(*) FROM event.request AS r WHERE r.status < 400), (SELECT md5(string_agg(j::text, ' ' ORDER BY j.id)) FROM floor.journal AS j),
	(SELECT count(*) FROM document.print_job), (SELECT count(*) FROM inventory.lot))`

// trial is the API with both plants.
type trial struct {
	*httpapitest.API
	operations map[string]operation
	a, b       *plant
}

func newTrial(t *testing.T) *trial {
	t.Helper()
	x := &trial{API: httpapitest.New(t), operations: operations(t), a: newPlant("AAA"), b: newPlant("ZZB")}
	for _, u := range []m{{"code": "H87", "name": "piece", "scale": 0}, {"code": "KGM", "name": "kilogram", "scale": 3}} {
		x.Post(t, "/v1/units", u).Want(200)
	}
	for i, p := range []*plant{x.a, x.b} {
		x.Post(t, "/v1/sites", m{
			"code": p.mark, "name": p.at("plant"), "gs1_company_prefix": []string{"4012345", "9521234"}[i], "vat_number": "DE12345678" + fmt.Sprint(i),
			"street": p.at("street"), "postal_code": "1", "city": "c", "country": "DE", "currency": "EUR", "time_zone": "Europe/Berlin",
		}).Want(200)
		for name, kind := range map[string]string{"RAW": "storage", "FIN": "storage", "FIN2": "storage", "QUA": "quarantine", "REJ": "rejected", "STG": "staging"} {
			x.Post(t, "/v1/locations", m{"code": p.at(name), "site": p.mark, "name": p.at(name), "kind": kind}).Want(200)
		}
		x.Post(t, "/v1/work-centers", m{
			"code": p.at("PRESS"), "site": p.mark, "name": p.at("press"), "supply_location": p.at("RAW"), "output_location": p.at("FIN"), "hourly_rate": "60",
		}).Want(200)
	}
	for code, kind := range map[string]string{"SCRAP": "scrap", "WET": "rejection", "COUNT": "adjustment", "BACK": "return", "WRONG": "reversal"} {
		x.Post(t, "/v1/reasons", m{"code": code, "name": code, "kind": kind}).Want(200)
	}
	for _, item := range []m{
		// What is shared names places of one plant.
		{"number": "RAW", "base_unit": "KGM", "tracking": "lot", "is_purchased": true, "is_inspected": true, "default_location": x.b.at("RAW")},
		{"number": "INS", "base_unit": "H87", "tracking": "none", "is_purchased": true, "default_location": x.a.at("RAW")},
		{"number": "FIN", "base_unit": "H87", "tracking": "lot", "is_manufactured": true, "is_sold": true, "default_location": x.b.at("FIN")},
	} {
		item["name"], item["costing_method"], item["standard_cost"] = item["number"], "moving_average", "1"
		x.Post(t, "/v1/items", item).Want(200)
	}
	x.Post(t, "/v1/bills-of-material", m{"item": "FIN", "revision": "A", "valid_from": "2020-01-01", "base_quantity": "1", "lines": list{
		m{"line": 10, "item": "RAW", "quantity": "1", "is_backflushed": false}, m{"line": 20, "item": "INS", "quantity": "2", "is_backflushed": true},
	}}).Want(200)
	x.Post(t, "/v1/routings", m{"item": "INS", "operations": list{
		m{"sequence": 10, "name": "a", "work_center": x.a.at("PRESS"), "run_minutes": "1"}, m{"sequence": 20, "name": "b", "work_center": x.b.at("PRESS"), "run_minutes": "1"},
	}}).Want(200)
	for _, partner := range []m{{"code": "SUPPLIER", "is_supplier": true}, {"code": "CUSTOMER", "is_customer": true}, {"code": "CARRIER", "is_carrier": true}} {
		for k, v := range (m{"name": partner["code"], "street": "s", "postal_code": "1", "city": "c", "country": "DE", "currency": "EUR", "vat_number": "DE987654321"}) {
			partner[k] = v
		}
		x.Post(t, "/v1/partners", partner).Want(200)
	}
	x.Post(t, "/v1/supplier-prices", m{"supplier": "SUPPLIER", "item": "RAW", "unit": "KGM", "price": "1.5", "currency": "EUR"}).Want(200)
	x.Post(t, "/v1/supplier-prices", m{"supplier": "SUPPLIER", "item": "INS", "unit": "H87", "price": "0.5", "currency": "EUR"}).Want(200)
	return x
}

// state is what no refused command changes.
func (x *trial) state(t *testing.T) string {
	t.Helper()
	var v string
	if err := x.DB.Pool.QueryRow(context.Background(), found).Scan(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// send gives a command with somebody's token.
func (x *trial) send(t *testing.T, token, id string, body any) *httpapitest.Answer {
	t.Helper()
	return x.ask(t, token, x.operations[id].method, x.operations[id].path, body)
}

// spoil is every way to name one thing of the other in a body: a body of ours in which one name, or one that the body itself gives,
// is theirs.
func spoil(ours, theirs any, isFresh bool, put func(v any)) {
	switch ours := ours.(type) {
	case map[string]any:
		for name, v := range ours {
			spoil(v, theirs.(map[string]any)[name], isFresh, func(v any) {
				spoiled := m{}
				for k, v := range ours {
					spoiled[k] = v
				}
				spoiled[name] = v
				put(spoiled)
			})
		}
	case []any:
		for i, v := range ours {
			spoil(v, theirs.([]any)[i], isFresh, func(v any) {
				spoiled := slices.Clone(ours)
				spoiled[i] = v
				put(spoiled)
			})
		}
	case string:
		if !isFresh && theirs != any(ours) {
			put(theirs)
		}
	case fresh:
		if isFresh {
			put(theirs)
		}
	}
}

// text is a body as JSON.
func text(t *testing.T, body any) string {
	t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// marks are the texts of b in an answer to a, but for those that a named itself.
func (x *trial) marks(answer []byte, asked string) []string {
	var seen []string
	var document any
	if json.Unmarshal(answer, &document) != nil {
		document = string(answer)
	}
	walk("", document, func(member, text string) {
		if (strings.Contains(text, x.b.mark) || x.b.told[text] && !x.a.told[text]) && !strings.Contains(asked, text) && member != "detail" {
			seen = append(seen, text)
		}
		if member == "detail" && strings.Contains(text, x.b.mark) {
			for _, word := range strings.Fields(text) {
				if strings.Contains(word, x.b.mark) && !strings.Contains(asked, strings.Trim(word, ".,:;\"'")) {
					seen = append(seen, text)
				}
			}
		}
	})
	return seen
}
