// Package purchasing is the Go side of the schema of the same name: purchase orders, goods
// receipts, inspections and returns to the supplier. The rules are in SQL; here the
// operations get their HTTP face.
package purchasing

import (
	"time"

	"github.com/millrace-erp/millrace/internal/httpapi"
	"github.com/millrace-erp/millrace/internal/pg"
	"github.com/millrace-erp/millrace/internal/purchasing/internal/db"
)

const tag = "Purchasing"

// Register adds the operations of the room to the API.
func Register(api *httpapi.API, primary *pg.Primary) {
	q := db.New(primary)
	registerOrders(api, q)
	registerReceipts(api, q)
	registerInspections(api, q)
	registerReturns(api, q)
	registerCharges(api, q)
}

func registerOrders(api *httpapi.API, q *db.Queries) {
	httpapi.Command[CreatePurchaseOrder, PurchaseOrder](api, httpapi.CommandSpec{
		OperationID: "create-purchase-order",
		Scope:       "purchasing:write", Path: "/v1/purchase-orders", Tag: tag,
		Summary:  "Order goods from a supplier",
		Refusals: []string{"MR101", "MR103", "MR104", "MR107", "MR110", "MR111", "MR112", "MR404", "MR417", "MR420"},
	}, q.CreatePurchaseOrder)
	httpapi.Command[ClosePurchaseOrder, PurchaseOrder](api, httpapi.CommandSpec{
		OperationID: "close-purchase-order",
		Scope:       "purchasing:write", Path: "/v1/purchase-order-closures", Tag: tag,
		Summary:     "Close or cancel a purchase order",
		Description: "No more is expected on the order. It can be cancelled only while nothing was received for it.",
		Refusals:    []string{"MR401", "MR403", "MR418"},
	}, q.ClosePurchaseOrder)
	httpapi.Get[PurchaseOrder](api, httpapi.ReadSpec{
		OperationID: "get-purchase-order",
		Scope:       "purchasing:read", Path: "/v1/purchase-orders/{number}", Tag: tag, Summary: "One purchase order",
	}, q.GetPurchaseOrder)
	httpapi.List[PurchaseOrder](api, httpapi.ReadSpec{
		OperationID: "list-purchase-orders",
		Scope:       "purchasing:read", Path: "/v1/purchase-orders", Tag: tag, Summary: "Purchase orders, oldest first",
	}, q.ListPurchaseOrders)
}

func registerReceipts(api *httpapi.API, q *db.Queries) {
	httpapi.Command[ReceiveGoods, GoodsReceipt](api, httpapi.CommandSpec{
		OperationID: "receive-goods",
		Scope:       "purchasing:write", Path: "/v1/goods-receipts", Tag: tag,
		Summary:     "Receive goods against a purchase order",
		Description: "Inspected items go into quarantine under a lot in quarantine, others into storage. Several receipts may be posted against one line, together no more than ordered and the tolerance of the line.",
		Refusals:    []string{"MR110", "MR111", "MR112", "MR210", "MR401", "MR402", "MR403", "MR405", "MR410", "MR419"},
	}, q.ReceiveGoods)
	httpapi.Command[ReverseGoodsReceipt, GoodsReceipt](api, httpapi.CommandSpec{
		OperationID: "reverse-goods-receipt",
		Scope:       "purchasing:write", Path: "/v1/goods-receipt-reversals", Tag: tag,
		Summary:     "Take back a goods receipt or one line of it",
		Description: "Works while the goods lie where they were put. A line that was inspected needs its inspection taken back first.",
		Refusals:    []string{"MR106", "MR109", "MR201", "MR406", "MR407", "MR411", "MR413", "MR429"},
	}, q.ReverseGoodsReceipt)
	httpapi.Get[GoodsReceipt](api, httpapi.ReadSpec{
		OperationID: "get-goods-receipt",
		Scope:       "purchasing:read", Path: "/v1/goods-receipts/{number}", Tag: tag, Summary: "One goods receipt",
	}, q.GetGoodsReceipt)
	httpapi.List[GoodsReceipt](api, httpapi.ReadSpec{
		OperationID: "list-goods-receipts",
		Scope:       "purchasing:read", Path: "/v1/goods-receipts", Tag: tag, Summary: "Goods receipts, oldest first",
	}, q.ListGoodsReceipts)
}

