// Package shipping is the Go side of the schema of the same name: picks, boxes and pallets,
// shipments and returns. The rules are in SQL; here the operations get their HTTP face.
package shipping

import (
	"time"

	"github.com/millrace-erp/millrace/internal/httpapi"
	"github.com/millrace-erp/millrace/internal/pg"
	"github.com/millrace-erp/millrace/internal/shipping/internal/db"
)

const tag = "Shipping"

// Register adds the operations of the room to the API.
func Register(api *httpapi.API, primary *pg.Primary) {
	q := db.New(primary)
	registerPicks(api, q)
	registerUnits(api, q)
	registerShipments(api, q)
	registerReturns(api, q)
}

func registerPicks(api *httpapi.API, q *db.Queries) {
	httpapi.Command[PickGoods, Pick](api, httpapi.CommandSpec{
		OperationID: "pick-goods",
		Scope:       "shipping:write", Path: "/v1/picks", Tag: tag,
		Summary:     "Bring goods of an order to staging",
		Description: "Takes what is reserved for the line first, then free stock, each in the issue order of the item: first expiring or oldest first; or the lot or the place that was scanned. One line of the request may become several, one per lot and place.",
		Refusals:    []string{"MR102", "MR110", "MR111", "MR112", "MR201", "MR202", "MR204", "MR205", "MR206", "MR501", "MR502", "MR505", "MR506", "MR512", "MR515", "MR516", "MR528", "MR228", "MR229"},
	}, q.PickGoods)
	httpapi.Command[ReversePick, Pick](api, httpapi.CommandSpec{
		OperationID: "reverse-pick",
		Scope:       "shipping:write", Path: "/v1/pick-reversals", Tag: tag,
		Summary:     "Bring picked goods back to where they were",
		Description: "They are free stock there: reserve them again where they are still wanted.",
		Refusals:    []string{"MR106", "MR109", "MR209", "MR510", "MR514"},
	}, q.ReversePick)
	httpapi.Get[Pick](api, httpapi.ReadSpec{
		OperationID: "get-pick",
		Scope:       "shipping:read", Path: "/v1/picks/{number}", Tag: tag, Summary: "One pick",
	}, q.GetPick)
	httpapi.List[Pick](api, httpapi.ReadSpec{
		OperationID: "list-picks",
		Scope:       "shipping:read", Path: "/v1/picks", Tag: tag, Summary: "Picks, latest first",
	}, q.ListPicks)
}

func registerUnits(api *httpapi.API, q *db.Queries) {
	httpapi.Command[PackHandlingUnit, HandlingUnit](api, httpapi.CommandSpec{
		OperationID: "pack-handling-unit",
		Scope:       "shipping:write", Path: "/v1/handling-units", Tag: tag,
		Summary:     "Pack picked goods into a box or onto a pallet",
		Description: "The box or pallet gets an SSCC and its label is rendered. Boxes stand on one pallet each: name the pallet as `parent` of a new box, or the boxes as `children` of a new pallet.",
		Refusals:    []string{"MR110", "MR111", "MR112", "MR501", "MR510", "MR511", "MR520", "MR521", "MR522", "MR523", "MR524", "MR526", "MR527", "MR228", "MR230"},
	}, q.PackHandlingUnit)
	httpapi.Command[UnpackHandlingUnit, HandlingUnit](api, httpapi.CommandSpec{
		OperationID: "unpack-handling-unit",
		Scope:       "shipping:write", Path: "/v1/handling-unit-unpackings", Tag: tag,
		Summary:     "Dissolve a box or pallet",
		Description: "Its goods lie in staging again, the boxes on it stand there by themselves. The SSCC is not given again.",
		Refusals:    []string{"MR520", "MR522"},
	}, q.UnpackHandlingUnit)
	httpapi.Get[HandlingUnit](api, httpapi.ReadSpec{
		OperationID: "get-handling-unit",
		Scope:       "shipping:read", Path: "/v1/handling-units/{number}", Tag: tag, Summary: "One box or pallet, by its SSCC",
	}, q.GetHandlingUnit)
	httpapi.List[HandlingUnit](api, httpapi.ReadSpec{
		OperationID: "list-handling-units",
		Scope:       "shipping:read", Path: "/v1/handling-units", Tag: tag, Summary: "Boxes and pallets, latest first",
	}, q.ListHandlingUnits)
}

