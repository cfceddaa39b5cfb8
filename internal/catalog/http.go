// Package catalog is the master data: sites, locations, units, items, partners, prices, bills of material,
// routings, work centers and reasons.
package catalog

import (
	"github.com/millrace-erp/millrace/internal/catalog/internal/db"
	"github.com/millrace-erp/millrace/internal/httpapi"
	"github.com/millrace-erp/millrace/internal/pg"
)

const tag = "Catalog"

// saves is what all writes of master data have in common.
const saves = "What is sent becomes the record, whole: a new one, or in place of the one of that name. What is left out takes its default. "

// Register adds the operations of the catalog.
func Register(api *httpapi.API, primary *pg.Primary) {
	q := db.New(primary)

	httpapi.Command[SaveSite, Site](api, httpapi.CommandSpec{
		OperationID: "save-site",
		Scope:       "catalog:write", Path: "/v1/sites", Tag: tag, Status: 200,
		Summary:     "Make a site, or replace it",
		Description: saves + "The virtual locations of a new site are made with it.",
		Refusals:    []string{"MR114", "MR117", "MR118"},
	}, q.SaveSite)
	httpapi.Get[Site](api, httpapi.ReadSpec{
		OperationID: "get-site",
		Scope:       "catalog:read", Path: "/v1/sites/{number}", Tag: tag,
		Summary: "Read a site",
	}, q.GetSite)
	httpapi.List[Site](api, httpapi.ReadSpec{
		OperationID: "list-sites",
		Scope:       "catalog:read", Path: "/v1/sites", Tag: tag,
		Summary: "List sites",
	}, q.ListSites)

	httpapi.Command[SaveLocation, Location](api, httpapi.CommandSpec{
		OperationID: "save-location",
		Scope:       "catalog:write", Path: "/v1/locations", Tag: tag, Status: 200,
		Summary:     "Make a location, or replace it",
		Description: saves,
		Refusals:    []string{"MR107", "MR114"},
	}, q.SaveLocation)
	httpapi.Get[Location](api, httpapi.ReadSpec{
		OperationID: "get-location",
		Scope:       "catalog:read", Path: "/v1/locations/{number}", Tag: tag,
		Summary: "Read a location",
	}, q.GetLocation)
	httpapi.List[Location](api, httpapi.ReadSpec{
		OperationID: "list-locations",
		Scope:       "catalog:read", Path: "/v1/locations", Tag: tag,
		Summary: "List locations, virtual ones included",
	}, q.ListLocations)

	httpapi.Command[SaveUnit, Unit](api, httpapi.CommandSpec{
		OperationID: "save-unit",
		Scope:       "catalog:write", Path: "/v1/units", Tag: tag, Status: 200,
		Summary:     "Make a unit of measure, or replace it",
		Description: saves,
		Refusals:    []string{"MR114"},
	}, q.SaveUnit)
	httpapi.Get[Unit](api, httpapi.ReadSpec{
		OperationID: "get-unit",
		Scope:       "catalog:read", Path: "/v1/units/{number}", Tag: tag,
		Summary: "Read a unit of measure",
	}, q.GetUnit)
	httpapi.List[Unit](api, httpapi.ReadSpec{
		OperationID: "list-units",
		Scope:       "catalog:read", Path: "/v1/units", Tag: tag,
		Summary: "List units of measure",
	}, q.ListUnits)

	httpapi.Command[SaveReason, Reason](api, httpapi.CommandSpec{
		OperationID: "save-reason",
		Scope:       "catalog:write", Path: "/v1/reasons", Tag: tag, Status: 200,
		Summary:     "Make a reason, or replace it",
		Description: saves,
		Refusals:    []string{"MR114"},
	}, q.SaveReason)
	httpapi.Get[Reason](api, httpapi.ReadSpec{
		OperationID: "get-reason",
		Scope:       "catalog:read", Path: "/v1/reasons/{number}", Tag: tag,
		Summary: "Read a reason",
	}, q.GetReason)
	httpapi.List[Reason](api, httpapi.ReadSpec{
		OperationID: "list-reasons",
		Scope:       "catalog:read", Path: "/v1/reasons", Tag: tag,
		Summary: "List reasons",
	}, q.ListReasons)

	httpapi.Command[SavePartner, Partner](api, httpapi.CommandSpec{
		OperationID: "save-partner",
		Scope:       "catalog:write", Path: "/v1/partners", Tag: tag, Status: 200,
		Summary:     "Make a supplier, customer or carrier, or replace it",
		Description: saves,
		Refusals:    []string{"MR117"},
	}, q.SavePartner)
	httpapi.Get[Partner](api, httpapi.ReadSpec{
		OperationID: "get-partner",
		Scope:       "catalog:read", Path: "/v1/partners/{number}", Tag: tag,
		Summary: "Read a supplier, customer or carrier",
	}, q.GetPartner)
	httpapi.List[Partner](api, httpapi.ReadSpec{
		OperationID: "list-partners",
		Scope:       "catalog:read", Path: "/v1/partners", Tag: tag,
		Summary: "List suppliers, customers and carriers",
	}, q.ListPartners)

	httpapi.Command[SaveItem, Item](api, httpapi.CommandSpec{
		OperationID: "save-item",
		Scope:       "catalog:write", Path: "/v1/items", Tag: tag, Status: 200,
		Summary:     "Make an item, or replace it",
		Description: saves + "Units that are left out are taken away.",
		Refusals:    []string{"MR102", "MR104", "MR114", "MR117", "MR120"},
	}, q.SaveItem)
	httpapi.Get[Item](api, httpapi.ReadSpec{
		OperationID: "get-item",
		Scope:       "catalog:read", Path: "/v1/items/{number}", Tag: tag,
		Summary: "Read an item",
	}, q.GetItem)
	httpapi.List[Item](api, httpapi.ReadSpec{
		OperationID: "list-items",
		Scope:       "catalog:read", Path: "/v1/items", Tag: tag,
		Summary: "List items",
	}, q.ListItems)

	httpapi.Command[SaveWorkCenter, WorkCenter](api, httpapi.CommandSpec{
		OperationID: "save-work-center",
		Scope:       "catalog:write", Path: "/v1/work-centers", Tag: tag, Status: 200,
		Summary:     "Make a work center, or replace it",
		Description: saves,
		Refusals:    []string{"MR102", "MR107", "MR114", "MR119"},
	}, q.SaveWorkCenter)
	httpapi.Get[WorkCenter](api, httpapi.ReadSpec{
		OperationID: "get-work-center",
		Scope:       "catalog:read", Path: "/v1/work-centers/{number}", Tag: tag,
		Summary: "Read a work center",
	}, q.GetWorkCenter)
	httpapi.List[WorkCenter](api, httpapi.ReadSpec{
		OperationID: "list-work-centers",
		Scope:       "catalog:read", Path: "/v1/work-centers", Tag: tag,
		Summary: "List work centers",
	}, q.ListWorkCenters)

	httpapi.Command[SaveSupplierPrice, SupplierPrice](api, httpapi.CommandSpec{
		OperationID: "save-supplier-price",
		Scope:       "catalog:write", Path: "/v1/supplier-prices", Tag: tag, Status: 200,
		Summary:     "Make a supplier's price, or replace it",
		Description: saves,
		Refusals:    []string{"MR101", "MR103", "MR112", "MR116"},
	}, q.SaveSupplierPrice)
	httpapi.List[SupplierPrice](api, httpapi.ReadSpec{
		OperationID: "list-supplier-prices",
		Scope:       "catalog:read", Path: "/v1/supplier-prices", Tag: tag,
		Summary: "List suppliers' prices",
	}, q.ListSupplierPrices)

	httpapi.Command[SaveBillOfMaterial, BillOfMaterial](api, httpapi.CommandSpec{
		OperationID: "save-bill-of-material",
		Scope:       "catalog:write", Path: "/v1/bills-of-material", Tag: tag, Status: 200,
		Summary:     "Make a revision of a bill of material, or replace it",
		Description: saves + "Lines that are left out are taken away. Work orders keep the materials that they were made with.",
		Refusals:    []string{"MR101", "MR110", "MR111", "MR112", "MR113", "MR120", "bill_of_material_valid_during_excl"},
	}, q.SaveBillOfMaterial)
	httpapi.Get[BillOfMaterial](api, httpapi.ReadSpec{
		OperationID: "get-bill-of-material",
		Scope:       "catalog:read", Path: "/v1/bills-of-material/{number}", Tag: tag,
		Summary: "Read a revision of a bill of material", Description: "Named item/revision, with the slash written as %2F.",
	}, q.GetBillOfMaterial)
	httpapi.List[BillOfMaterial](api, httpapi.ReadSpec{
		OperationID: "list-bills-of-material",
		Scope:       "catalog:read", Path: "/v1/bills-of-material", Tag: tag,
		Summary: "List revisions of bills of material",
	}, q.ListBillsOfMaterial)

	httpapi.Command[SaveRouting, Routing](api, httpapi.CommandSpec{
		OperationID: "save-routing",
		Scope:       "catalog:write", Path: "/v1/routings", Tag: tag, Status: 200,
		Summary:     "Make the routing of an item, or replace it",
		Description: saves + "Operations that are left out are taken away. Work orders keep the operations that they were made with.",
		Refusals:    []string{"MR101", "MR105", "MR120"},
	}, q.SaveRouting)
	httpapi.Get[Routing](api, httpapi.ReadSpec{
		OperationID: "get-routing",
		Scope:       "catalog:read", Path: "/v1/routings/{number}", Tag: tag,
		Summary: "Read the routing of an item",
	}, q.GetRouting)
	httpapi.List[Routing](api, httpapi.ReadSpec{
		OperationID: "list-routings",
		Scope:       "catalog:read", Path: "/v1/routings", Tag: tag,
		Summary: "List routings",
	}, q.ListRoutings)
}