func registerInspections(api *httpapi.API, q *db.Queries) {
	httpapi.Command[InspectGoods, Inspection](api, httpapi.CommandSpec{
		OperationID: "inspect-goods",
		Scope:       "purchasing:write", Path: "/v1/inspections", Tag: tag,
		Summary:     "Decide about received goods",
		Description: "Accepted goods: their lot is released, and they are put away at once when a place is named or the item has no lots. Rejected goods go to the rejected location; a lot that is rejected as a whole is blocked.",
		Refusals:    []string{"MR106", "MR109", "MR201", "MR203", "MR406", "MR407", "MR408", "MR409", "MR413", "MR228", "MR229"},
	}, q.InspectGoods)
	httpapi.Command[ReverseInspection, Inspection](api, httpapi.CommandSpec{
		OperationID: "reverse-inspection",
		Scope:       "purchasing:write", Path: "/v1/inspection-reversals", Tag: tag,
		Summary:     "Take back an inspection",
		Description: "Works while all goods of the line are still there; afterwards they wait in quarantine again.",
		Refusals:    []string{"MR106", "MR109", "MR201", "MR412", "MR413", "MR414"},
	}, q.ReverseInspection)
	httpapi.Get[Inspection](api, httpapi.ReadSpec{
		OperationID: "get-inspection",
		Scope:       "purchasing:read", Path: "/v1/inspections/{number}", Tag: tag, Summary: "One inspection",
	}, q.GetInspection)
	httpapi.List[Inspection](api, httpapi.ReadSpec{
		OperationID: "list-inspections",
		Scope:       "purchasing:read", Path: "/v1/inspections", Tag: tag, Summary: "Inspections, oldest first",
	}, q.ListInspections)
}

func registerReturns(api *httpapi.API, q *db.Queries) {
	httpapi.Command[ReturnToSupplier, SupplierReturn](api, httpapi.CommandSpec{
		OperationID: "return-to-supplier",
		Scope:       "purchasing:write", Path: "/v1/supplier-returns", Tag: tag,
		Summary:     "Send rejected goods back to the supplier",
		Description: "As much may be delivered again on the same order line.",
		Refusals:    []string{"MR106", "MR109", "MR201", "MR406", "MR407", "MR413", "MR415", "MR228", "MR229"},
	}, q.ReturnToSupplier)
	httpapi.Command[ReverseSupplierReturn, SupplierReturn](api, httpapi.CommandSpec{
		OperationID: "reverse-supplier-return",
		Scope:       "purchasing:write", Path: "/v1/supplier-return-reversals", Tag: tag,
		Summary:  "Take back a return to the supplier",
		Refusals: []string{"MR106", "MR109", "MR402", "MR413", "MR416"},
	}, q.ReverseSupplierReturn)
	httpapi.Get[SupplierReturn](api, httpapi.ReadSpec{
		OperationID: "get-supplier-return",
		Scope:       "purchasing:read", Path: "/v1/supplier-returns/{number}", Tag: tag, Summary: "One return to a supplier",
	}, q.GetSupplierReturn)
	httpapi.List[SupplierReturn](api, httpapi.ReadSpec{
		OperationID: "list-supplier-returns",
		Scope:       "purchasing:read", Path: "/v1/supplier-returns", Tag: tag, Summary: "Returns to suppliers, oldest first",
	}, q.ListSupplierReturns)
}

// CreatePurchaseOrder is the body of a purchase order.
type CreatePurchaseOrder struct {
	Supplier       httpapi.Code              `json:"supplier" doc:"Code of the supplier."`
	Site           httpapi.Code              `json:"site,omitempty" doc:"Site that orders; may be left out when there is only one."`
	Currency       httpapi.Currency          `json:"currency,omitempty" doc:"Currency of the prices; that of the supplier when left out."`
	OrderedOn      httpapi.Date              `json:"ordered_on,omitempty" doc:"Day of the order; today at the site when left out."`
	ExternalNumber httpapi.Code              `json:"external_number,omitempty" doc:"Number of the order in another system, unique."`
	Lines          []CreatePurchaseOrderLine `json:"lines" minItems:"1" maxItems:"1000"`
}

// CreatePurchaseOrderLine is one ordered item.
type CreatePurchaseOrderLine struct {
	Item               httpapi.Code     `json:"item" doc:"Item number."`
	Quantity           httpapi.Quantity `json:"quantity" doc:"In the unit named, greater than zero."`
	Unit               httpapi.Code     `json:"unit,omitempty" doc:"Unit of quantity and price; the base unit of the item when left out."`
	Price              httpapi.Money    `json:"price,omitempty" doc:"Price of one unit; that of the supplier for the item when left out."`
	DueOn              httpapi.Date     `json:"due_on,omitempty" doc:"Day on which the goods are due."`
	OverReceiptPercent httpapi.Quantity `json:"over_receipt_percent,omitempty" doc:"How much more than ordered may be received, in percent, 0 to 100; 0 when left out."`
}

