// Package sales is the Go side of the schema of the same name: sales orders and the stock
// reserved for them. The rules are in SQL; here the operations get their HTTP face.
package sales

import (
	"time"

	"github.com/millrace-erp/millrace/internal/httpapi"
	"github.com/millrace-erp/millrace/internal/pg"
	"github.com/millrace-erp/millrace/internal/sales/internal/db"
)

const tag = "Sales"

// Register adds the operations of the room to the API.
func Register(api *httpapi.API, primary *pg.Primary) {
	q := db.New(primary)
	httpapi.Command[CreateSalesOrder, SalesOrder](api, httpapi.CommandSpec{
		OperationID: "create-sales-order",
		Scope:       "sales:write", Path: "/v1/sales-orders", Tag: tag,
		Summary:     "Take an order of a customer",
		Description: "Lines are numbered 1, 2, 3 in the order given.",
		Refusals:    []string{"MR101", "MR103", "MR104", "MR107", "MR110", "MR111", "MR112", "MR503", "MR504"},
	}, q.CreateSalesOrder)
	httpapi.Command[ReserveSalesOrder, Reservation](api, httpapi.CommandSpec{
		OperationID: "reserve-sales-order",
		Scope:       "sales:write", Path: "/v1/reservations", Tag: tag,
		Summary:     "Reserve stock for an order",
		Description: "Takes free, released stock, first expiring first out, as much as there is; the answer says what is missing. Without lines, everything that is still open is reserved.",
		Refusals:    []string{"MR110", "MR111", "MR112", "MR501", "MR502", "MR505", "MR506", "MR508"},
	}, q.ReserveSalesOrder)
	httpapi.Command[ExtendReservation, SalesOrder](api, httpapi.CommandSpec{
		OperationID: "extend-reservation",
		Scope:       "sales:write", Path: "/v1/reservation-extensions", Tag: tag,
		Summary:     "Keep what is reserved for an order until another time",
		Description: "What was given back already stays given back.",
		Refusals:    []string{"MR501", "MR502", "MR505", "MR508"},
	}, q.ExtendReservation)
	httpapi.Command[ReleaseSalesOrder, SalesOrder](api, httpapi.CommandSpec{
		OperationID: "release-sales-order",
		Scope:       "sales:write", Path: "/v1/reservation-releases", Tag: tag,
		Summary:  "Free what is reserved for an order",
		Refusals: []string{"MR501", "MR505"},
	}, q.ReleaseSalesOrder)
	httpapi.Command[EndSalesOrder, SalesOrder](api, httpapi.CommandSpec{
		OperationID: "cancel-sales-order",
		Scope:       "sales:write", Path: "/v1/sales-order-cancellations", Tag: tag,
		Summary:  "Cancel an order of which nothing is picked",
		Refusals: []string{"MR501", "MR502", "MR507"},
	}, q.CancelSalesOrder)
	httpapi.Command[EndSalesOrder, SalesOrder](api, httpapi.CommandSpec{
		OperationID: "close-sales-order",
		Scope:       "sales:write", Path: "/v1/sales-order-closings", Tag: tag,
		Summary:     "Close an order, shipped in full or not",
		Description: "Nothing more is delivered for it. Returns and invoices of what was shipped go on.",
		Refusals:    []string{"MR501", "MR502", "MR507"},
	}, q.CloseSalesOrder)
	httpapi.Get[SalesOrder](api, httpapi.ReadSpec{
		OperationID: "get-sales-order",
		Scope:       "sales:read", Path: "/v1/sales-orders/{number}", Tag: tag, Summary: "One sales order, and where its reserved stock lies",
	}, q.GetSalesOrder)
	httpapi.List[SalesOrder](api, httpapi.ReadSpec{
		OperationID: "list-sales-orders",
		Scope:       "sales:read", Path: "/v1/sales-orders", Tag: tag, Summary: "Sales orders, latest first",
	}, q.ListSalesOrders)
}

// CreateSalesOrder is an order as it comes in.
type CreateSalesOrder struct {
	Site              httpapi.Code           `json:"site" doc:"Site that delivers."`
	Customer          httpapi.Code           `json:"customer" doc:"Partner that orders."`
	Currency          httpapi.Currency       `json:"currency,omitempty" doc:"Currency of the prices; the customer's unless said otherwise."`
	OrderedOn         httpapi.Date           `json:"ordered_on,omitempty" doc:"Day of the order; today at the site unless said otherwise."`
	RequestedOn       httpapi.Date           `json:"requested_on,omitempty" doc:"Day on which the customer wants the goods, not before the order."`
	CustomerReference string                 `json:"customer_reference,omitempty" maxLength:"100" doc:"The customer's own order number."`
	ExternalNumber    string                 `json:"external_number,omitempty" maxLength:"32" pattern:"^[A-Za-z0-9][A-Za-z0-9._/-]{0,31}$" doc:"Number in the system that the order comes from; used once."`
	Lines             []CreateSalesOrderLine `json:"lines" minItems:"1" maxItems:"1000"`
}

// CreateSalesOrderLine is an ordered item.
type CreateSalesOrderLine struct {
	Item      httpapi.Code     `json:"item"`
	Quantity  httpapi.Quantity `json:"quantity" doc:"Ordered quantity, in unit."`
	Unit      httpapi.Code     `json:"unit,omitempty" doc:"The base unit of the item unless said otherwise."`
	UnitPrice httpapi.Money    `json:"unit_price" doc:"Net price of one unit."`
}

