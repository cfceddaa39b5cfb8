// Package production is the Go side of the schema of the same name: work orders, issues of
// material and production reports. The rules are in SQL; here the operations get their HTTP
// face.
package production

import (
	"time"

	"github.com/millrace-erp/millrace/internal/httpapi"
	"github.com/millrace-erp/millrace/internal/pg"
	"github.com/millrace-erp/millrace/internal/production/internal/db"
)

const tag = "Production"

// Register adds the operations of the room to the API.
func Register(api *httpapi.API, primary *pg.Primary) {
	q := db.New(primary)
	registerOrders(api, q)
	registerIssues(api, q)
	registerReports(api, q)
}

func registerOrders(api *httpapi.API, q *db.Queries) {
	httpapi.Command[CreateWorkOrder, WorkOrder](api, httpapi.CommandSpec{
		OperationID: "create-work-order",
		Scope:       "production:write", Path: "/v1/work-orders", Tag: tag,
		Summary:     "Order an item to be made",
		Description: "Explodes a revision of the bill of material, each requirement rounded up to the smallest step of its unit, and copies the routing.",
		Refusals:    []string{"MR101", "MR102", "MR105", "MR107", "MR110", "MR111", "MR112", "MR302", "MR311", "MR317"},
	}, q.CreateWorkOrder)
	httpapi.Command[CompleteWorkOrder, WorkOrder](api, httpapi.CommandSpec{
		OperationID: "complete-work-order",
		Scope:       "production:write", Path: "/v1/work-order-completions", Tag: tag,
		Summary:  "Complete a work order: no more is made on it",
		Refusals: []string{"MR301", "MR303", "MR319"},
	}, q.CompleteWorkOrder)
	httpapi.Command[ReopenWorkOrder, WorkOrder](api, httpapi.CommandSpec{
		OperationID: "reopen-work-order",
		Scope:       "production:write", Path: "/v1/work-order-reopenings", Tag: tag,
		Summary:  "Take back a completion, so that the order can be corrected",
		Refusals: []string{"MR106", "MR109", "MR301", "MR303"},
	}, q.ReopenWorkOrder)
	httpapi.Command[CancelWorkOrder, WorkOrder](api, httpapi.CommandSpec{
		OperationID: "cancel-work-order",
		Scope:       "production:write", Path: "/v1/work-order-cancellations", Tag: tag,
		Summary:  "Cancel a work order on which nothing is booked",
		Refusals: []string{"MR301", "MR303", "MR320"},
	}, q.CancelWorkOrder)
	httpapi.Get[WorkOrder](api, httpapi.ReadSpec{
		OperationID: "get-work-order",
		Scope:       "production:read", Path: "/v1/work-orders/{number}", Tag: tag, Summary: "One work order",
	}, q.GetWorkOrder)
	httpapi.List[WorkOrder](api, httpapi.ReadSpec{
		OperationID: "list-work-orders",
		Scope:       "production:read", Path: "/v1/work-orders", Tag: tag, Summary: "Work orders, oldest first",
	}, q.ListWorkOrders)
}

func registerIssues(api *httpapi.API, q *db.Queries) {
	refusals := []string{"MR101", "MR102", "MR110", "MR111", "MR112", "MR201", "MR204", "MR205", "MR206", "MR301", "MR303", "MR304", "MR306", "MR228", "MR229"}
	httpapi.Command[IssueMaterial, MaterialIssue](api, httpapi.CommandSpec{
		OperationID: "issue-material",
		Scope:       "production:write", Path: "/v1/material-issues", Tag: tag,
		Summary:     "Issue material to a work order by scan",
		Description: "A line that names no lot takes what expires first. More than required may be issued up to the order's over-issue percentage.",
		Refusals:    append([]string{"MR202", "MR305"}, refusals...),
	}, q.IssueMaterial)
	httpapi.Command[ReturnMaterial, MaterialIssue](api, httpapi.CommandSpec{
		OperationID: "return-material",
		Scope:       "production:write", Path: "/v1/material-returns", Tag: tag,
		Summary:     "Bring unused material back from a work order",
		Description: "Material that was issued by scan. Backflushed material comes back with the reversal of its report.",
		Refusals:    append([]string{"MR308"}, refusals...),
	}, q.ReturnMaterial)
	httpapi.Command[ReverseMaterialIssue, MaterialIssue](api, httpapi.CommandSpec{
		OperationID: "reverse-material-issue",
		Scope:       "production:write", Path: "/v1/material-issue-reversals", Tag: tag,
		Summary:  "Take back an issue or a return of material",
		Refusals: []string{"MR106", "MR109", "MR201", "MR303", "MR305", "MR308", "MR310", "MR314"},
	}, q.ReverseMaterialIssue)
	httpapi.Get[MaterialIssue](api, httpapi.ReadSpec{
		OperationID: "get-material-issue",
		Scope:       "production:read", Path: "/v1/material-issues/{number}", Tag: tag, Summary: "One issue or return of material",
	}, q.GetMaterialIssue)
	httpapi.List[MaterialIssue](api, httpapi.ReadSpec{
		OperationID: "list-material-issues",
		Scope:       "production:read", Path: "/v1/material-issues", Tag: tag, Summary: "Issues and returns of material, oldest first",
	}, q.ListMaterialIssues)
}