// ClosePurchaseOrder is the body of a closure.
type ClosePurchaseOrder struct {
	PurchaseOrder httpapi.Code `json:"purchase_order" doc:"Number of the purchase order."`
	Outcome       string       `json:"outcome,omitempty" enum:"closed,cancelled" doc:"closed when left out; cancelled only while nothing was received."`
}

// PurchaseOrder is a purchase order.
type PurchaseOrder struct {
	Number         string              `json:"number"`
	ExternalNumber *string             `json:"external_number" nullable:"true" doc:"Number of the order in another system."`
	Site           string              `json:"site"`
	Supplier       string              `json:"supplier"`
	Currency       httpapi.Currency    `json:"currency"`
	State          string              `json:"state" enum:"released,closed,cancelled"`
	OrderedOn      httpapi.Date        `json:"ordered_on"`
	CreatedAt      time.Time           `json:"created_at"`
	Lines          []PurchaseOrderLine `json:"lines"`
}

// PurchaseOrderLine is one line of a purchase order.
type PurchaseOrderLine struct {
	Line               int              `json:"line"`
	Item               string           `json:"item"`
	Quantity           httpapi.Quantity `json:"quantity" doc:"As ordered, in the unit beside it."`
	Unit               string           `json:"unit"`
	Price              httpapi.Money    `json:"price" doc:"Price of one unit."`
	BaseQuantity       httpapi.Quantity `json:"base_quantity" doc:"As ordered, in the base unit."`
	BaseUnit           string           `json:"base_unit" doc:"Base unit of the item."`
	DueOn              *httpapi.Date    `json:"due_on" nullable:"true"`
	OverReceiptPercent httpapi.Quantity `json:"over_receipt_percent"`
	ReceivedQuantity   httpapi.Quantity `json:"received_quantity" doc:"In the base unit."`
	RejectedQuantity   httpapi.Quantity `json:"rejected_quantity" doc:"Of it refused at inspection."`
	ReturnedQuantity   httpapi.Quantity `json:"returned_quantity" doc:"Of the rejected sent back to the supplier."`
	OpenQuantity       httpapi.Quantity `json:"open_quantity" doc:"Still expected, in the base unit."`
}

// ReceiveGoods is the body of a goods receipt.
type ReceiveGoods struct {
	PurchaseOrder httpapi.Code       `json:"purchase_order" doc:"Number of the purchase order."`
	DeliveryNote  httpapi.Code       `json:"delivery_note,omitempty" doc:"Number of the supplier's delivery note."`
	Lines         []ReceiveGoodsLine `json:"lines" minItems:"1" maxItems:"1000"`
	OccurredAt    *time.Time         `json:"occurred_at,omitempty" doc:"When it happened, by the clock of the device."`
}

// ReceiveGoodsLine is one lot of one ordered item.
type ReceiveGoodsLine struct {
	Line           int32            `json:"line" minimum:"1" doc:"Line of the purchase order."`
	Quantity       httpapi.Quantity `json:"quantity" doc:"In the unit named, greater than zero."`
	Unit           httpapi.Code     `json:"unit,omitempty" doc:"Unit of the quantity; the base unit of the item when left out."`
	SecondQuantity httpapi.Quantity `json:"second_quantity,omitempty" doc:"Catch weight: what the scale shows, in the second unit of the item; required when it has one."`
	Lot            httpapi.Code     `json:"lot,omitempty" doc:"Lot or serial number to give the goods; made when a tracked item names none."`
	SupplierLot    httpapi.Code     `json:"supplier_lot,omitempty" doc:"The supplier's number of the lot."`
	ManufacturedOn httpapi.Date     `json:"manufactured_on,omitempty" doc:"Day on which the lot was made."`
	ExpiresOn      httpapi.Date     `json:"expires_on,omitempty" doc:"Last day of use; from the shelf life of the item when left out."`
	Location       httpapi.Code     `json:"location,omitempty" doc:"Quarantine location for inspected items, else storage location; chosen when left out."`
}