func registerShipments(api *httpapi.API, q *db.Queries) {
	httpapi.Command[ShipGoods, Shipment](api, httpapi.CommandSpec{
		OperationID: "ship-goods",
		Scope:       "shipping:write", Path: "/v1/shipments", Tag: tag,
		Summary:     "Ship boxes and pallets with a delivery note",
		Description: "Name the boxes and pallets, or the orders of which everything packed is to leave. The delivery note is numbered without gaps per site and year, and rendered.",
		Refusals:    []string{"MR103", "MR202", "MR501", "MR502", "MR520", "MR522", "MR523", "MR525", "MR530", "MR531"},
	}, q.ShipGoods)
	httpapi.Command[ReverseShipment, Shipment](api, httpapi.CommandSpec{
		OperationID: "reverse-shipment",
		Scope:       "shipping:write", Path: "/v1/shipment-reversals", Tag: tag,
		Summary:     "Take back a shipment that did not leave",
		Description: "Boxes and pallets are in staging again, packed as they were. The delivery note keeps its number; a new shipment gets a new one. An order that was closed meanwhile is open again.",
		Refusals:    []string{"MR106", "MR109", "MR209", "MR532", "MR533"},
	}, q.ReverseShipment)
	httpapi.Get[Shipment](api, httpapi.ReadSpec{
		OperationID: "get-shipment",
		Scope:       "shipping:read", Path: "/v1/shipments/{number}", Tag: tag, Summary: "One shipment, by its number or that of its delivery note",
	}, q.GetShipment)
	httpapi.List[Shipment](api, httpapi.ReadSpec{
		OperationID: "list-shipments",
		Scope:       "shipping:read", Path: "/v1/shipments", Tag: tag, Summary: "Shipments, latest first",
	}, q.ListShipments)
}

