// Package billing is the Go side of the schema of the same name: invoices and credit
// notes. The rules are in SQL; here the operations get their HTTP face.
package billing

import (
	"github.com/millrace-erp/millrace/internal/billing/internal/db"
	"github.com/millrace-erp/millrace/internal/httpapi"
	"github.com/millrace-erp/millrace/internal/pg"
)

const tag = "Billing"

// Register adds the operations of the room to the API.
func Register(api *httpapi.API, primary *pg.Primary) {
	q := db.New(primary)
	httpapi.Command[IssueInvoice, Invoice](api, httpapi.CommandSpec{
		OperationID: "issue-invoice",
		Scope:       "billing:write", Path: "/v1/invoices", Tag: tag,
		Summary:     "Invoice a shipment",
		Description: "All of it, at the prices of its orders and the tax of the day of delivery. The number has no gaps per site and year, and the invoice is rendered. An invoice never changes: it is corrected by a credit note.",
		Refusals:    []string{"MR532", "MR536", "MR651", "MR652", "MR653"},
	}, q.IssueInvoice)
	httpapi.Command[CreditReturn, Invoice](api, httpapi.CommandSpec{
		OperationID: "credit-return",
		Scope:       "billing:write", Path: "/v1/credit-notes", Tag: tag,
		Summary:     "Credit a customer return",
		Description: "At the prices and the tax of the invoice. All credits of an invoiced line together are the line, to the cent.",
		Refusals:    []string{"MR540", "MR654"},
	}, q.CreditReturn)
	httpapi.Get[Invoice](api, httpapi.ReadSpec{
		OperationID: "get-invoice",
		Scope:       "billing:read", Path: "/v1/invoices/{number}", Tag: tag, Summary: "One invoice",
	}, q.GetInvoice)
	httpapi.List[Invoice](api, httpapi.ReadSpec{
		OperationID: "list-invoices",
		Scope:       "billing:read", Path: "/v1/invoices", Tag: tag, Summary: "Invoices, latest first",
	}, q.ListInvoices)
	httpapi.Get[Invoice](api, httpapi.ReadSpec{
		OperationID: "get-credit-note",
		Scope:       "billing:read", Path: "/v1/credit-notes/{number}", Tag: tag, Summary: "One credit note",
	}, q.GetCreditNote)
	httpapi.List[Invoice](api, httpapi.ReadSpec{
		OperationID: "list-credit-notes",
		Scope:       "billing:read", Path: "/v1/credit-notes", Tag: tag, Summary: "Credit notes, latest first",
	}, q.ListCreditNotes)
}

// IssueInvoice names the shipment to invoice.
type IssueInvoice struct {
	Shipment    httpapi.Code `json:"shipment" doc:"Its number, or that of its delivery note."`
	PaymentDays *int32       `json:"payment_days,omitempty" minimum:"0" maximum:"365" doc:"Days until the invoice is due; 30 unless said otherwise."`
}

// CreditReturn names the return to credit.
type CreditReturn struct {
	CustomerReturn httpapi.Code `json:"customer_return"`
}

// Invoice is an invoice or a credit note, as it is printed.
type Invoice struct {
	Number          string           `json:"number"`
	Kind            string           `json:"kind" enum:"invoice,credit_note"`
	Site            string           `json:"site"`
	Customer        string           `json:"customer"`
	Seller          Party            `json:"seller" doc:"The site, as it was on the day of issue."`
	Buyer           Party            `json:"buyer" doc:"The customer, as it was on the day of issue."`
	Shipment        string           `json:"shipment"`
	DeliveryNote    string           `json:"delivery_note"`
	CustomerReturn  *string          `json:"customer_return" nullable:"true" doc:"What a credit note is for."`
	CorrectsInvoice *string          `json:"corrects_invoice" nullable:"true" doc:"The invoice that a credit note corrects."`
	Currency        httpapi.Currency `json:"currency"`
	SuppliedOn      httpapi.Date     `json:"supplied_on" doc:"Day of delivery; it decides the tax."`
	IssuedOn        httpapi.Date     `json:"issued_on"`
	DueOn           httpapi.Date     `json:"due_on"`
	Net             httpapi.Money    `json:"net" doc:"Sum of the lines. On a credit note all amounts are owed to the customer."`
	Tax             httpapi.Money    `json:"tax" doc:"Sum of the taxes."`
	Gross           httpapi.Money    `json:"gross"`
	Lines           []Line           `json:"lines"`
	Taxes           []Tax            `json:"taxes" doc:"Tax per code and rate, computed on the sum of the lines."`
}

// Party is the seller or the buyer.
type Party struct {
	Code       string  `json:"code"`
	Name       string  `json:"name"`
	Street     string  `json:"street"`
	PostalCode string  `json:"postal_code"`
	City       string  `json:"city"`
	Country    string  `json:"country"`
	GLN        *string `json:"gln" nullable:"true"`
	VATNumber  *string `json:"vat_number" nullable:"true"`
	Language   string  `json:"language,omitempty" doc:"Of the buyer."`
}

// Line is one line of the shipment invoiced, or of the return credited.
type Line struct {
	Line              int32            `json:"line"`
	ShipmentLine      int32            `json:"shipment_line"`
	SalesOrder        string           `json:"sales_order"`
	SalesOrderLine    int32            `json:"sales_order_line"`
	CustomerReference *string          `json:"customer_reference" nullable:"true"`
	Item              string           `json:"item"`
	ItemName          string           `json:"item_name"`
	Lot               *string          `json:"lot" nullable:"true"`
	Quantity          httpapi.Quantity `json:"quantity" doc:"In unit."`
	Unit              string           `json:"unit" doc:"The unit of the order where the quantity is exact in it, else the base unit."`
	BaseQuantity      httpapi.Quantity `json:"base_quantity"`
	BaseUnit          string           `json:"base_unit"`
	UnitPrice         httpapi.Money    `json:"unit_price" doc:"Net price of price_quantity units."`
	PriceQuantity     httpapi.Quantity `json:"price_quantity" doc:"Quantity that the price is for; 1 where the line is in the unit of the order."`
	Net               httpapi.Money    `json:"net"`
	TaxCode           string           `json:"tax_code"`
	TaxCategory       string           `json:"tax_category" doc:"EN 16931 category: S, Z, E, AE, K, G or O."`
	RatePercent       string           `json:"rate_percent"`
}

// Tax is the tax of one code and rate.
type Tax struct {
	TaxCode     string        `json:"tax_code"`
	TaxName     string        `json:"tax_name"`
	TaxCategory string        `json:"tax_category" doc:"EN 16931 category: S, Z, E, AE, K, G or O."`
	RatePercent string        `json:"rate_percent"`
	Net         httpapi.Money `json:"net" doc:"Sum of the lines."`
	Tax         httpapi.Money `json:"tax"`
	Note        *string       `json:"note" nullable:"true" doc:"The sentence that law wants where no tax is charged."`
}