// ReverseGoodsReceipt is the body of a receipt's reversal.
type ReverseGoodsReceipt struct {
	GoodsReceipt httpapi.Code `json:"goods_receipt" doc:"Number of the goods receipt."`
	Line         int32        `json:"line,omitempty" minimum:"1" doc:"Line to take back; all that stand when left out."`
	Reason       httpapi.Code `json:"reason" doc:"Why."`
	OccurredAt   *time.Time   `json:"occurred_at,omitempty" doc:"When it happened, by the clock of the device."`
}

// GoodsReceipt is a goods receipt.
type GoodsReceipt struct {
	Number        string             `json:"number"`
	PurchaseOrder string             `json:"purchase_order"`
	Supplier      string             `json:"supplier"`
	DeliveryNote  *string            `json:"delivery_note" nullable:"true" doc:"Number of the supplier's delivery note."`
	OccurredAt    time.Time          `json:"occurred_at"`
	CreatedAt     time.Time          `json:"created_at"`
	Lines         []GoodsReceiptLine `json:"lines"`
}

// GoodsReceiptLine is one received lot.
type GoodsReceiptLine struct {
	Line             int              `json:"line"`
	OrderLine        int              `json:"order_line" doc:"Line of the purchase order."`
	Item             string           `json:"item"`
	Lot              *string          `json:"lot" nullable:"true" doc:"Null for an item that is not tracked."`
	LotStatus        *string          `json:"lot_status" nullable:"true" enum:"quarantine,released,blocked"`
	SupplierLot      *string          `json:"supplier_lot" nullable:"true"`
	ExpiresOn        *httpapi.Date    `json:"expires_on" nullable:"true" doc:"Last day of use."`
	Location         string           `json:"location" doc:"Where the goods were put."`
	Quantity         httpapi.Quantity `json:"quantity" doc:"Received, in the base unit."`
	Unit             string           `json:"unit" doc:"Base unit of the item."`
	State            string           `json:"state" enum:"waiting,accepted,partly_accepted,rejected"`
	AcceptedQuantity httpapi.Quantity `json:"accepted_quantity"`
	RejectedQuantity httpapi.Quantity `json:"rejected_quantity"`
	ReturnedQuantity httpapi.Quantity `json:"returned_quantity" doc:"Of the rejected sent back to the supplier."`
	InvoicedQuantity httpapi.Quantity `json:"invoiced_quantity" doc:"Of it charged by supplier invoices that stand."`
	IsReversed       bool             `json:"is_reversed" doc:"Whether the receipt of this line was taken back."`
	SecondQuantity   httpapi.Quantity `json:"second_quantity,omitempty" doc:"Catch weight; left out when the item has no second unit."`
	SecondUnit       string           `json:"second_unit,omitempty"`
}

// InspectGoods is the body of an inspection.
type InspectGoods struct {
	GoodsReceipt           httpapi.Code     `json:"goods_receipt" doc:"Number of the goods receipt."`
	Line                   int32            `json:"line" minimum:"1" doc:"Line of the goods receipt."`
	AcceptedQuantity       httpapi.Quantity `json:"accepted_quantity,omitempty" doc:"In the unit named; 0 when left out. With the rejected quantity it is what was received."`
	RejectedQuantity       httpapi.Quantity `json:"rejected_quantity,omitempty" doc:"In the unit named; 0 when left out."`
	Unit                   httpapi.Code     `json:"unit,omitempty" doc:"Unit of the quantities; the base unit of the item when left out."`
	AcceptedSecondQuantity httpapi.Quantity `json:"accepted_second_quantity,omitempty" doc:"Catch weight of the accepted goods, when they are put away at once."`
	RejectedSecondQuantity httpapi.Quantity `json:"rejected_second_quantity,omitempty" doc:"Catch weight of the rejected goods."`
	Reason                 httpapi.Code     `json:"reason,omitempty" doc:"Why goods are rejected; required when any are."`
	ToLocation             httpapi.Code     `json:"to_location,omitempty" doc:"Storage location to put the accepted goods away to at once. Goods without lot go to the location of their item when left out."`
	Location               httpapi.Code     `json:"location,omitempty" doc:"Where the goods lie, if they were moved within quarantine since their receipt."`
	Note                   httpapi.Text     `json:"note,omitempty"`
	OccurredAt             *time.Time       `json:"occurred_at,omitempty" doc:"When it happened, by the clock of the device."`
}

// ReverseInspection is the body of an inspection's reversal.
type ReverseInspection struct {
	Inspection httpapi.Code `json:"inspection" doc:"Number of the inspection."`
	Reason     httpapi.Code `json:"reason" doc:"Why."`
	OccurredAt *time.Time   `json:"occurred_at,omitempty" doc:"When it happened, by the clock of the device."`
}