func registerReturns(api *httpapi.API, q *db.Queries) {
	httpapi.Command[ReturnGoods, CustomerReturn](api, httpapi.CommandSpec{
		OperationID: "return-goods",
		Scope:       "shipping:write", Path: "/v1/customer-returns", Tag: tag,
		Summary:     "Take goods back from a customer",
		Description: "They keep their lot and go to a quarantine location, where nothing is picked, until they are inspected. The lot keeps its status, since the rest of it is still good.",
		Refusals:    []string{"MR102", "MR106", "MR109", "MR110", "MR111", "MR112", "MR515", "MR516", "MR532", "MR534", "MR535", "MR536", "MR228"},
	}, q.ReturnGoods)
	httpapi.Command[ReverseCustomerReturn, CustomerReturn](api, httpapi.CommandSpec{
		OperationID: "reverse-customer-return",
		Scope:       "shipping:write", Path: "/v1/customer-return-reversals", Tag: tag,
		Summary:  "Take back a customer return that was posted by mistake",
		Refusals: []string{"MR106", "MR109", "MR209", "MR540", "MR543"},
	}, q.ReverseCustomerReturn)
	httpapi.Command[InspectReturn, ReturnInspection](api, httpapi.CommandSpec{
		OperationID: "inspect-return",
		Scope:       "shipping:write", Path: "/v1/return-inspections", Tag: tag,
		Summary:     "Decide about returned goods",
		Description: "Accepted goods go back to storage, rejected ones to a rejected location.",
		Refusals:    []string{"MR102", "MR110", "MR111", "MR112", "MR202", "MR515", "MR516", "MR540", "MR541", "MR542", "MR544", "MR228", "MR229", "MR230"},
	}, q.InspectReturn)
	httpapi.Command[ReverseReturnInspection, ReturnInspection](api, httpapi.CommandSpec{
		OperationID: "reverse-return-inspection",
		Scope:       "shipping:write", Path: "/v1/return-inspection-reversals", Tag: tag,
		Summary:  "Bring inspected returns back to quarantine",
		Refusals: []string{"MR106", "MR109", "MR201", "MR209", "MR545"},
	}, q.ReverseReturnInspection)
	httpapi.Get[CustomerReturn](api, httpapi.ReadSpec{
		OperationID: "get-customer-return",
		Scope:       "shipping:read", Path: "/v1/customer-returns/{number}", Tag: tag, Summary: "One customer return",
	}, q.GetCustomerReturn)
	httpapi.List[CustomerReturn](api, httpapi.ReadSpec{
		OperationID: "list-customer-returns",
		Scope:       "shipping:read", Path: "/v1/customer-returns", Tag: tag, Summary: "Customer returns, latest first",
	}, q.ListCustomerReturns)
	httpapi.Get[ReturnInspection](api, httpapi.ReadSpec{
		OperationID: "get-return-inspection",
		Scope:       "shipping:read", Path: "/v1/return-inspections/{number}", Tag: tag, Summary: "One inspection of returned goods",
	}, q.GetReturnInspection)
	httpapi.List[ReturnInspection](api, httpapi.ReadSpec{
		OperationID: "list-return-inspections",
		Scope:       "shipping:read", Path: "/v1/return-inspections", Tag: tag, Summary: "Inspections of returned goods, latest first",
	}, q.ListReturnInspections)
}

// PickGoods brings goods to staging.
type PickGoods struct {
	SalesOrder      httpapi.Code    `json:"sales_order"`
	StagingLocation httpapi.Code    `json:"staging_location,omitempty" doc:"The first staging location of the site unless said otherwise."`
	OccurredAt      *time.Time      `json:"occurred_at,omitempty" doc:"When it happened, by the clock of the device."`
	Lines           []PickGoodsLine `json:"lines" minItems:"1" maxItems:"1000"`
}

// PickGoodsLine is what is taken for one line of the order.
type PickGoodsLine struct {
	Line           int32            `json:"line" minimum:"1" doc:"Line of the order."`
	Quantity       httpapi.Quantity `json:"quantity" doc:"In unit."`
	Unit           httpapi.Code     `json:"unit,omitempty" doc:"The base unit of the item unless said otherwise."`
	Lot            httpapi.Code     `json:"lot,omitempty" doc:"Only this lot."`
	Barcode        string           `json:"barcode,omitempty" minLength:"1" maxLength:"200" doc:"What was scanned: it must be the item of the line, and names the lot if it holds one."`
	Location       httpapi.Code     `json:"location,omitempty" doc:"Only from this storage location."`
	SecondQuantity httpapi.Quantity `json:"second_quantity,omitempty" doc:"Catch weight: what the scale shows, in the second unit of the item; required when it has one, unless all of a lot at its place is taken."`
}

// ReversePick names the pick to take back.
type ReversePick struct {
	Pick       httpapi.Code `json:"pick"`
	Reason     httpapi.Code `json:"reason"`
	OccurredAt *time.Time   `json:"occurred_at,omitempty" doc:"When it happened, by the clock of the device."`
}

// Pick is goods brought to staging.
type Pick struct {
	Number          string     `json:"number"`
	SalesOrder      string     `json:"sales_order"`
	StagingLocation string     `json:"staging_location"`
	IsReversed      bool       `json:"is_reversed"`
	PickedAt        time.Time  `json:"picked_at"`
	Lines           []PickLine `json:"lines"`
}

