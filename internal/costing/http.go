// Package costing is the Go side of the schema of the same name: what stock and work in
// process are worth. The rules are in SQL; here the reads get their HTTP face, and the job
// that follows every posting is worked.
package costing

import (
	"context"
	"encoding/json"
	"iter"
	"time"

	"github.com/millrace-erp/millrace/internal/costing/internal/db"
	"github.com/millrace-erp/millrace/internal/httpapi"
	"github.com/millrace-erp/millrace/internal/pg"
)

const tag = "Costing"

// Register adds the operations of the room to the API.
func Register(api *httpapi.API, primary *pg.Primary) {
	q := db.New(primary)
	httpapi.Get[ItemCost](api, httpapi.ReadSpec{
		OperationID: "get-item-cost",
		Scope:       "costing:read", Path: "/v1/costing/items/{number}", Tag: tag,
		Summary:     "What the stock of an item is worth",
		Description: "Costing follows the postings within moments; the figures are those up to the movement that it has come to.",
	}, q.GetItemCost)
	httpapi.Get[WorkOrderCost](api, httpapi.ReadSpec{
		OperationID: "get-work-order-cost",
		Scope:       "costing:read", Path: "/v1/costing/work-orders/{number}", Tag: tag,
		Summary:     "What a work order has cost",
		Description: "What went in, what the finished goods took along, and what is left in process.",
	}, q.GetWorkOrderCost)
	httpapi.List[Valuation](api, httpapi.ReadSpec{
		OperationID: "list-valuation",
		Scope:       "costing:read", Path: "/v1/costing/valuation", Tag: tag,
		Summary: "Stock value of every item",
	}, q.ListValuation)
	registerJournal(api, q)
}

// rowsAtOnce is how many rows of the journal a piece of the file has: some 800 kB.
const rowsAtOnce = 5000

const journalHeadings = "entry,row,posted_at,occurred_at,kind,document,debit,credit,amount,currency,site,item,work_order,movement\r\n"

func registerJournal(api *httpapi.API, q *db.Queries) {
	type journalQuery struct {
		Account   string    `query:"account" enum:"inventory,finished_goods,work_in_process,goods_received,payables,landed_cost,labour_absorbed,machine_absorbed,cost_of_sales,scrap,count_difference,opening_stock,transit,price_variance,usage_variance,scrap_variance,rounding_variance,revaluation" doc:"Only what this account is debited or credited. Alone it is looked for row by row; with an item, a work order or a time it is found at once."`
		Item      string    `query:"item" maxLength:"64" doc:"Only of this item."`
		WorkOrder string    `query:"work_order" maxLength:"64" doc:"Only of this work order."`
		From      time.Time `query:"from" doc:"Only what was posted at this time or later."`
		Until     time.Time `query:"until" doc:"Only what was posted before this time."`
		After     string    `query:"after" maxLength:"40" doc:"Where to go on: next of the page before."`
		Limit     int32     `query:"limit" minimum:"1" maximum:"500" default:"100" doc:"Length of the page."`
	}
	httpapi.Read[journalQuery, httpapi.Page[JournalEntry]](api, httpapi.ReadSpec{
		OperationID: "list-journal-entries",
		Scope:       "costing:read", Path: "/v1/journal-entries", Tag: tag,
		Summary:     "The value journal, in its order",
		Description: "Every value goes from an account to another. Rows of one event of the feed are one entry; nothing in it is ever changed.",
	}, func(ctx context.Context, in *journalQuery) (json.RawMessage, error) {
		return q.ListJournalEntries(ctx, db.ListJournalEntriesParams{
			Account: named(in.Account), Item: named(in.Item), WorkOrder: named(in.WorkOrder), From: at(in.From), Until: at(in.Until),
			After: in.After, RowLimit: in.Limit,
		})
	})

	type balanceQuery struct {
		Site  string `query:"site" maxLength:"64" doc:"Only of this site."`
		Month string `query:"month" pattern:"^[0-9]{4}-(0[1-9]|1[0-2])$" doc:"Debits and credits of this month of posting (UTC), and the balance at its end. Else of all months." example:"2026-11"`
	}
	httpapi.Read[balanceQuery, httpapi.Page[AccountBalance]](api, httpapi.ReadSpec{
		OperationID: "list-account-balances",
		Scope:       "costing:read", Path: "/v1/account-balances", Tag: tag,
		Summary:     "What the value journal says of each account",
		Description: "The debits of all accounts together are their credits.",
	}, func(ctx context.Context, in *balanceQuery) (json.RawMessage, error) {
		var month *time.Time
		if first, err := time.Parse("2006-01", in.Month); err == nil {
			month = &first
		}
		return q.ListAccountBalances(ctx, named(in.Site), month)
	})

	type fileQuery struct {
		From  time.Time `query:"from" doc:"Only what was posted at this time or later."`
		Until time.Time `query:"until" doc:"Only what was posted before this time."`
	}
	httpapi.Pieces(api, httpapi.ReadSpec{
		OperationID: "get-journal-csv",
		Scope:       "costing:read", Path: "/v1/journal.csv", Tag: tag,
		Summary:     "The value journal as a file",
		Description: "CSV (RFC 4180, UTF-8) of any length: a line of headings, then a line for each row, amounts with a decimal point.",
	}, "journal.csv", "text/csv", func(ctx context.Context, in *fileQuery) iter.Seq2[[]byte, error] {
		return func(yield func([]byte, error) bool) {
			from, until := at(in.From), at(in.Until)
			text := journalHeadings
			position, ordinal := int64(0), int32(0)
			for {
				page, err := q.WriteJournal(ctx, from, until, rowsAtOnce, position, ordinal)
				if !yield([]byte(text+page.Lines), err) || err != nil || page.RowCount < rowsAtOnce {
					return
				}
				text, position, ordinal = "", page.LastPosition, page.LastOrdinal
			}
		}
	})
}