func registerReports(api *httpapi.API, q *db.Queries) {
	httpapi.Command[ReportProduction, ProductionReport](api, httpapi.CommandSpec{
		OperationID: "report-production",
		Scope:       "production:write", Path: "/v1/production-reports", Tag: tag,
		Summary: "Report what was made of a work order",
		Description: "A report without an operation, or of the last one, moves stock: backflushed materials are issued in proportion to good and scrap, " +
			"good goes into the output location under its lot, scrap is booked out, and the genealogy is written. Other reports carry quantities and time only.",
		Refusals: []string{"MR106", "MR109", "MR110", "MR111", "MR112", "MR201", "MR202", "MR210", "MR211", "MR301", "MR303", "MR304", "MR307", "MR309", "MR312", "MR313", "MR315", "MR316", "MR321", "MR228", "MR229"},
	}, q.ReportProduction)
	httpapi.Command[ReverseProductionReport, ProductionReport](api, httpapi.CommandSpec{
		OperationID: "reverse-production-report",
		Scope:       "production:write", Path: "/v1/production-report-reversals", Tag: tag,
		Summary:     "Take back a production report",
		Description: "Its goods leave stock and its backflushed material comes back. The order must not be completed, or be reopened first.",
		Refusals:    []string{"MR106", "MR109", "MR201", "MR303", "MR310", "MR318"},
	}, q.ReverseProductionReport)
	httpapi.Get[ProductionReport](api, httpapi.ReadSpec{
		OperationID: "get-production-report",
		Scope:       "production:read", Path: "/v1/production-reports/{number}", Tag: tag, Summary: "One production report",
	}, q.GetProductionReport)
	httpapi.List[ProductionReport](api, httpapi.ReadSpec{
		OperationID: "list-production-reports",
		Scope:       "production:read", Path: "/v1/production-reports", Tag: tag, Summary: "Production reports, oldest first",
	}, q.ListProductionReports)
}

// CreateWorkOrder is the body of a work order.
type CreateWorkOrder struct {
	Item                  httpapi.Code     `json:"item" doc:"Item to make."`
	Quantity              httpapi.Quantity `json:"quantity" doc:"In the unit named, greater than zero."`
	Unit                  httpapi.Code     `json:"unit,omitempty" doc:"Unit of the quantity; the base unit of the item when left out."`
	Site                  httpapi.Code     `json:"site,omitempty" doc:"Site that makes it; that of the work center, or the only one, when left out."`
	WorkCenter            httpapi.Code     `json:"work_center,omitempty" doc:"Where it is made; that of the last operation of the routing when left out."`
	OutputLocation        httpapi.Code     `json:"output_location,omitempty" doc:"Where finished goods go; that of the work center when left out."`
	Revision              httpapi.Code     `json:"revision,omitempty" doc:"Revision of the bill of material; the one valid on as_of when left out."`
	AsOf                  httpapi.Date     `json:"as_of,omitempty" doc:"Day for which the revision is looked up; the day of the order when left out."`
	DueOn                 httpapi.Date     `json:"due_on,omitempty"`
	ExternalNumber        httpapi.Code     `json:"external_number,omitempty" doc:"Number of the order in another system, unique."`
	OverProductionPercent httpapi.Quantity `json:"over_production_percent,omitempty" doc:"How much more than ordered may be reported good, in percent, 0 to 100; 0 when left out."`
	OverIssuePercent      httpapi.Quantity `json:"over_issue_percent,omitempty" doc:"How much more than required may be issued by scan, in percent, 0 to 100; 10 when left out."`
	Operations            []OrderOperation `json:"operations,omitempty" maxItems:"200" doc:"Steps of this order alone; those of the item's routing when left out."`
	OccurredAt            *time.Time       `json:"occurred_at,omitempty" doc:"When it happened, by the clock of the device."`
}