// PickLine is one lot from one place. Quantities are in base units.
type PickLine struct {
	Line             int32            `json:"line"`
	SalesOrderLine   int32            `json:"sales_order_line"`
	Item             string           `json:"item"`
	ItemName         string           `json:"item_name"`
	Lot              *string          `json:"lot" nullable:"true"`
	ExpiresOn        *httpapi.Date    `json:"expires_on" nullable:"true"`
	Location         string           `json:"location" doc:"Where it was taken."`
	Quantity         httpapi.Quantity `json:"quantity"`
	Unit             string           `json:"unit" doc:"Base unit of the item."`
	ReservedQuantity httpapi.Quantity `json:"reserved_quantity" doc:"What of it was reserved for the line; the rest was free."`
	PackedQuantity   httpapi.Quantity `json:"packed_quantity" doc:"What of it lies in boxes and on pallets, shipped or not."`
	SecondQuantity   httpapi.Quantity `json:"second_quantity,omitempty" doc:"Catch weight; left out when the item has no second unit."`
	SecondUnit       string           `json:"second_unit,omitempty"`
}

// PackHandlingUnit fills a new box or pallet.
type PackHandlingUnit struct {
	Kind       string                 `json:"kind" enum:"box,pallet"`
	SalesOrder httpapi.Code           `json:"sales_order,omitempty" doc:"All contents are of this order; a pallet may be made for it before anything stands on it."`
	Contents   []PackHandlingUnitLine `json:"contents,omitempty" minItems:"1" maxItems:"1000" doc:"What lies directly in it."`
	Children   []httpapi.Code         `json:"children,omitempty" minItems:"1" maxItems:"1000" doc:"SSCCs of the boxes that stand on the new pallet."`
	Parent     httpapi.Code           `json:"parent,omitempty" doc:"SSCC of the pallet that the new box stands on."`
	OccurredAt *time.Time             `json:"occurred_at,omitempty" doc:"When it happened, by the clock of the device."`
}

// PackHandlingUnitLine is what is taken from one line of a pick.
type PackHandlingUnitLine struct {
	Pick           httpapi.Code     `json:"pick"`
	Line           int32            `json:"line" minimum:"1" doc:"Line of the pick."`
	Quantity       httpapi.Quantity `json:"quantity" doc:"In unit."`
	Unit           httpapi.Code     `json:"unit,omitempty" doc:"The base unit of the item unless said otherwise."`
	SecondQuantity httpapi.Quantity `json:"second_quantity,omitempty" doc:"Catch weight: what the scale shows, in the second unit of the item; required when it has one, unless all that is left of the line is packed, which weighs what is left."`
}

// UnpackHandlingUnit names the box or pallet to dissolve.
type UnpackHandlingUnit struct {
	HandlingUnit httpapi.Code `json:"handling_unit" doc:"Its SSCC."`
}

// HandlingUnit is a box or pallet, as its label says.
type HandlingUnit struct {
	SSCC        string         `json:"sscc"`
	Kind        string         `json:"kind" enum:"box,pallet"`
	State       string         `json:"state" enum:"packed,shipped,unpacked"`
	Parent      *string        `json:"parent" nullable:"true" doc:"SSCC of the pallet that the box stands on."`
	Children    []string       `json:"children" doc:"SSCCs of the boxes that stand on the pallet."`
	PackedAt    time.Time      `json:"packed_at"`
	Site        Site           `json:"site"`
	Customer    Partner        `json:"customer"`
	SalesOrders []OrderName    `json:"sales_orders"`
	Shipment    *string        `json:"shipment" nullable:"true" doc:"The shipment that it left with."`
	Contents    []UnitContents `json:"contents" doc:"What lies in it and in the boxes on it."`
}

// OrderName is an order that goods are for.
type OrderName struct {
	Number            string  `json:"number"`
	CustomerReference *string `json:"customer_reference" nullable:"true"`
}