// ReserveSalesOrder asks for stock.
type ReserveSalesOrder struct {
	SalesOrder httpapi.Code            `json:"sales_order"`
	Lines      []ReserveSalesOrderLine `json:"lines,omitempty" minItems:"1" maxItems:"1000" doc:"Only these lines."`
	ExpiresAt  *time.Time              `json:"expires_at,omitempty" doc:"When what this request reserves and is not picked is given back; never by itself, unless said otherwise."`
}

// ExtendReservation says until when stock stays reserved.
type ExtendReservation struct {
	SalesOrder httpapi.Code `json:"sales_order"`
	Lines      []int32      `json:"lines,omitempty" minItems:"1" maxItems:"1000" doc:"Only these lines."`
	ExpiresAt  *time.Time   `json:"expires_at,omitempty" doc:"When what is not picked is given back; never by itself, unless said otherwise."`
}

// ReserveSalesOrderLine asks for stock for one line.
type ReserveSalesOrderLine struct {
	Line     int32            `json:"line" minimum:"1" doc:"Line of the order."`
	Quantity httpapi.Quantity `json:"quantity,omitempty" doc:"How much, in unit; all that is open unless said otherwise."`
	Unit     httpapi.Code     `json:"unit,omitempty" doc:"The base unit of the item unless said otherwise."`
}

// ReleaseSalesOrder gives stock back.
type ReleaseSalesOrder struct {
	SalesOrder httpapi.Code `json:"sales_order"`
	Lines      []int32      `json:"lines,omitempty" minItems:"1" maxItems:"1000" doc:"Only these lines."`
}

// EndSalesOrder names the order to cancel or close.
type EndSalesOrder struct {
	SalesOrder httpapi.Code `json:"sales_order"`
}

// Reservation is what could be reserved.
type Reservation struct {
	SalesOrder string            `json:"sales_order"`
	ExpiresAt  *time.Time        `json:"expires_at" nullable:"true" doc:"When what is not picked is given back; null: never by itself."`
	IsComplete bool              `json:"is_complete" doc:"Nothing is missing."`
	Lines      []ReservationLine `json:"lines"`
}

// ReservationLine is what could be reserved for one line, in base units of the item.
type ReservationLine struct {
	Line          int32            `json:"line"`
	Item          string           `json:"item"`
	Unit          string           `json:"unit" doc:"Base unit of the item."`
	Wanted        httpapi.Quantity `json:"wanted" doc:"What this request asked for."`
	Reserved      httpapi.Quantity `json:"reserved" doc:"What this request got."`
	Missing       httpapi.Quantity `json:"missing" doc:"What was not free."`
	ReservedInAll httpapi.Quantity `json:"reserved_in_all" doc:"What is reserved for the line now."`
}

// SalesOrder is an order and how far it is.
type SalesOrder struct {
	Number            string           `json:"number"`
	ExternalNumber    *string          `json:"external_number" nullable:"true"`
	Site              string           `json:"site"`
	Customer          string           `json:"customer"`
	CustomerName      string           `json:"customer_name"`
	Currency          httpapi.Currency `json:"currency"`
	State             string           `json:"state" enum:"released,closed,cancelled"`
	OrderedOn         httpapi.Date     `json:"ordered_on"`
	RequestedOn       *httpapi.Date    `json:"requested_on" nullable:"true"`
	CustomerReference *string          `json:"customer_reference" nullable:"true"`
	CreatedAt         time.Time        `json:"created_at"`
	Lines             []SalesOrderLine `json:"lines"`
}

// SalesOrderLine is an ordered item. Counters are in base units.
type SalesOrderLine struct {
	Line             int32            `json:"line"`
	Item             string           `json:"item"`
	ItemName         string           `json:"item_name"`
	Quantity         httpapi.Quantity `json:"quantity" doc:"Ordered, in unit."`
	Unit             string           `json:"unit"`
	UnitPrice        httpapi.Money    `json:"unit_price" doc:"Net price of one unit."`
	BaseQuantity     httpapi.Quantity `json:"base_quantity" doc:"Ordered, in base units."`
	BaseUnit         string           `json:"base_unit" doc:"Unit of all quantities below."`
	ReservedQuantity httpapi.Quantity `json:"reserved_quantity" doc:"Reserved and not picked yet."`
	PickedQuantity   httpapi.Quantity `json:"picked_quantity" doc:"Brought to staging, shipped or not."`
	ShippedQuantity  httpapi.Quantity `json:"shipped_quantity"`
	ReturnedQuantity httpapi.Quantity `json:"returned_quantity"`
	InvoicedQuantity httpapi.Quantity `json:"invoiced_quantity"`
	CreditedQuantity httpapi.Quantity `json:"credited_quantity"`
	Reservations     []ReservedStock  `json:"reservations" doc:"Where the reserved stock lies, first to pick first."`
}

// ReservedStock is stock that waits for a pick.
type ReservedStock struct {
	Lot       *string          `json:"lot" nullable:"true"`
	ExpiresOn *httpapi.Date    `json:"expires_on" nullable:"true"`
	Location  string           `json:"location"`
	Quantity  httpapi.Quantity `json:"quantity"`
	ExpiresAt *time.Time       `json:"expires_at" nullable:"true" doc:"When it is given back if it is not picked; null: never by itself."`
}
