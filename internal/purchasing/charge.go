package purchasing

import (
	"time"

	"github.com/millrace-erp/millrace/internal/httpapi"
	"github.com/millrace-erp/millrace/internal/purchasing/internal/db"
)

// registerCharges adds what is paid for goods that were received: supplier invoices and landed costs.
func registerCharges(api *httpapi.API, q *db.Queries) {
	httpapi.Command[PostSupplierInvoice, SupplierInvoice](api, httpapi.CommandSpec{
		OperationID: "post-supplier-invoice",
		Scope:       "purchasing:write", Path: "/v1/supplier-invoices", Tag: tag,
		Summary:     "Enter the invoice of a supplier",
		Description: "Charges lines of goods receipts, each at most for what was received and kept. What differs from the price of the order goes to the stock that is still there, and to the price variance; nothing that was posted is valued anew. Net amounts: tax is the ledger's.",
		Refusals:    []string{"MR103", "MR110", "MR111", "MR112", "MR406", "MR407", "MR413", "MR422", "MR423", "MR424", "MR425"},
	}, q.PostSupplierInvoice)
	httpapi.Command[ReverseSupplierInvoice, SupplierInvoice](api, httpapi.CommandSpec{
		OperationID: "reverse-supplier-invoice",
		Scope:       "purchasing:write", Path: "/v1/supplier-invoice-reversals", Tag: tag,
		Summary:     "Take back a supplier invoice",
		Description: "It may be entered again, under the same number, as it should be.",
		Refusals:    []string{"MR106", "MR109", "MR413", "MR426"},
	}, q.ReverseSupplierInvoice)
	httpapi.Get[SupplierInvoice](api, httpapi.ReadSpec{
		OperationID: "get-supplier-invoice",
		Scope:       "purchasing:read", Path: "/v1/supplier-invoices/{number}", Tag: tag, Summary: "One supplier invoice",
	}, q.GetSupplierInvoice)
	httpapi.List[SupplierInvoice](api, httpapi.ReadSpec{
		OperationID: "list-supplier-invoices",
		Scope:       "purchasing:read", Path: "/v1/supplier-invoices", Tag: tag, Summary: "Supplier invoices, oldest first",
	}, q.ListSupplierInvoices)

	httpapi.Command[PostLandedCost, LandedCost](api, httpapi.CommandSpec{
		OperationID: "post-landed-cost",
		Scope:       "purchasing:write", Path: "/v1/landed-costs", Tag: tag,
		Summary:     "Spread freight, duty or the like over received goods",
		Description: "By value, weight or quantity; what went back to the supplier bears nothing. The share of goods that are still there raises their value, the rest is price variance.",
		Refusals:    []string{"MR103", "MR120", "MR406", "MR407", "MR413", "MR424", "MR425", "MR428"},
	}, q.PostLandedCost)
	httpapi.Command[ReverseLandedCost, LandedCost](api, httpapi.CommandSpec{
		OperationID: "reverse-landed-cost",
		Scope:       "purchasing:write", Path: "/v1/landed-cost-reversals", Tag: tag,
		Summary:  "Take back a landed cost",
		Refusals: []string{"MR106", "MR109", "MR413", "MR427"},
	}, q.ReverseLandedCost)
	httpapi.Get[LandedCost](api, httpapi.ReadSpec{
		OperationID: "get-landed-cost",
		Scope:       "purchasing:read", Path: "/v1/landed-costs/{number}", Tag: tag, Summary: "One landed cost",
	}, q.GetLandedCost)
	httpapi.List[LandedCost](api, httpapi.ReadSpec{
		OperationID: "list-landed-costs",
		Scope:       "purchasing:read", Path: "/v1/landed-costs", Tag: tag, Summary: "Landed costs, oldest first",
	}, q.ListLandedCosts)
}

// PostSupplierInvoice is the body of a supplier invoice.
type PostSupplierInvoice struct {
	Supplier       httpapi.Code              `json:"supplier" doc:"Code of the supplier."`
	ExternalNumber httpapi.Code              `json:"external_number" doc:"Number that the supplier gave the invoice."`
	InvoicedOn     httpapi.Date              `json:"invoiced_on" doc:"Day of the invoice."`
	Currency       httpapi.Currency          `json:"currency,omitempty" doc:"Currency of the amounts; that of the supplier when left out."`
	ExchangeRate   httpapi.Quantity          `json:"exchange_rate,omitempty" doc:"Units of the currency of the books per unit of the currency of the invoice; required unless they are the same."`
	Lines          []PostSupplierInvoiceLine `json:"lines" minItems:"1" maxItems:"1000"`
}

// PostSupplierInvoiceLine is one received line as it is charged.
type PostSupplierInvoiceLine struct {
	GoodsReceipt httpapi.Code     `json:"goods_receipt" doc:"Number of the goods receipt."`
	Line         int32            `json:"line" minimum:"1" doc:"Line of the goods receipt."`
	Quantity     httpapi.Quantity `json:"quantity" doc:"Charged, in the unit named, greater than zero."`
	Unit         httpapi.Code     `json:"unit,omitempty" doc:"Unit of the quantity; the base unit of the item when left out."`
	Amount       httpapi.Money    `json:"amount" doc:"Net amount of the line."`
}

