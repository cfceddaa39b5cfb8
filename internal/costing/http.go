// Package costing is the Go side of the schema of the same name: what stock and work in
// process are worth. The rules are in SQL; here the reads get their HTTP face, and the job
// that follows every posting is worked.
package costing

import (
	"github.com/millrace-erp/millrace/internal/costing/internal/db"
	"github.com/millrace-erp/millrace/internal/httpapi"
	"github.com/millrace-erp/millrace/internal/pg"
)

const tag = "Costing"

// Register adds the operations of the room to the API.
func Register(api *httpapi.API, primary *pg.Primary) {
	q := db.New(primary)
	httpapi.Get[ItemCost](api, httpapi.ReadSpec{
		OperationID: "get-item-cost", Path: "/v1/costing/items/{number}", Tag: tag,
		Summary:     "What the stock of an item is worth",
		Description: "Costing follows the postings within moments; the figures are those up to the movement that it has come to.",
	}, q.GetItemCost)
	httpapi.Get[WorkOrderCost](api, httpapi.ReadSpec{
		OperationID: "get-work-order-cost", Path: "/v1/costing/work-orders/{number}", Tag: tag,
		Summary:     "What a work order has cost",
		Description: "What went in, what the finished goods took along, and what is left in process.",
	}, q.GetWorkOrderCost)
	httpapi.List[Valuation](api, httpapi.ReadSpec{
		OperationID: "list-valuation", Path: "/v1/costing/valuation", Tag: tag,
		Summary: "Stock value of every item",
	}, q.ListValuation)
}

// ItemCost is the value of an item's stock.
type ItemCost struct {
	Item         string               `json:"item" doc:"Item number."`
	Name         string               `json:"name" doc:"Name of the item."`
	Unit         string               `json:"unit" doc:"Base unit of the item."`
	Method       string               `json:"method" enum:"moving_average,fifo,standard" doc:"How the cost of what leaves stock is found."`
	Quantity     httpapi.AnyQuantity  `json:"quantity" doc:"Costed stock over all physical locations, base units."`
	Value        httpapi.AnyMoney     `json:"value" doc:"Its value in the currency of the books."`
	AverageCost  *httpapi.AnyQuantity `json:"average_cost" nullable:"true" doc:"Value per base unit, rounded; null without stock."`
	LastCost     *httpapi.AnyQuantity `json:"last_cost" nullable:"true" doc:"Cost per base unit of the latest movement; null when none was costed."`
	StandardCost *httpapi.AnyQuantity `json:"standard_cost" nullable:"true" doc:"Planned cost per base unit, taken where no price is known."`
	Layers       []Layer              `json:"layers" doc:"FIFO items: what is left of each inflow, oldest first, at most 1000."`
}

// Layer is what is left of one inflow of a FIFO item.
type Layer struct {
	Number            int64               `json:"number" doc:"Counts up in the order of arrival."`
	Movement          string              `json:"movement" doc:"The movement that brought it."`
	Quantity          httpapi.AnyQuantity `json:"quantity" doc:"As it came in, base units."`
	Value             httpapi.AnyMoney    `json:"value" doc:"As it came in."`
	RemainingQuantity httpapi.AnyQuantity `json:"remaining_quantity" doc:"Still there, base units."`
	RemainingValue    httpapi.AnyMoney    `json:"remaining_value" doc:"Value of what is still there."`
	UnitCost          httpapi.AnyQuantity `json:"unit_cost" doc:"Value per base unit, rounded."`
}

// WorkOrderCost is the cost of a work order.
type WorkOrderCost struct {
	WorkOrder        string               `json:"work_order" doc:"Number of the work order."`
	Item             string               `json:"item" doc:"Finished item."`
	Currency         string               `json:"currency" doc:"ISO 4217 code of the values."`
	Quantity         httpapi.AnyQuantity  `json:"quantity" doc:"To be made, base units."`
	ReportedQuantity httpapi.AnyQuantity  `json:"reported_quantity" doc:"Good and scrapped, base units."`
	MaterialValue    httpapi.AnyMoney     `json:"material_value" doc:"Material issued less returned."`
	LabourValue      httpapi.AnyMoney     `json:"labour_value" doc:"Reported time at the rate of the work center."`
	AbsorbedValue    httpapi.AnyMoney     `json:"absorbed_value" doc:"Taken into stock by finished goods."`
	WorkInProcess    httpapi.AnyMoney     `json:"work_in_process" doc:"Put in and not taken into stock; negative when material came back after the goods."`
	UnitCost         *httpapi.AnyQuantity `json:"unit_cost" nullable:"true" doc:"Cost of a good unit so far, rounded; null while there is none."`
	Materials        []WorkOrderMaterial  `json:"materials" doc:"Material issued less returned, by item."`
}

// WorkOrderMaterial is what one component cost a work order.
type WorkOrderMaterial struct {
	Item     string              `json:"item" doc:"Component."`
	Unit     string              `json:"unit" doc:"Base unit of the component."`
	Quantity httpapi.AnyQuantity `json:"quantity" doc:"Issued less returned, base units."`
	Value    httpapi.AnyMoney    `json:"value" doc:"What it cost."`
}

// Valuation is the stock value of one item.
type Valuation struct {
	Item        string               `json:"item" doc:"Item number."`
	Name        string               `json:"name" doc:"Name of the item."`
	Unit        string               `json:"unit" doc:"Base unit of the item."`
	Method      string               `json:"method" enum:"moving_average,fifo,standard" doc:"How the cost of what leaves stock is found."`
	Quantity    httpapi.AnyQuantity  `json:"quantity" doc:"Costed stock, base units."`
	Value       httpapi.AnyMoney     `json:"value" doc:"Its value in the currency of the books."`
	AverageCost *httpapi.AnyQuantity `json:"average_cost" nullable:"true" doc:"Value per base unit, rounded; null without stock."`
}
