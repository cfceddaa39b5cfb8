package floor

import (
	"context"
	"encoding/json"
	"time"

	"github.com/millrace-erp/millrace/internal/floor/internal/db"
	"github.com/millrace-erp/millrace/internal/httpapi"
)

// deskQuery asks for a page of a list of the desk.
type deskQuery struct {
	State string `query:"state" enum:"open,all" default:"open" doc:"open: what somebody still has to see to."`
	After string `query:"after" maxLength:"200" doc:"Where to go on: next of the page before."`
	Limit int32  `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"Length of the page."`
}

// registerDesk adds what the screens of offices show and no other operation gives: short
// lists, latest first, of what is open or of all, and the search for codes.
func registerDesk(api *httpapi.API, q *db.Queries) {
	list[DeskPurchaseOrder](api, "purchase-orders", "purchasing:read", "Purchase orders for the desk, latest first", q.ListDeskPurchaseOrders)
	list[DeskWorkOrder](api, "work-orders", "production:read", "Work orders for the desk, latest first", q.ListDeskWorkOrders)
	list[DeskSalesOrder](api, "sales-orders", "sales:read", "Sales orders for the desk, latest first", q.ListDeskSalesOrders)
	list[DeskShipment](api, "shipments", "billing:read", "Shipments to be invoiced, or all, latest first", q.ListDeskShipments)
	list[DeskCustomerReturn](api, "customer-returns", "billing:read", "Customer returns to be credited, or all, latest first", q.ListDeskCustomerReturns)
	httpapi.List[DeskInvoice](api, httpapi.ReadSpec{
		OperationID: "list-desk-invoices", Scope: "billing:read", Path: "/v1/desk/invoices", Tag: tag,
		Summary: "Invoices and credit notes in one list, latest first",
	}, q.ListDeskInvoices)

	type itemQuery struct {
		Find     string `query:"find" maxLength:"64" doc:"Part of the number or name; left out, any."`
		Use      string `query:"use" enum:"purchased,manufactured,sold" doc:"What it is for: such items come first."`
		Supplier string `query:"supplier" maxLength:"32" doc:"Whose prices are told; items that it has a price for come first."`
		Limit    int32  `query:"limit" minimum:"1" maximum:"50" default:"20" doc:"How many at most."`
	}
	httpapi.Read[itemQuery, DeskItems](api, httpapi.ReadSpec{
		OperationID: "find-items", Scope: "catalog:read", Path: "/v1/desk/items", Tag: tag, Summary: "Items by part of their number or name, best first",
	}, func(ctx context.Context, in *itemQuery) (json.RawMessage, error) {
		return q.FindDeskItems(ctx, in.Find, in.Use, in.Supplier, in.Limit)
	})
	type partnerQuery struct {
		Find  string `query:"find" maxLength:"64" doc:"Part of the code, name or city; left out, any."`
		Kind  string `query:"kind" required:"true" enum:"supplier,customer"`
		Limit int32  `query:"limit" minimum:"1" maximum:"50" default:"20" doc:"How many at most."`
	}
	httpapi.Read[partnerQuery, DeskPartners](api, httpapi.ReadSpec{
		OperationID: "find-partners", Scope: "catalog:read", Path: "/v1/desk/partners", Tag: tag, Summary: "Suppliers or customers by part of their code, name or city, best first",
	}, func(ctx context.Context, in *partnerQuery) (json.RawMessage, error) {
		return q.FindDeskPartners(ctx, in.Find, in.Kind, in.Limit)
	})
}

// list registers a list of the desk.
func list[T any](api *httpapi.API, name, scope, summary string, call func(ctx context.Context, state, after string, limit int32) (json.RawMessage, error)) {
	httpapi.Read[deskQuery, httpapi.Page[T]](api, httpapi.ReadSpec{
		OperationID: "list-desk-" + name, Scope: scope, Path: "/v1/desk/" + name, Tag: tag, Summary: summary,
	}, func(ctx context.Context, in *deskQuery) (json.RawMessage, error) {
		return call(ctx, in.State, in.After, in.Limit)
	})
}

// DeskPurchaseOrder is a purchase order in a list.
type DeskPurchaseOrder struct {
	Number          string           `json:"number"`
	Site            string           `json:"site"`
	Supplier        string           `json:"supplier"`
	SupplierName    string           `json:"supplier_name"`
	State           string           `json:"state" enum:"released,closed,cancelled"`
	OrderedOn       httpapi.Date     `json:"ordered_on"`
	DueOn           httpapi.Date     `json:"due_on,omitempty" doc:"First day on which some of it is due."`
	IsLate          bool             `json:"is_late" doc:"Something that is due has not come."`
	Lines           int32            `json:"lines"`
	ReceivedPercent int32            `json:"received_percent" doc:"Mean over the lines."`
	Net             httpapi.Money    `json:"net" doc:"Value of the order, in currency."`
	Currency        httpapi.Currency `json:"currency"`
}

