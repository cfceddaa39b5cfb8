package httpapi

import (
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace-erp/millrace/internal/problem"
)

// Scope is a right that a token can carry. Every operation needs one.
type Scope struct {
	Name string
	// Allows is what whoever has it may do, for people who hand out rights.
	Allows string
	// IsForAllSites says that it concerns the company as a whole: a token for some sites does not do.
	IsForAllSites bool
}

// scopes is the one list.
var scopes = []Scope{
	{"audit:read", "See who changed what, from what to what.", false},
	{"billing:read", "See invoices and credit notes.", false},
	{"billing:write", "Issue invoices and credit notes.", false},
	{"catalog:read", "See items, units, partners, prices, sites, locations, bills of material, routings, work centers, reasons.", false},
	{"catalog:write", "Change them.", true},
	{"costing:read", "See costs, values, the value journal.", true},
	{"document:read", "See and download documents and labels.", false},
	{"document:write", "Print labels, set up printers.", false},
	{"event:read", "Follow the feed; with a token for all sites, see how far its readers are.", false},
	{"export:read", "See and download spreadsheets.", true},
	{"export:write", "Have spreadsheets made.", true},
	{"identity:admin", "Change operators, badges, devices, clients and their rights.", true},
	{"identity:read", "See operators, badges, devices, clients and their rights.", true},
	{"inventory:close", "Close periods.", true},
	{"inventory:read", "See stock, lots, movements, counts.", false},
	{"inventory:write", "Put away, move, scrap, count, split and merge lots, change their status.", false},
	{"jobs:admin", "Try jobs again, cancel them.", true},
	{"jobs:read", "See jobs.", false},
	{"notify:read", "See mails.", true},
	{"notify:write", "Send mails again, say what became of them.", true},
	{"production:read", "See work orders, issues of material, production reports.", false},
	{"production:write", "Make and complete work orders, issue material, report production.", false},
	{"purchasing:read", "See purchase orders, receipts, inspections, supplier invoices.", false},
	{"purchasing:write", "Order, receive, inspect, return, take supplier invoices.", false},
	{"sales:read", "See sales orders.", false},
	{"sales:write", "Take, reserve, release and close sales orders.", false},
	{"shipping:read", "See picks, handling units, shipments, returns.", false},
	{"shipping:write", "Pick, pack, ship, take returns.", false},
	{"webhook:read", "See webhook endpoints and what was sent to them.", true},
	{"webhook:write", "Set up webhook endpoints.", true},
}

// Scopes lists all scopes by name.
func Scopes() []Scope { return slices.Clone(scopes) }

// scopeOf is the scope that an operation names. Every operation names one.
func scopeOf(operation, name string) Scope {
	for _, s := range scopes {
		if s.Name == name {
			return s
		}
	}
	panic("httpapi: " + operation + " names the scope " + name + ", which is none")
}

// permit lets the principal through who may do what needs the scope.
func (e *exchange) permit(s Scope) *problem.Problem {
	if !e.principal.May(s.Name) {
		return InsufficientScope(s.Name)
	}
	if s.IsForAllSites && e.principal.Sites != nil {
		p := InsufficientScope(s.Name)
		p.Detail = "This concerns all sites, and the token is for some of them."
		return p
	}
	return nil
}

// permitted answers for those who may not.
func permitted(s Scope) func(ctx huma.Context, next func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		e := exchangeOf(ctx.Context())
		if p := e.permit(s); p != nil {
			e.refuse(p)
			return
		}
		next(ctx)
	}
}

// security is what the OpenAPI document says of the scope.
func (s Scope) security() []map[string][]string { return []map[string][]string{{"bearer": {s.Name}}} }