// OrderOperation is a step of an order that does not follow the routing.
type OrderOperation struct {
	Operation      int32            `json:"operation" minimum:"1" doc:"Place in the order of steps; the last one moves stock."`
	Name           string           `json:"name" minLength:"1" maxLength:"128" doc:"What is done."`
	WorkCenter     httpapi.Code     `json:"work_center" doc:"Where it is done."`
	PlannedMinutes httpapi.Quantity `json:"planned_minutes,omitempty" doc:"Minutes for the whole order; 0 when left out."`
}

// CompleteWorkOrder is the body of a completion.
type CompleteWorkOrder struct {
	WorkOrder  httpapi.Code `json:"work_order" doc:"Number of the work order."`
	OccurredAt *time.Time   `json:"occurred_at,omitempty" doc:"When it happened, by the clock of the device."`
}

// ReopenWorkOrder is the body of a reopening.
type ReopenWorkOrder struct {
	WorkOrder httpapi.Code `json:"work_order" doc:"Number of the work order."`
	Reason    httpapi.Code `json:"reason" doc:"Why."`
}

// CancelWorkOrder is the body of a cancellation.
type CancelWorkOrder struct {
	WorkOrder httpapi.Code `json:"work_order" doc:"Number of the work order."`
}

// WorkOrder is a work order.
type WorkOrder struct {
	Number                string               `json:"number"`
	ExternalNumber        *string              `json:"external_number" nullable:"true" doc:"Number of the order in another system."`
	Site                  string               `json:"site"`
	Item                  string               `json:"item"`
	Revision              *string              `json:"revision" nullable:"true" doc:"Revision of the bill of material; null for an item that has none."`
	Quantity              httpapi.Quantity     `json:"quantity" doc:"To be made, in the base unit."`
	Unit                  string               `json:"unit" doc:"Base unit of the item."`
	State                 string               `json:"state" enum:"released,in_process,completed,closed,cancelled"`
	WorkCenter            *string              `json:"work_center" nullable:"true"`
	OutputLocation        string               `json:"output_location" doc:"Where finished goods go."`
	OverProductionPercent httpapi.Quantity     `json:"over_production_percent"`
	GoodQuantity          httpapi.Quantity     `json:"good_quantity" doc:"Put into stock, in the base unit."`
	ScrapQuantity         httpapi.Quantity     `json:"scrap_quantity"`
	ReworkQuantity        httpapi.Quantity     `json:"rework_quantity" doc:"Sent back for rework; no stock moves for it."`
	DueOn                 *httpapi.Date        `json:"due_on" nullable:"true"`
	ReleasedAt            time.Time            `json:"released_at"`
	CompletedAt           *time.Time           `json:"completed_at" nullable:"true"`
	CreatedAt             time.Time            `json:"created_at"`
	Materials             []WorkOrderMaterial  `json:"materials"`
	Operations            []WorkOrderOperation `json:"operations"`
}

// WorkOrderMaterial is a component of the order.
type WorkOrderMaterial struct {
	Line             int              `json:"line"`
	Item             string           `json:"item"`
	RequiredQuantity httpapi.Quantity `json:"required_quantity" doc:"For the whole order, in the base unit."`
	IssuedQuantity   httpapi.Quantity `json:"issued_quantity" doc:"Issued less returned, by scan and by backflush."`
	Unit             string           `json:"unit" doc:"Base unit of the component."`
	SupplyLocation   string           `json:"supply_location" doc:"Where it is taken from when nobody names a place."`
	IsBackflushed    bool             `json:"is_backflushed" doc:"Taken by the production report."`
}