// DeskWorkOrder is a work order in a list. Quantities are in the base unit of the item.
type DeskWorkOrder struct {
	Number        string              `json:"number"`
	Site          string              `json:"site"`
	Item          string              `json:"item"`
	Name          string              `json:"name"`
	Unit          string              `json:"unit"`
	WorkCenter    string              `json:"work_center,omitempty"`
	State         string              `json:"state" enum:"released,in_process,completed,closed,cancelled"`
	DueOn         httpapi.Date        `json:"due_on,omitempty"`
	IsLate        bool                `json:"is_late"`
	Quantity      httpapi.AnyQuantity `json:"quantity"`
	GoodQuantity  httpapi.AnyQuantity `json:"good_quantity"`
	ScrapQuantity httpapi.AnyQuantity `json:"scrap_quantity"`
	DonePercent   int32               `json:"done_percent"`
}

// DeskSalesOrder is a sales order in a list. Per cents are means over its lines.
type DeskSalesOrder struct {
	Number            string           `json:"number"`
	Site              string           `json:"site"`
	Customer          string           `json:"customer"`
	CustomerName      string           `json:"customer_name"`
	CustomerReference string           `json:"customer_reference,omitempty"`
	State             string           `json:"state" enum:"released,closed,cancelled"`
	OrderedOn         httpapi.Date     `json:"ordered_on"`
	RequestedOn       httpapi.Date     `json:"requested_on,omitempty"`
	IsLate            bool             `json:"is_late" doc:"Wanted before today, and not all is shipped."`
	Lines             int32            `json:"lines"`
	PickedPercent     int32            `json:"picked_percent"`
	ShippedPercent    int32            `json:"shipped_percent"`
	InvoicedPercent   int32            `json:"invoiced_percent"`
	Net               httpapi.Money    `json:"net" doc:"Value of the order, in currency."`
	Currency          httpapi.Currency `json:"currency"`
}

// DeskShipment is a shipment in a list.
type DeskShipment struct {
	Number       string           `json:"number"`
	DeliveryNote string           `json:"delivery_note"`
	Site         string           `json:"site"`
	Customer     string           `json:"customer"`
	CustomerName string           `json:"customer_name"`
	ShippedOn    httpapi.Date     `json:"shipped_on"`
	IsReversed   bool             `json:"is_reversed"`
	Invoice      string           `json:"invoice,omitempty" doc:"Its invoice, once there is one."`
	Lines        int32            `json:"lines"`
	SalesOrders  []string         `json:"sales_orders"`
	Net          httpapi.Money    `json:"net" doc:"Net amount that its invoice has or will have, in currency."`
	Currency     httpapi.Currency `json:"currency"`
}

// DeskCustomerReturn is a customer return in a list.
type DeskCustomerReturn struct {
	Number       string    `json:"number"`
	Shipment     string    `json:"shipment"`
	DeliveryNote string    `json:"delivery_note"`
	Site         string    `json:"site"`
	Customer     string    `json:"customer"`
	CustomerName string    `json:"customer_name"`
	ReturnedAt   time.Time `json:"returned_at"`
	IsReversed   bool      `json:"is_reversed"`
	IsInspected  bool      `json:"is_inspected" doc:"The inspection decided about all of it."`
	Invoice      string    `json:"invoice,omitempty" doc:"Invoice of what came back; without one nothing is credited."`
	CreditNote   string    `json:"credit_note,omitempty" doc:"Its credit note, once there is one."`
}

// DeskInvoice is an invoice or a credit note in a list.
type DeskInvoice struct {
	Number          string           `json:"number"`
	Kind            string           `json:"kind" enum:"invoice,credit_note"`
	Site            string           `json:"site"`
	Customer        string           `json:"customer"`
	CustomerName    string           `json:"customer_name" doc:"As it was on the day of issue."`
	Shipment        string           `json:"shipment"`
	CustomerReturn  string           `json:"customer_return,omitempty"`
	CorrectsInvoice string           `json:"corrects_invoice,omitempty"`
	IssuedOn        httpapi.Date     `json:"issued_on"`
	DueOn           httpapi.Date     `json:"due_on"`
	Net             httpapi.Money    `json:"net"`
	Tax             httpapi.Money    `json:"tax"`
	Gross           httpapi.Money    `json:"gross"`
	Currency        httpapi.Currency `json:"currency"`
	IsRendered      bool             `json:"is_rendered" doc:"Its document can be downloaded."`
}

// DeskItems are items that were found.
type DeskItems struct {
	Items []DeskItem `json:"items"`
}

// DeskItem is an item to choose.
type DeskItem struct {
	Number        string           `json:"number"`
	Name          string           `json:"name"`
	Unit          string           `json:"unit" doc:"Base unit."`
	Units         []DeskUnit       `json:"units" doc:"Units that it is ordered in, the base unit first."`
	Price         httpapi.Money    `json:"price,omitempty" doc:"The supplier's, of one price_unit in price_currency."`
	PriceUnit     string           `json:"price_unit,omitempty"`
	PriceCurrency httpapi.Currency `json:"price_currency,omitempty"`
}

// DeskUnit is a unit of an item.
type DeskUnit struct {
	Unit  string `json:"unit"`
	Name  string `json:"name"`
	Scale int32  `json:"scale" doc:"Decimal places that a quantity in it may have."`
}

// DeskPartners are partners that were found.
type DeskPartners struct {
	Items []DeskPartner `json:"items"`
}

// DeskPartner is a supplier or customer to choose.
type DeskPartner struct {
	Code     string           `json:"code"`
	Name     string           `json:"name"`
	City     string           `json:"city"`
	Country  string           `json:"country"`
	Currency httpapi.Currency `json:"currency" doc:"That of its orders unless said otherwise."`
}