// ReverseSupplierInvoice is the body of a supplier invoice's reversal.
type ReverseSupplierInvoice struct {
	SupplierInvoice httpapi.Code `json:"supplier_invoice" doc:"Our number of the invoice."`
	Reason          httpapi.Code `json:"reason" doc:"Why."`
}

// SupplierInvoice is a supplier invoice.
type SupplierInvoice struct {
	Number         string                `json:"number"`
	Supplier       string                `json:"supplier"`
	Site           string                `json:"site" doc:"Whose books it entered."`
	ExternalNumber string                `json:"external_number" doc:"Number that the supplier gave it."`
	InvoicedOn     httpapi.Date          `json:"invoiced_on"`
	Currency       httpapi.Currency      `json:"currency"`
	ExchangeRate   httpapi.Quantity      `json:"exchange_rate" doc:"Units of the currency of the books per unit of the currency of the invoice."`
	Amount         httpapi.AnyMoney      `json:"amount" doc:"Sum of the lines, net."`
	IsReversed     bool                  `json:"is_reversed" doc:"Whether it was taken back."`
	CreatedAt      time.Time             `json:"created_at"`
	Lines          []SupplierInvoiceLine `json:"lines"`
}

// SupplierInvoiceLine is one received line as it was charged.
type SupplierInvoiceLine struct {
	Line          int              `json:"line"`
	GoodsReceipt  string           `json:"goods_receipt"`
	ReceiptLine   int              `json:"receipt_line" doc:"Line of the goods receipt."`
	PurchaseOrder string           `json:"purchase_order"`
	Item          string           `json:"item"`
	Quantity      httpapi.Quantity `json:"quantity" doc:"Charged, in the base unit."`
	Unit          string           `json:"unit" doc:"Base unit of the item."`
	Amount        httpapi.Money    `json:"amount" doc:"Net, in the currency of the invoice."`
	Value         httpapi.AnyMoney `json:"value" doc:"The amount in the currency of the books."`
	OrderedAmount httpapi.AnyMoney `json:"ordered_amount" doc:"What the order agreed on for this quantity, in its currency."`
	OrderCurrency httpapi.Currency `json:"order_currency"`
}

// PostLandedCost is the body of a landed cost.
type PostLandedCost struct {
	Kind           string               `json:"kind" enum:"freight,duty,insurance,other"`
	SpreadBy       string               `json:"spread_by" enum:"value,weight,quantity" doc:"What the shares are measured by: value of the order, kilograms, or base units."`
	Amount         httpapi.Money        `json:"amount" doc:"Net, greater than zero."`
	Currency       httpapi.Currency     `json:"currency,omitempty" doc:"Currency of the amount; that of the books when left out."`
	ExchangeRate   httpapi.Quantity     `json:"exchange_rate,omitempty" doc:"Units of the currency of the books per unit of the currency of the amount; required unless they are the same."`
	Supplier       httpapi.Code         `json:"supplier,omitempty" doc:"Code of the partner who charges it."`
	ExternalNumber httpapi.Code         `json:"external_number,omitempty" doc:"Number of that partner's bill."`
	Lines          []PostLandedCostLine `json:"lines" minItems:"1" maxItems:"1000"`
}

// PostLandedCostLine is one received line that bears a share.
type PostLandedCostLine struct {
	GoodsReceipt httpapi.Code     `json:"goods_receipt" doc:"Number of the goods receipt."`
	Line         int32            `json:"line" minimum:"1" doc:"Line of the goods receipt."`
	Weight       httpapi.Quantity `json:"weight,omitempty" doc:"Kilograms, to spread by weight; from the unit KGM of the item when left out."`
}

// ReverseLandedCost is the body of a landed cost's reversal.
type ReverseLandedCost struct {
	LandedCost httpapi.Code `json:"landed_cost" doc:"Number of the landed cost."`
	Reason     httpapi.Code `json:"reason" doc:"Why."`
}

// LandedCost is a landed cost.
type LandedCost struct {
	Number         string           `json:"number"`
	Kind           string           `json:"kind" enum:"freight,duty,insurance,other"`
	SpreadBy       string           `json:"spread_by" enum:"value,weight,quantity"`
	Site           string           `json:"site" doc:"Whose books it entered."`
	Supplier       *string          `json:"supplier" nullable:"true" doc:"Who charges it."`
	ExternalNumber *string          `json:"external_number" nullable:"true" doc:"Number of that partner's bill."`
	Currency       httpapi.Currency `json:"currency"`
	ExchangeRate   httpapi.Quantity `json:"exchange_rate" doc:"Units of the currency of the books per unit of the currency of the amount."`
	Amount         httpapi.Money    `json:"amount" doc:"Net."`
	IsReversed     bool             `json:"is_reversed" doc:"Whether it was taken back."`
	CreatedAt      time.Time        `json:"created_at"`
	Lines          []LandedCostLine `json:"lines"`
}

// LandedCostLine is the share of one received line.
type LandedCostLine struct {
	Line         int              `json:"line"`
	GoodsReceipt string           `json:"goods_receipt"`
	ReceiptLine  int              `json:"receipt_line" doc:"Line of the goods receipt."`
	Item         string           `json:"item"`
	Value        httpapi.AnyMoney `json:"value" doc:"The share, in the currency of the books."`
}