// UnitContents is goods in a box or on a pallet.
type UnitContents struct {
	HandlingUnit   string           `json:"handling_unit" doc:"SSCC of the box or pallet that it lies in."`
	Pick           string           `json:"pick"`
	Line           int32            `json:"line" doc:"Line of the pick."`
	Item           string           `json:"item"`
	ItemName       string           `json:"item_name"`
	GTIN           *string          `json:"gtin" nullable:"true"`
	Lot            *string          `json:"lot" nullable:"true"`
	ExpiresOn      *httpapi.Date    `json:"expires_on" nullable:"true"`
	Quantity       httpapi.Quantity `json:"quantity" doc:"Base units."`
	Unit           string           `json:"unit" doc:"Base unit of the item."`
	SecondQuantity httpapi.Quantity `json:"second_quantity,omitempty" doc:"Catch weight; left out when the item has no second unit."`
	SecondUnit     string           `json:"second_unit,omitempty"`
}

// Site is where goods come from.
type Site struct {
	Code       string  `json:"code"`
	Name       string  `json:"name"`
	Street     string  `json:"street"`
	PostalCode string  `json:"postal_code"`
	City       string  `json:"city"`
	Country    string  `json:"country"`
	GLN        *string `json:"gln" nullable:"true"`
	VATNumber  *string `json:"vat_number" nullable:"true"`
}

// Partner is the customer.
type Partner struct {
	Code       string  `json:"code"`
	Name       string  `json:"name"`
	Street     string  `json:"street"`
	PostalCode string  `json:"postal_code"`
	City       string  `json:"city"`
	Country    string  `json:"country"`
	GLN        *string `json:"gln" nullable:"true"`
	VATNumber  *string `json:"vat_number" nullable:"true"`
	Language   string  `json:"language"`
}

// ShipGoods lets boxes and pallets leave.
type ShipGoods struct {
	HandlingUnits     []httpapi.Code `json:"handling_units,omitempty" minItems:"1" maxItems:"1000" doc:"SSCCs; with a pallet go the boxes on it."`
	SalesOrders       []httpapi.Code `json:"sales_orders,omitempty" minItems:"1" maxItems:"100" doc:"Everything packed for these orders, whole pallets."`
	Carrier           httpapi.Code   `json:"carrier,omitempty" doc:"None: the customer collects."`
	TrackingReference string         `json:"tracking_reference,omitempty" maxLength:"100"`
	OccurredAt        *time.Time     `json:"occurred_at,omitempty" doc:"When it happened, by the clock of the device; its day at the site is the day of delivery."`
}

// ReverseShipment names the shipment to take back.
type ReverseShipment struct {
	Shipment   httpapi.Code `json:"shipment" doc:"Its number, or that of its delivery note."`
	Reason     httpapi.Code `json:"reason"`
	OccurredAt *time.Time   `json:"occurred_at,omitempty" doc:"When it happened, by the clock of the device."`
}

// Shipment is what left for a customer, as the delivery note says.
type Shipment struct {
	Number            string         `json:"number"`
	DeliveryNote      string         `json:"delivery_note" doc:"Legal number, without gaps per site and year."`
	IssuedOn          httpapi.Date   `json:"issued_on" doc:"Date of the delivery note."`
	ShippedOn         httpapi.Date   `json:"shipped_on" doc:"Day of delivery."`
	ShippedAt         time.Time      `json:"shipped_at"`
	IsReversed        bool           `json:"is_reversed"`
	Site              Site           `json:"site"`
	Customer          Partner        `json:"customer"`
	Carrier           *string        `json:"carrier" nullable:"true" doc:"None: the customer collected."`
	CarrierName       *string        `json:"carrier_name" nullable:"true"`
	TrackingReference *string        `json:"tracking_reference" nullable:"true"`
	SalesOrders       []ShippedOrder `json:"sales_orders"`
	HandlingUnits     []ShippedUnit  `json:"handling_units"`
	Lines             []ShipmentLine `json:"lines"`
}