// Inspection is a decision about a received line.
type Inspection struct {
	Number                 string           `json:"number"`
	GoodsReceipt           string           `json:"goods_receipt"`
	Line                   int              `json:"line" doc:"Line of the goods receipt."`
	Item                   string           `json:"item"`
	Lot                    *string          `json:"lot" nullable:"true" doc:"Null for an item that is not tracked."`
	LotStatus              *string          `json:"lot_status" nullable:"true" enum:"quarantine,released,blocked"`
	AcceptedQuantity       httpapi.Quantity `json:"accepted_quantity" doc:"In the base unit."`
	RejectedQuantity       httpapi.Quantity `json:"rejected_quantity" doc:"In the base unit."`
	Unit                   string           `json:"unit" doc:"Base unit of the item."`
	Reason                 *string          `json:"reason" nullable:"true" doc:"Why goods were rejected."`
	Note                   *string          `json:"note" nullable:"true"`
	ToLocation             *string          `json:"to_location" nullable:"true" doc:"Where the accepted goods were put away to in the same step."`
	IsReversed             bool             `json:"is_reversed" doc:"Whether it was taken back."`
	OccurredAt             time.Time        `json:"occurred_at"`
	CreatedAt              time.Time        `json:"created_at"`
	AcceptedSecondQuantity httpapi.Quantity `json:"accepted_second_quantity,omitempty" doc:"Catch weight of what was put away in the same step; left out when the item has no second unit."`
	RejectedSecondQuantity httpapi.Quantity `json:"rejected_second_quantity,omitempty" doc:"Catch weight of what was refused."`
	SecondUnit             string           `json:"second_unit,omitempty"`
}

// ReturnToSupplier is the body of a return to the supplier.
type ReturnToSupplier struct {
	GoodsReceipt   httpapi.Code     `json:"goods_receipt" doc:"Number of the goods receipt."`
	Line           int32            `json:"line" minimum:"1" doc:"Line of the goods receipt."`
	Quantity       httpapi.Quantity `json:"quantity" doc:"In the unit named, greater than zero, at most what was rejected."`
	Unit           httpapi.Code     `json:"unit,omitempty" doc:"Unit of the quantity; the base unit of the item when left out."`
	SecondQuantity httpapi.Quantity `json:"second_quantity,omitempty" doc:"Catch weight: what the scale shows, in the second unit of the item; required when it has one."`
	Location       httpapi.Code     `json:"location,omitempty" doc:"Where the goods lie; the rejected location of the site when left out."`
	Reason         httpapi.Code     `json:"reason,omitempty" doc:"Why."`
	Note           httpapi.Text     `json:"note,omitempty"`
	OccurredAt     *time.Time       `json:"occurred_at,omitempty" doc:"When it happened, by the clock of the device."`
}

// ReverseSupplierReturn is the body of a return's reversal.
type ReverseSupplierReturn struct {
	SupplierReturn httpapi.Code `json:"supplier_return" doc:"Number of the return."`
	Reason         httpapi.Code `json:"reason" doc:"Why."`
	OccurredAt     *time.Time   `json:"occurred_at,omitempty" doc:"When it happened, by the clock of the device."`
}

// SupplierReturn is a return to the supplier.
type SupplierReturn struct {
	Number         string           `json:"number"`
	GoodsReceipt   string           `json:"goods_receipt"`
	Line           int              `json:"line" doc:"Line of the goods receipt."`
	Supplier       string           `json:"supplier"`
	Item           string           `json:"item"`
	Lot            *string          `json:"lot" nullable:"true" doc:"Null for an item that is not tracked."`
	Quantity       httpapi.Quantity `json:"quantity" doc:"In the base unit."`
	Unit           string           `json:"unit" doc:"Base unit of the item."`
	Location       string           `json:"location" doc:"Where the goods lay."`
	Reason         *string          `json:"reason" nullable:"true"`
	Note           *string          `json:"note" nullable:"true"`
	IsReversed     bool             `json:"is_reversed" doc:"Whether it was taken back."`
	OccurredAt     time.Time        `json:"occurred_at"`
	CreatedAt      time.Time        `json:"created_at"`
	SecondQuantity httpapi.Quantity `json:"second_quantity,omitempty" doc:"Catch weight; left out when the item has no second unit."`
	SecondUnit     string           `json:"second_unit,omitempty"`
}