// named is nil for what is not there.
func named(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// at is nil for no time.
func at(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
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
	LabourValue      httpapi.AnyMoney     `json:"labour_value" doc:"Reported time at the rates of the work center, labour and machine."`
	AbsorbedValue    httpapi.AnyMoney     `json:"absorbed_value" doc:"Taken into stock by finished goods."`
	WorkInProcess    httpapi.AnyMoney     `json:"work_in_process" doc:"Put in and not taken into stock; negative when material came back after the goods."`
	UsageVariance    httpapi.AnyMoney     `json:"usage_variance" doc:"Left in process at completion, less scrap."`
	ScrapVariance    httpapi.AnyMoney     `json:"scrap_variance" doc:"What of the rest was scrap: at standard cost, or all of it when nothing good was made."`
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

// JournalEntry is a row of the value journal.
type JournalEntry struct {
	Entry      string        `json:"entry" doc:"Position in the feed of the event that moved the value; the rows of one are one entry."`
	Row        int32         `json:"row" doc:"Counts the rows of the entry."`
	Kind       string        `json:"kind" enum:"opening,movement,labour,completion,reopening,supplier_invoice,landed_cost,standard_cost" doc:"What moved the value."`
	Debit      string        `json:"debit" doc:"Account that takes the amount."`
	Credit     string        `json:"credit" doc:"Account that gives it."`
	Amount     httpapi.Money `json:"amount" doc:"Positive, in the currency named."`
	Currency   string        `json:"currency" doc:"ISO 4217 code of the books."`
	Site       string        `json:"site" doc:"Site where it happened."`
	Item       *string       `json:"item" nullable:"true" doc:"Item whose value it is."`
	WorkOrder  *string       `json:"work_order" nullable:"true" doc:"Work order whose process it went into or came out of."`
	Document   *string       `json:"document" nullable:"true" doc:"Number of the document behind it."`
	Movement   *string       `json:"movement" nullable:"true" doc:"Movement whose value it is."`
	PostedAt   time.Time     `json:"posted_at" doc:"When it came into the books."`
	OccurredAt time.Time     `json:"occurred_at" doc:"When it happened."`
}

// AccountBalance is what the journal says of an account.
type AccountBalance struct {
	Account  string           `json:"account" doc:"The account."`
	Currency string           `json:"currency" doc:"ISO 4217 code of the books."`
	Debit    httpapi.AnyMoney `json:"debit" doc:"Sum of its debits."`
	Credit   httpapi.AnyMoney `json:"credit" doc:"Sum of its credits."`
	Balance  httpapi.AnyMoney `json:"balance" doc:"Debits less credits, from the beginning of the journal."`
}