// ShippedOrder is an order that a shipment delivers to.
type ShippedOrder struct {
	Number            string       `json:"number"`
	CustomerReference *string      `json:"customer_reference" nullable:"true"`
	OrderedOn         httpapi.Date `json:"ordered_on"`
}

// ShippedUnit is a box or pallet of a shipment.
type ShippedUnit struct {
	SSCC   string  `json:"sscc"`
	Kind   string  `json:"kind" enum:"box,pallet"`
	Parent *string `json:"parent" nullable:"true" doc:"SSCC of the pallet that the box stood on."`
}

// ShipmentLine is one lot in one box or pallet. Quantities are in base units.
type ShipmentLine struct {
	Line             int32            `json:"line"`
	SalesOrder       string           `json:"sales_order"`
	SalesOrderLine   int32            `json:"sales_order_line"`
	HandlingUnit     string           `json:"handling_unit" doc:"SSCC."`
	Item             string           `json:"item"`
	ItemName         string           `json:"item_name"`
	GTIN             *string          `json:"gtin" nullable:"true"`
	Lot              *string          `json:"lot" nullable:"true"`
	ExpiresOn        *httpapi.Date    `json:"expires_on" nullable:"true"`
	Quantity         httpapi.Quantity `json:"quantity"`
	Unit             string           `json:"unit" doc:"Base unit of the item."`
	ReturnedQuantity httpapi.Quantity `json:"returned_quantity"`
	InvoicedQuantity httpapi.Quantity `json:"invoiced_quantity"`
	CreditedQuantity httpapi.Quantity `json:"credited_quantity"`
	SecondQuantity   httpapi.Quantity `json:"second_quantity,omitempty" doc:"Catch weight; left out when the item has no second unit."`
	SecondUnit       string           `json:"second_unit,omitempty"`
}

// ReturnGoods is what a customer sends back.
type ReturnGoods struct {
	Shipment   httpapi.Code      `json:"shipment" doc:"Its number, or that of its delivery note."`
	Location   httpapi.Code      `json:"location,omitempty" doc:"Quarantine or rejected location; the first quarantine location of the site unless said otherwise."`
	OccurredAt *time.Time        `json:"occurred_at,omitempty" doc:"When it happened, by the clock of the device."`
	Lines      []ReturnGoodsLine `json:"lines" minItems:"1" maxItems:"1000"`
}

// ReturnGoodsLine is what came back of one line of the shipment.
type ReturnGoodsLine struct {
	Line           int32            `json:"line" minimum:"1" doc:"Line of the shipment."`
	Quantity       httpapi.Quantity `json:"quantity" doc:"In unit."`
	Unit           httpapi.Code     `json:"unit,omitempty" doc:"The base unit of the item unless said otherwise."`
	Reason         httpapi.Code     `json:"reason"`
	SecondQuantity httpapi.Quantity `json:"second_quantity,omitempty" doc:"Catch weight: what the scale shows, in the second unit of the item; required when it has one, unless all of the line comes back: then as shipped."`
}

// ReverseCustomerReturn names the return to take back.
type ReverseCustomerReturn struct {
	CustomerReturn httpapi.Code `json:"customer_return"`
	Reason         httpapi.Code `json:"reason"`
	OccurredAt     *time.Time   `json:"occurred_at,omitempty" doc:"When it happened, by the clock of the device."`
}

// CustomerReturn is goods that came back.
type CustomerReturn struct {
	Number       string               `json:"number"`
	Shipment     string               `json:"shipment"`
	DeliveryNote string               `json:"delivery_note"`
	Customer     string               `json:"customer"`
	Location     string               `json:"location"`
	IsReversed   bool                 `json:"is_reversed"`
	ReturnedAt   time.Time            `json:"returned_at"`
	Lines        []CustomerReturnLine `json:"lines"`
}