// WorkOrderOperation is a step of the order.
type WorkOrderOperation struct {
	Operation      int              `json:"operation" doc:"Number of the step within the order."`
	Name           string           `json:"name"`
	WorkCenter     string           `json:"work_center"`
	PlannedMinutes httpapi.Quantity `json:"planned_minutes" doc:"Setup and run time for the whole order."`
	GoodQuantity   httpapi.Quantity `json:"good_quantity"`
	ScrapQuantity  httpapi.Quantity `json:"scrap_quantity"`
	ReworkQuantity httpapi.Quantity `json:"rework_quantity"`
}

// IssueMaterial is the body of an issue of material.
type IssueMaterial struct {
	WorkOrder  httpapi.Code   `json:"work_order" doc:"Number of the work order."`
	Lines      []MaterialLine `json:"lines" minItems:"1" maxItems:"1000"`
	OccurredAt *time.Time     `json:"occurred_at,omitempty" doc:"When it happened, by the clock of the device."`
}

// ReturnMaterial is the body of a return of material.
type ReturnMaterial struct {
	WorkOrder  httpapi.Code   `json:"work_order" doc:"Number of the work order."`
	Lines      []MaterialLine `json:"lines" minItems:"1" maxItems:"1000"`
	OccurredAt *time.Time     `json:"occurred_at,omitempty" doc:"When it happened, by the clock of the device."`
}

// MaterialLine is one material that is issued or comes back. It names an item or a barcode.
type MaterialLine struct {
	Item           httpapi.Code     `json:"item,omitempty" doc:"Item number; from the barcode when left out."`
	Barcode        string           `json:"barcode,omitempty" minLength:"1" maxLength:"200" doc:"What the scanner read: may carry item, lot, unit and quantity."`
	Lot            httpapi.Code     `json:"lot,omitempty" doc:"Lot or serial number; an issue takes what expires first when left out."`
	Quantity       httpapi.Quantity `json:"quantity,omitempty" doc:"In the unit named, greater than zero; from the barcode when left out."`
	Unit           httpapi.Code     `json:"unit,omitempty" doc:"Unit of the quantity; that of the barcode, else the base unit of the item, when left out."`
	SecondQuantity httpapi.Quantity `json:"second_quantity,omitempty" doc:"Catch weight: what the scale shows, in the second unit of the item; required when it has one, unless all of the lot at its place is issued."`
	Location       httpapi.Code     `json:"location,omitempty" doc:"Storage location; the supply location of the material, or where the lot lies, when left out."`
}

// ReverseMaterialIssue is the body of the reversal of an issue or return.
type ReverseMaterialIssue struct {
	MaterialIssue httpapi.Code `json:"material_issue" doc:"Number of the issue or return."`
	Reason        httpapi.Code `json:"reason" doc:"Why."`
	OccurredAt    *time.Time   `json:"occurred_at,omitempty" doc:"When it happened, by the clock of the device."`
}

// MaterialIssue is an issue or return of material.
type MaterialIssue struct {
	Number     string              `json:"number"`
	Kind       string              `json:"kind" enum:"issue,return"`
	WorkOrder  string              `json:"work_order"`
	IsReversed bool                `json:"is_reversed" doc:"Whether it was taken back."`
	OccurredAt time.Time           `json:"occurred_at"`
	CreatedAt  time.Time           `json:"created_at"`
	Lines      []MaterialIssueLine `json:"lines"`
}

// MaterialIssueLine is one issued or returned lot.
type MaterialIssueLine struct {
	Line           int              `json:"line"`
	Item           string           `json:"item"`
	Lot            *string          `json:"lot" nullable:"true" doc:"Null for an item that is not tracked."`
	Location       string           `json:"location" doc:"Where it was taken from or put back to."`
	Quantity       httpapi.Quantity `json:"quantity" doc:"In the base unit."`
	Unit           string           `json:"unit" doc:"Base unit of the item."`
	SecondQuantity httpapi.Quantity `json:"second_quantity,omitempty" doc:"Catch weight; left out when the item has no second unit."`
	SecondUnit     string           `json:"second_unit,omitempty"`
}

// ReportProduction is the body of a production report.
type ReportProduction struct {
	WorkOrder           httpapi.Code             `json:"work_order" doc:"Number of the work order."`
	Kind                string                   `json:"kind,omitempty" enum:"production,setup,breakdown" doc:"production when left out; the others carry time only."`
	Operation           int32                    `json:"operation,omitempty" minimum:"1" doc:"Operation of the order; the order as a whole when left out."`
	WorkCenter          httpapi.Code             `json:"work_center,omitempty" doc:"Where it was made; that of the operation or order when left out."`
	GoodQuantity        httpapi.Quantity         `json:"good_quantity,omitempty" doc:"In the unit named; 0 when left out."`
	ScrapQuantity       httpapi.Quantity         `json:"scrap_quantity,omitempty" doc:"In the unit named; 0 when left out."`
	ReworkQuantity      httpapi.Quantity         `json:"rework_quantity,omitempty" doc:"In the unit named; 0 when left out."`
	Unit                httpapi.Code             `json:"unit,omitempty" doc:"Unit of the quantities; the base unit of the item when left out."`
	GoodSecondQuantity  httpapi.Quantity         `json:"good_second_quantity,omitempty" doc:"Catch weight of what is good and goes into stock, in the second unit of the item; required when it has one."`
	ScrapSecondQuantity httpapi.Quantity         `json:"scrap_second_quantity,omitempty" doc:"Catch weight of the scrap, likewise."`
	ScrapReason         httpapi.Code             `json:"scrap_reason,omitempty" doc:"Why; required with scrap."`
	Lot                 httpapi.Code             `json:"lot,omitempty" doc:"Finished lot or serial number; made when a tracked item names none. A lot may be reported in several portions by its own order."`
	ManufacturedOn      httpapi.Date             `json:"manufactured_on,omitempty" doc:"Day of the lot; that of the report when left out."`
	ExpiresOn           httpapi.Date             `json:"expires_on,omitempty" doc:"Last day of use of the lot; from the shelf life of the item when left out."`
	Location            httpapi.Code             `json:"location,omitempty" doc:"Where the goods go; the output location of the order when left out. In quarantine the lot waits for its release."`
	Operator            httpapi.Code             `json:"operator,omitempty" doc:"Who did the work; the sender when left out."`
	StartedAt           *time.Time               `json:"started_at,omitempty"`
	EndedAt             *time.Time               `json:"ended_at,omitempty"`
	Materials           []ReportProductionSource `json:"materials,omitempty" maxItems:"1000" doc:"Lots that backflush takes; the rest is taken by expiry."`
	ByProducts          []ReportByProduct        `json:"by_products,omitempty" maxItems:"100" doc:"What else came of the work. It is worth its standard cost, and the goods cost that much less."`
	OccurredAt          *time.Time               `json:"occurred_at,omitempty" doc:"When it happened, by the clock of the device."`
}

// ReportByProduct is a by-product of a report.
type ReportByProduct struct {
	Item      httpapi.Code     `json:"item" doc:"Item number of the by-product: another item than the goods."`
	Quantity  httpapi.Quantity `json:"quantity" doc:"In the unit named."`
	Lot       httpapi.Code     `json:"lot,omitempty" doc:"Its lot or serial number; made when a tracked item names none. It has in it what the report used, as the finished lot does."`
	ExpiresOn httpapi.Date     `json:"expires_on,omitempty" doc:"Last day of use of the lot; from the shelf life of the item when left out."`
	Unit      httpapi.Code     `json:"unit,omitempty" doc:"Unit of the quantity; the base unit of the item when left out."`
	Location  httpapi.Code     `json:"location,omitempty" doc:"Where it is put; the default location of the item, else the output location of the order, when left out."`
}

// ReportProductionSource names a lot for the backflush.
type ReportProductionSource struct {
	Item           httpapi.Code     `json:"item" doc:"Item number of the material."`
	Lot            httpapi.Code     `json:"lot,omitempty" doc:"Lot or serial number; required when the item is tracked."`
	Quantity       httpapi.Quantity `json:"quantity,omitempty" doc:"How much of it, in the unit named; as much as is needed and there when left out."`
	Unit           httpapi.Code     `json:"unit,omitempty" doc:"Unit of the quantity; the base unit of the item when left out."`
	Location       httpapi.Code     `json:"location,omitempty" doc:"Where it is taken from; the supply location of the material when left out."`
	SecondQuantity httpapi.Quantity `json:"second_quantity,omitempty" doc:"Catch weight: what the scale shows, in the second unit of the item; required when it has one, unless all of the lot at its place is used."`
}