// CustomerReturnLine is what came back of one line of the shipment, in base units.
type CustomerReturnLine struct {
	Line             int32            `json:"line"`
	ShipmentLine     int32            `json:"shipment_line"`
	Item             string           `json:"item"`
	ItemName         string           `json:"item_name"`
	Lot              *string          `json:"lot" nullable:"true"`
	Quantity         httpapi.Quantity `json:"quantity"`
	Unit             string           `json:"unit" doc:"Base unit of the item."`
	Reason           string           `json:"reason"`
	AcceptedQuantity httpapi.Quantity `json:"accepted_quantity" doc:"Back in storage after inspection."`
	RejectedQuantity httpapi.Quantity `json:"rejected_quantity" doc:"Rejected by inspection."`
	CreditedQuantity httpapi.Quantity `json:"credited_quantity"`
	SecondQuantity   httpapi.Quantity `json:"second_quantity,omitempty" doc:"Catch weight; left out when the item has no second unit."`
	SecondUnit       string           `json:"second_unit,omitempty"`
}

// InspectReturn decides about returned goods.
type InspectReturn struct {
	CustomerReturn httpapi.Code        `json:"customer_return"`
	OccurredAt     *time.Time          `json:"occurred_at,omitempty" doc:"When it happened, by the clock of the device."`
	Lines          []InspectReturnLine `json:"lines" minItems:"1" maxItems:"1000"`
}

// InspectReturnLine decides about one line of the return.
type InspectReturnLine struct {
	Line                   int32            `json:"line" minimum:"1" doc:"Line of the return."`
	AcceptedQuantity       httpapi.Quantity `json:"accepted_quantity,omitempty" doc:"Goes back to storage; in unit."`
	RejectedQuantity       httpapi.Quantity `json:"rejected_quantity,omitempty" doc:"Goes to a rejected location; in unit."`
	Unit                   httpapi.Code     `json:"unit,omitempty" doc:"The base unit of the item unless said otherwise."`
	Location               httpapi.Code     `json:"location,omitempty" doc:"Storage location for what is accepted; where it was picked unless said otherwise."`
	RejectedLocation       httpapi.Code     `json:"rejected_location,omitempty" doc:"The first rejected location of the site unless said otherwise."`
	AcceptedSecondQuantity httpapi.Quantity `json:"accepted_second_quantity,omitempty" doc:"Catch weight of what is accepted; required when the item has a second unit, unless it is the last part of the line."`
	RejectedSecondQuantity httpapi.Quantity `json:"rejected_second_quantity,omitempty" doc:"Catch weight of what is rejected, likewise."`
}

// ReverseReturnInspection names the inspection to take back.
type ReverseReturnInspection struct {
	ReturnInspection httpapi.Code `json:"return_inspection"`
	Reason           httpapi.Code `json:"reason"`
	OccurredAt       *time.Time   `json:"occurred_at,omitempty" doc:"When it happened, by the clock of the device."`
}

// ReturnInspection is a decision about returned goods.
type ReturnInspection struct {
	Number         string                 `json:"number"`
	CustomerReturn string                 `json:"customer_return"`
	IsReversed     bool                   `json:"is_reversed"`
	InspectedAt    time.Time              `json:"inspected_at"`
	Lines          []ReturnInspectionLine `json:"lines"`
}

// ReturnInspectionLine is goods that left quarantine.
type ReturnInspectionLine struct {
	Line           int32            `json:"line"`
	ReturnLine     int32            `json:"return_line" doc:"Line of the return."`
	IsAccepted     bool             `json:"is_accepted"`
	Item           string           `json:"item"`
	Lot            *string          `json:"lot" nullable:"true"`
	Quantity       httpapi.Quantity `json:"quantity" doc:"Base units."`
	Unit           string           `json:"unit" doc:"Base unit of the item."`
	Location       string           `json:"location" doc:"Where it went."`
	SecondQuantity httpapi.Quantity `json:"second_quantity,omitempty" doc:"Catch weight; left out when the item has no second unit."`
	SecondUnit     string           `json:"second_unit,omitempty"`
}