// ReverseProductionReport is the body of a report's reversal.
type ReverseProductionReport struct {
	ProductionReport httpapi.Code `json:"production_report" doc:"Number of the report."`
	Reason           httpapi.Code `json:"reason" doc:"Why."`
	OccurredAt       *time.Time   `json:"occurred_at,omitempty" doc:"When it happened, by the clock of the device."`
}

// ProductionReport is a production report.
type ProductionReport struct {
	Number              string                     `json:"number"`
	Kind                string                     `json:"kind" enum:"production,setup,breakdown"`
	WorkOrder           string                     `json:"work_order"`
	Item                string                     `json:"item"`
	Operation           *int                       `json:"operation" nullable:"true" doc:"Null for a report of the order as a whole."`
	WorkCenter          *string                    `json:"work_center" nullable:"true"`
	GoodQuantity        httpapi.Quantity           `json:"good_quantity" doc:"In the base unit."`
	ScrapQuantity       httpapi.Quantity           `json:"scrap_quantity"`
	ReworkQuantity      httpapi.Quantity           `json:"rework_quantity"`
	Unit                string                     `json:"unit" doc:"Base unit of the item."`
	GoodSecondQuantity  httpapi.Quantity           `json:"good_second_quantity,omitempty" doc:"Catch weight of what went into stock; left out when the item has no second unit."`
	ScrapSecondQuantity httpapi.Quantity           `json:"scrap_second_quantity,omitempty"`
	SecondUnit          string                     `json:"second_unit,omitempty"`
	ScrapReason         *string                    `json:"scrap_reason" nullable:"true"`
	MovesStock          bool                       `json:"moves_stock" doc:"Whether goods and material moved."`
	Lot                 *string                    `json:"lot" nullable:"true" doc:"Finished lot; null for an item that is not tracked."`
	ExpiresOn           *httpapi.Date              `json:"expires_on" nullable:"true" doc:"Last day of use of the lot."`
	Location            *string                    `json:"location" nullable:"true" doc:"Where the goods went."`
	Operator            string                     `json:"operator" doc:"Who did the work."`
	StartedAt           *time.Time                 `json:"started_at" nullable:"true"`
	EndedAt             *time.Time                 `json:"ended_at" nullable:"true"`
	DurationMinutes     *httpapi.Quantity          `json:"duration_minutes" nullable:"true" doc:"From start to end."`
	IsReversed          bool                       `json:"is_reversed" doc:"Whether it was taken back."`
	OccurredAt          time.Time                  `json:"occurred_at"`
	CreatedAt           time.Time                  `json:"created_at"`
	Materials           []ProductionReportMaterial `json:"materials"`
	ByProducts          []ReportedByProduct        `json:"by_products" doc:"What else came of the work."`
}

// ReportedByProduct is a by-product that went into stock.
type ReportedByProduct struct {
	Item     string           `json:"item"`
	Lot      *string          `json:"lot" nullable:"true" doc:"Null for an item that is not tracked."`
	Location string           `json:"location" doc:"Where it was put."`
	Quantity httpapi.Quantity `json:"quantity" doc:"In the base unit."`
	Unit     string           `json:"unit" doc:"Base unit of the item."`
}

// ProductionReportMaterial is what a report used of one lot.
type ProductionReportMaterial struct {
	Item           string           `json:"item"`
	Lot            *string          `json:"lot" nullable:"true" doc:"Null for an item that is not tracked."`
	Location       *string          `json:"location" nullable:"true" doc:"Where backflush took it from; null when it was issued by scan."`
	Quantity       httpapi.Quantity `json:"quantity" doc:"In the base unit."`
	Unit           string           `json:"unit" doc:"Base unit of the item."`
	IsBackflushed  bool             `json:"is_backflushed" doc:"False: issued by scan before, and counted to this report."`
	SecondQuantity httpapi.Quantity `json:"second_quantity,omitempty" doc:"Catch weight; left out when the item has no second unit."`
	SecondUnit     string           `json:"second_unit,omitempty"`
}
