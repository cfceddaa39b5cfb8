// Package inventory is the Go side of the schema of the same name: lots, movements,
// balances, counts. The rules are in SQL; here the operations get their HTTP face.
package inventory

import (
	"context"
	"encoding/json"
	"time"

	"github.com/millrace-erp/millrace/internal/httpapi"
	"github.com/millrace-erp/millrace/internal/inventory/internal/db"
	"github.com/millrace-erp/millrace/internal/pg"
)

const tag = "Inventory"

// Register adds the operations of the room to the API.
func Register(api *httpapi.API, primary *pg.Primary) {
	q := db.New(primary)
	registerTransfers(api, q, NewPoster(primary))
	registerCounts(api, q)
	registerLots(api, q)
	registerPeriods(api, q)
	registerReads(api, q)
}

func registerTransfers(api *httpapi.API, q *db.Queries, p *Poster) {
	posting := []string{"MR101", "MR102", "MR110", "MR111", "MR112", "MR201", "MR203", "MR204", "MR205", "MR218", "MR228", "MR229"}
	httpapi.CommandOf[PutAway, Transfer](api, httpapi.CommandSpec{
		OperationID: "put-away",
		Scope:       "inventory:write", Path: "/v1/put-aways", Tag: tag,
		Summary:     "Put released goods away",
		Description: "Takes released goods from quarantine, or from another storage location, to a storage location.",
		Refusals:    append([]string{"MR202", "MR213"}, posting...),
	}, p.post("put-away"))
	httpapi.CommandOf[TransferStock, Transfer](api, httpapi.CommandSpec{
		OperationID: "transfer-stock",
		Scope:       "inventory:write", Path: "/v1/transfers", Tag: tag,
		Summary:  "Move stock to another location",
		Refusals: posting,
	}, p.post("transfer-stock"))
	httpapi.CommandOf[ScrapStock, Transfer](api, httpapi.CommandSpec{
		OperationID: "scrap-stock",
		Scope:       "inventory:write", Path: "/v1/scrappings", Tag: tag,
		Summary:  "Scrap stock where it lies",
		Refusals: append([]string{"MR106", "MR109"}, posting...),
	}, p.post("scrap-stock"))
	httpapi.Command[PostOpeningStock, Transfer](api, httpapi.CommandSpec{
		OperationID: "post-opening-stock",
		Scope:       "inventory:write", Path: "/v1/opening-stocks", Tag: tag,
		Summary:  "Take over stock from before the books began",
		Refusals: append([]string{"MR210"}, posting...),
	}, q.PostOpeningStock)
	httpapi.Command[ReverseTransfer, Transfer](api, httpapi.CommandSpec{
		OperationID: "reverse-transfer",
		Scope:       "inventory:write", Path: "/v1/transfer-reversals", Tag: tag,
		Summary:  "Take back a put-away, move, scrapping or opening stock",
		Refusals: []string{"MR106", "MR109", "MR201", "MR209", "MR214", "MR218"},
	}, q.ReverseTransfer)
	httpapi.Get[Transfer](api, httpapi.ReadSpec{
		OperationID: "get-transfer",
		Scope:       "inventory:read", Path: "/v1/transfers/{number}", Tag: tag, Summary: "One transfer",
	}, q.GetTransfer)
}

func registerCounts(api *httpapi.API, q *db.Queries) {
	httpapi.Command[CountStock, Count](api, httpapi.CommandSpec{
		OperationID: "count-stock",
		Scope:       "inventory:write", Path: "/v1/counts", Tag: tag,
		Summary:     "Record a cycle count and adjust stock to it",
		Description: "What was found is compared with what is on hand at this moment, and the difference is posted. Items that the count does not name stay as they are.",
		Refusals:    []string{"MR101", "MR102", "MR106", "MR109", "MR110", "MR111", "MR112", "MR201", "MR203", "MR204", "MR205", "MR215", "MR218"},
	}, q.CountStock)
	httpapi.Command[ReverseCount, Count](api, httpapi.CommandSpec{
		OperationID: "reverse-count",
		Scope:       "inventory:write", Path: "/v1/count-reversals", Tag: tag,
		Summary:  "Take back the adjustments of a count",
		Refusals: []string{"MR106", "MR109", "MR201", "MR209", "MR216", "MR218"},
	}, q.ReverseCount)
	httpapi.Get[Count](api, httpapi.ReadSpec{
		OperationID: "get-count",
		Scope:       "inventory:read", Path: "/v1/counts/{number}", Tag: tag, Summary: "One count",
	}, q.GetCount)
}

func registerLots(api *httpapi.API, q *db.Queries) {
	changing := []string{"MR421", "MR101", "MR102", "MR201", "MR203", "MR204", "MR205", "MR218", "MR225"}
	httpapi.Command[SplitLot, LotChange](api, httpapi.CommandSpec{
		OperationID: "split-lot",
		Scope:       "inventory:write", Path: "/v1/lot-splits", Tag: tag,
		Summary:     "Make part of a lot a lot of its own",
		Description: "The new lot has the status, age, expiry and origin of the old one. What is reserved stays with the old one.",
		Refusals:    append([]string{"MR110", "MR111", "MR112", "MR210"}, changing...),
	}, q.SplitLot)
	httpapi.Command[MergeLots, LotChange](api, httpapi.CommandSpec{
		OperationID: "merge-lots",
		Scope:       "inventory:write", Path: "/v1/lot-merges", Tag: tag,
		Summary:     "Make all of some lots at a location one lot",
		Description: "The target may be an old lot of the same status that expires no later, or a new one, which gets the earliest expiry of its parts.",
		Refusals:    append([]string{"MR211"}, changing...),
	}, q.MergeLots)
	httpapi.Get[LotChange](api, httpapi.ReadSpec{
		OperationID: "get-lot-change",
		Scope:       "inventory:read", Path: "/v1/lot-changes/{number}", Tag: tag, Summary: "One split or merge of lots",
	}, q.GetLotChange)
	httpapi.Command[ChangeLotStatus, Lot](api, httpapi.CommandSpec{
		OperationID: "change-lot-status",
		Scope:       "inventory:write", Path: "/v1/lot-status-changes", Tag: tag,
		Summary:     "Block, release or quarantine a lot",
		Description: "Wherever it lies. What is reserved of it stays reserved, and cannot be picked unless the lot is released.",
		Refusals:    []string{"MR101", "MR106", "MR109", "MR204", "MR205", "MR227", "MR421"},
	}, q.ChangeLotStatus)

	type expiredQuery struct {
		On    httpapi.Date `query:"on" doc:"The day to look from; today when left out."`
		After string       `query:"after" maxLength:"200" doc:"Where to go on: next of the page before."`
		Limit int32        `query:"limit" minimum:"1" maximum:"500" default:"100" doc:"Length of the page."`
	}
	httpapi.Read[expiredQuery, httpapi.Page[ExpiredLot]](api, httpapi.ReadSpec{
		OperationID: "list-expired-lots",
		Scope:       "inventory:read", Path: "/v1/expired-lots", Tag: tag,
		Summary: "Lots in stock whose last day of use is over, longest expired first",
	}, func(ctx context.Context, in *expiredQuery) (json.RawMessage, error) {
		return q.ListExpiredLots(ctx, string(in.On), named(in.After), in.Limit)
	})
}

func registerPeriods(api *httpapi.API, q *db.Queries) {
	httpapi.Command[ClosePeriod, Period](api, httpapi.CommandSpec{
		OperationID: "close-period",
		Scope:       "inventory:close", Path: "/v1/period-closures", Tag: tag,
		Summary:     "Close a month of the stock books",
		Description: "What happened in the month (`occurred_at`) cannot be posted any more. Months are closed one after the other, when they are over; the first one takes along everything before it. The balances at its end are written by a job: `snapshot_at` tells when.",
		Refusals:    []string{"MR219", "MR220", "MR221", "MR222"},
	}, q.ClosePeriod)
	httpapi.Get[Period](api, httpapi.ReadSpec{
		OperationID: "get-period-closure",
		Scope:       "inventory:read", Path: "/v1/period-closures/{number}", Tag: tag, Summary: "One closed month",
	}, q.GetPeriod)
	httpapi.List[Period](api, httpapi.ReadSpec{
		OperationID: "list-period-closures",
		Scope:       "inventory:read", Path: "/v1/period-closures", Tag: tag, Summary: "The closed months, latest first",
	}, q.ListPeriods)

	type asOfQuery struct {
		AsOf     time.Time `query:"as_of" required:"true" doc:"The instant, with its time zone; what was posted or happened at it counts."`
		Basis    string    `query:"basis" enum:"posted,occurred" default:"occurred" doc:"occurred: what was there at that instant, as far as is known today. posted: what the books said at that instant."`
		Item     string    `query:"item" maxLength:"64" doc:"Only this item."`
		Location string    `query:"location" maxLength:"64" doc:"Only this location."`
		After    string    `query:"after" maxLength:"64" doc:"Where to go on: next of the page before."`
		Limit    int32     `query:"limit" minimum:"1" maximum:"500" default:"100" doc:"Of how many items the page tells; those without stock at that instant are left out."`
	}
	httpapi.Read[asOfQuery, httpapi.Page[StockAsOf]](api, httpapi.ReadSpec{
		OperationID: "list-stock-as-of",
		Scope:       "inventory:read", Path: "/v1/stock-as-of", Tag: tag,
		Summary: "What was on hand at an instant, by item, location and lot",
	}, func(ctx context.Context, in *asOfQuery) (json.RawMessage, error) {
		return q.ListStockAsOf(ctx, db.ListStockAsOfParams{
			AsOf: in.AsOf, Basis: in.Basis, Item: named(in.Item), Location: named(in.Location), After: named(in.After), RowLimit: in.Limit,
		})
	})
}

func registerReads(api *httpapi.API, q *db.Queries) {
	type stockQuery struct {
		Item     string `query:"item" maxLength:"64" doc:"Only this item."`
		Location string `query:"location" maxLength:"64" doc:"Only this location."`
		After    string `query:"after" maxLength:"200" doc:"Where to go on: next of the page before."`
		Limit    int32  `query:"limit" minimum:"1" maximum:"500" default:"100" doc:"Length of the page."`
	}
	httpapi.Read[stockQuery, httpapi.Page[Stock]](api, httpapi.ReadSpec{
		OperationID: "list-stock",
		Scope:       "inventory:read", Path: "/v1/stock", Tag: tag, Summary: "What is on hand, by item, location and lot",
	}, func(ctx context.Context, in *stockQuery) (json.RawMessage, error) {
		return q.ListStock(ctx, named(in.Item), named(in.Location), named(in.After), in.Limit)
	})

	type movementQuery struct {
		Item  string `query:"item" required:"true" minLength:"1" maxLength:"64" doc:"Item whose ledger to read."`
		Lot   string `query:"lot" maxLength:"64" doc:"Only this lot of it: where it came from and where it went."`
		After string `query:"after" maxLength:"20" doc:"Where to go on: next of the page before."`
		Limit int32  `query:"limit" minimum:"1" maximum:"500" default:"100" doc:"Length of the page."`
	}
	httpapi.Read[movementQuery, httpapi.Page[Movement]](api, httpapi.ReadSpec{
		OperationID: "list-movements",
		Scope:       "inventory:read", Path: "/v1/movements", Tag: tag, Summary: "The ledger of an item or a lot, latest first",
	}, func(ctx context.Context, in *movementQuery) (json.RawMessage, error) {
		return q.ListMovements(ctx, in.Item, named(in.Lot), named(in.After), in.Limit)
	})

	type lotQuery struct {
		Item string `path:"item" minLength:"1" maxLength:"64" doc:"Item number."`
		Lot  string `path:"lot" minLength:"1" maxLength:"64" doc:"Lot or serial number."`
	}
	httpapi.Read[lotQuery, Lot](api, httpapi.ReadSpec{
		OperationID: "get-lot",
		Scope:       "inventory:read", Path: "/v1/items/{item}/lots/{lot}", Tag: tag,
		Summary:     "A lot, where it lies, what it was made from and what it went into",
		Description: "The genealogy goes all the way up to the supplier's lots and down to the last finished lot: the answer to a recall.",
	}, func(ctx context.Context, in *lotQuery) (json.RawMessage, error) {
		return q.GetLot(ctx, in.Item, in.Lot)
	})

	type barcodeQuery struct {
		Barcode string `query:"barcode" required:"true" minLength:"1" maxLength:"200" doc:"What the scanner read; FNC1 as the group separator, percent-encoded %1D."`
	}
	httpapi.Read[barcodeQuery, Barcode](api, httpapi.ReadSpec{
		OperationID: "resolve-barcode",
		Scope:       "inventory:read", Path: "/v1/barcode", Tag: tag, Summary: "What a scanned code means",
	}, func(ctx context.Context, in *barcodeQuery) (json.RawMessage, error) {
		return q.ResolveBarcode(ctx, in.Barcode)
	})
}

// named is the parameter for SQL: an empty one was not given.
func named(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// PutAway is the body of a put-away.
type PutAway struct {
	Item           httpapi.Code     `json:"item" doc:"Item number."`
	Lot            httpapi.Code     `json:"lot,omitempty" doc:"Lot or serial number; required when the item is tracked."`
	From           httpapi.Code     `json:"from" doc:"Where the goods lie."`
	To             httpapi.Code     `json:"to" doc:"Storage location they go to."`
	Quantity       httpapi.Quantity `json:"quantity" doc:"In the unit named, greater than zero."`
	Unit           httpapi.Code     `json:"unit,omitempty" doc:"Unit of the quantity; the base unit of the item when left out."`
	SecondQuantity httpapi.Quantity `json:"second_quantity,omitempty" doc:"Catch weight: what the scale shows, in the second unit of the item; required when it has one."`
	OccurredAt     *time.Time       `json:"occurred_at,omitempty" doc:"When it happened, by the clock of the device."`
}

// TransferStock is the body of a move between locations.
type TransferStock struct {
	Item           httpapi.Code     `json:"item" doc:"Item number."`
	Lot            httpapi.Code     `json:"lot,omitempty" doc:"Lot or serial number; required when the item is tracked."`
	From           httpapi.Code     `json:"from" doc:"Where the goods lie."`
	To             httpapi.Code     `json:"to" doc:"Where they go: a location of the same kind, or quarantine."`
	Quantity       httpapi.Quantity `json:"quantity" doc:"In the unit named, greater than zero."`
	Unit           httpapi.Code     `json:"unit,omitempty" doc:"Unit of the quantity; the base unit of the item when left out."`
	SecondQuantity httpapi.Quantity `json:"second_quantity,omitempty" doc:"Catch weight: what the scale shows, in the second unit of the item; required when it has one."`
	OccurredAt     *time.Time       `json:"occurred_at,omitempty" doc:"When it happened, by the clock of the device."`
}

// ScrapStock is the body of a scrapping.
type ScrapStock struct {
	Item           httpapi.Code     `json:"item" doc:"Item number."`
	Lot            httpapi.Code     `json:"lot,omitempty" doc:"Lot or serial number; required when the item is tracked."`
	From           httpapi.Code     `json:"from" doc:"Where the goods lie."`
	Quantity       httpapi.Quantity `json:"quantity" doc:"In the unit named, greater than zero."`
	Unit           httpapi.Code     `json:"unit,omitempty" doc:"Unit of the quantity; the base unit of the item when left out."`
	SecondQuantity httpapi.Quantity `json:"second_quantity,omitempty" doc:"Catch weight: what the scale shows, in the second unit of the item; required when it has one."`
	Reason         httpapi.Code     `json:"reason" doc:"Why."`
	OccurredAt     *time.Time       `json:"occurred_at,omitempty" doc:"When it happened, by the clock of the device."`
}

// PostOpeningStock is the body of an opening stock.
type PostOpeningStock struct {
	Item           httpapi.Code     `json:"item" doc:"Item number."`
	Lot            httpapi.Code     `json:"lot,omitempty" doc:"Lot or serial number; made when a tracked item names none."`
	To             httpapi.Code     `json:"to" doc:"Where the goods lie."`
	Quantity       httpapi.Quantity `json:"quantity" doc:"In the unit named, greater than zero."`
	Unit           httpapi.Code     `json:"unit,omitempty" doc:"Unit of the quantity; the base unit of the item when left out."`
	SecondQuantity httpapi.Quantity `json:"second_quantity,omitempty" doc:"Catch weight: what the scale shows, in the second unit of the item; required when it has one."`
	ExpiresOn      httpapi.Date     `json:"expires_on,omitempty" doc:"Last day of use of the lot."`
	OccurredAt     *time.Time       `json:"occurred_at,omitempty" doc:"When it happened, by the clock of the device."`
}

// ReverseTransfer is the body of a reversal.
type ReverseTransfer struct {
	Transfer   httpapi.Code `json:"transfer" doc:"Number of the transfer to take back."`
	Reason     httpapi.Code `json:"reason" doc:"Why."`
	OccurredAt *time.Time   `json:"occurred_at,omitempty" doc:"When it happened, by the clock of the device."`
}

// Transfer is a put-away, move, scrapping or opening stock.
type Transfer struct {
	Number         string           `json:"number" doc:"Number of the transfer."`
	Type           string           `json:"type" enum:"put_away,transfer,scrap,opening"`
	Item           string           `json:"item"`
	Lot            *string          `json:"lot" nullable:"true" doc:"Null for an item that is not tracked."`
	From           string           `json:"from" doc:"Location the goods came from."`
	To             string           `json:"to" doc:"Location they went to."`
	Quantity       httpapi.Quantity `json:"quantity" doc:"In the base unit."`
	Unit           string           `json:"unit" doc:"Base unit of the item."`
	SecondQuantity httpapi.Quantity `json:"second_quantity,omitempty" doc:"Catch weight; left out when the item has no second unit."`
	SecondUnit     string           `json:"second_unit,omitempty"`
	IsReversed     bool             `json:"is_reversed" doc:"Whether it was taken back."`
	CreatedAt      time.Time        `json:"created_at"`
}

// CountStock is the body of a cycle count.
type CountStock struct {
	Location   httpapi.Code     `json:"location" doc:"What was counted: a storage, quarantine or rejected location."`
	Reason     httpapi.Code     `json:"reason" doc:"Reason of the adjustments."`
	Lines      []CountStockLine `json:"lines" minItems:"1" maxItems:"1000"`
	OccurredAt *time.Time       `json:"occurred_at,omitempty" doc:"When it happened, by the clock of the device."`
}

// CountStockLine is what was found of one item and lot.
type CountStockLine struct {
	Item                  httpapi.Code     `json:"item" doc:"Item number."`
	Lot                   httpapi.Code     `json:"lot,omitempty" doc:"Lot or serial number; required when the item is tracked."`
	CountedQuantity       httpapi.Quantity `json:"counted_quantity" doc:"What was found, in the unit named; zero when there was nothing."`
	Unit                  httpapi.Code     `json:"unit,omitempty" doc:"Unit of the quantity; the base unit of the item when left out."`
	CountedSecondQuantity httpapi.Quantity `json:"counted_second_quantity,omitempty" doc:"Catch weight that was found, in the second unit of the item; required when it has one."`
}

// ReverseCount is the body of a count's reversal.
type ReverseCount struct {
	Count      httpapi.Code `json:"count" doc:"Number of the count to take back."`
	Reason     httpapi.Code `json:"reason" doc:"Why."`
	OccurredAt *time.Time   `json:"occurred_at,omitempty" doc:"When it happened, by the clock of the device."`
}

// Count is a cycle count.
type Count struct {
	Number     string      `json:"number"`
	Location   string      `json:"location"`
	IsReversed bool        `json:"is_reversed" doc:"Whether its adjustments were taken back."`
	CountedAt  time.Time   `json:"counted_at"`
	Lines      []CountLine `json:"lines"`
}

// CountLine is one counted item and lot.
type CountLine struct {
	Line                   int                 `json:"line"`
	Item                   string              `json:"item"`
	Lot                    *string             `json:"lot" nullable:"true" doc:"Null for an item that is not tracked."`
	Unit                   string              `json:"unit" doc:"Base unit of the item."`
	ExpectedQuantity       httpapi.Quantity    `json:"expected_quantity" doc:"On hand at that moment, in the base unit."`
	CountedQuantity        httpapi.Quantity    `json:"counted_quantity" doc:"Found, in the base unit."`
	Difference             httpapi.AnyQuantity `json:"difference" doc:"Counted less expected: positive was found, negative was missing."`
	Reason                 *string             `json:"reason" nullable:"true" doc:"Null when there was no difference."`
	ExpectedSecondQuantity httpapi.Quantity    `json:"expected_second_quantity,omitempty" doc:"Catch weight; left out when the item has no second unit."`
	CountedSecondQuantity  httpapi.Quantity    `json:"counted_second_quantity,omitempty"`
	SecondDifference       httpapi.AnyQuantity `json:"second_difference,omitempty"`
}

// SplitLot is the body of a split.
type SplitLot struct {
	Item           httpapi.Code     `json:"item" doc:"Item number."`
	Lot            httpapi.Code     `json:"lot" doc:"The lot to take from."`
	Location       httpapi.Code     `json:"location" doc:"Where it lies."`
	Quantity       httpapi.Quantity `json:"quantity" doc:"In the unit named, greater than zero."`
	Unit           httpapi.Code     `json:"unit,omitempty" doc:"Unit of the quantity; the base unit of the item when left out."`
	SecondQuantity httpapi.Quantity `json:"second_quantity,omitempty" doc:"Catch weight: what the scale shows, in the second unit of the item; required when it has one."`
	NewLot         string           `json:"new_lot,omitempty" pattern:"^[A-Za-z0-9][A-Za-z0-9._/-]{0,19}$" doc:"Number of the new lot; given by the system when left out."`
	OccurredAt     *time.Time       `json:"occurred_at,omitempty" doc:"When it happened, by the clock of the device."`
}

// MergeLots is the body of a merge.
type MergeLots struct {
	Item       httpapi.Code   `json:"item" doc:"Item number."`
	Location   httpapi.Code   `json:"location" doc:"Where the lots lie."`
	Lots       []httpapi.Code `json:"lots" minItems:"1" maxItems:"100" doc:"Lots that become part of the target; all of each that lies there."`
	Into       string         `json:"into" pattern:"^[A-Za-z0-9][A-Za-z0-9._/-]{0,19}$" doc:"The lot they become part of; made when there is none of that number."`
	OccurredAt *time.Time     `json:"occurred_at,omitempty" doc:"When it happened, by the clock of the device."`
}

// LotChange is a split or a merge.
type LotChange struct {
	Number    string          `json:"number"`
	Kind      string          `json:"kind" enum:"split,merge"`
	Item      string          `json:"item"`
	Location  string          `json:"location"`
	Lot       string          `json:"lot" doc:"The lot that came out of it."`
	Unit      string          `json:"unit" doc:"Base unit of the item."`
	From      []LotChangePart `json:"from"`
	CreatedAt time.Time       `json:"created_at"`
}

// LotChangePart is what of a lot went into the other.
type LotChangePart struct {
	Lot            string           `json:"lot"`
	Quantity       httpapi.Quantity `json:"quantity" doc:"In the base unit."`
	SecondQuantity httpapi.Quantity `json:"second_quantity,omitempty" doc:"Catch weight; left out when the item has no second unit."`
}

// ChangeLotStatus is the body of quality's decision about a lot.
type ChangeLotStatus struct {
	Item   httpapi.Code `json:"item" doc:"Item number."`
	Lot    httpapi.Code `json:"lot" doc:"Lot or serial number."`
	Status string       `json:"status" enum:"quarantine,released,blocked" doc:"What it becomes."`
	Reason httpapi.Code `json:"reason" doc:"Why."`
}

// ExpiredLot is a lot that should not be there any more.
type ExpiredLot struct {
	Item      string           `json:"item"`
	Lot       string           `json:"lot"`
	Status    string           `json:"status" enum:"quarantine,released,blocked"`
	ExpiresOn httpapi.Date     `json:"expires_on" doc:"Its last day of use."`
	OnHand    httpapi.Quantity `json:"on_hand" doc:"At all places, in the base unit."`
	Reserved  httpapi.Quantity `json:"reserved" doc:"Of it promised to orders."`
	Unit      string           `json:"unit"`
}

// LotStatusChange is what quality decided about a lot.
type LotStatusChange struct {
	From      string    `json:"from" enum:"quarantine,released,blocked"`
	To        string    `json:"to" enum:"quarantine,released,blocked"`
	Reason    string    `json:"reason"`
	Actor     string    `json:"actor" doc:"Who decided."`
	ChangedAt time.Time `json:"changed_at"`
}

// ClosePeriod is the body of a period's closing.
type ClosePeriod struct {
	Period string `json:"period" pattern:"^[0-9]{4}-(0[1-9]|1[0-2])$" example:"2026-10" doc:"Year and month."`
}

// Period is a closed month of the stock books.
type Period struct {
	Period     string     `json:"period" doc:"Year and month."`
	StartsAt   *time.Time `json:"starts_at" nullable:"true" doc:"Null for the first one, which takes along everything earlier."`
	EndsAt     time.Time  `json:"ends_at" doc:"First instant that is no longer in it."`
	ClosedAt   time.Time  `json:"closed_at"`
	ClosedBy   string     `json:"closed_by"`
	SnapshotAt *time.Time `json:"snapshot_at" nullable:"true" doc:"When the balances at its end were written; null while they are being written."`
	DetachedAt *time.Time `json:"detached_at" nullable:"true" doc:"When its movements were detached into the archive."`
}

// StockAsOf is what was on hand of an item and lot at a location.
type StockAsOf struct {
	Item         string              `json:"item"`
	Location     string              `json:"location"`
	Lot          *string             `json:"lot" nullable:"true" doc:"Null for an item that is not tracked."`
	OnHand       httpapi.AnyQuantity `json:"on_hand" doc:"In the base unit. By occurred it may be negative, when somebody scanned late."`
	Unit         string              `json:"unit" doc:"Base unit of the item."`
	SecondOnHand httpapi.AnyQuantity `json:"second_on_hand,omitempty" doc:"Catch weight; left out when the item has no second unit."`
	SecondUnit   string              `json:"second_unit,omitempty"`
}

// Stock is one balance.
type Stock struct {
	Item         string           `json:"item"`
	Location     string           `json:"location"`
	Lot          *string          `json:"lot" nullable:"true" doc:"Null for an item that is not tracked."`
	LotStatus    *string          `json:"lot_status" nullable:"true" enum:"quarantine,released,blocked"`
	ExpiresOn    *httpapi.Date    `json:"expires_on" nullable:"true"`
	OnHand       httpapi.Quantity `json:"on_hand" doc:"In the base unit."`
	Reserved     httpapi.Quantity `json:"reserved" doc:"Of it promised to orders."`
	Unit         string           `json:"unit" doc:"Base unit of the item."`
	SecondOnHand httpapi.Quantity `json:"second_on_hand,omitempty" doc:"Catch weight; left out when the item has no second unit."`
	SecondUnit   string           `json:"second_unit,omitempty"`
}

// Movement is one line of the ledger.
type Movement struct {
	ID             string           `json:"id"`
	PostedAt       time.Time        `json:"posted_at" doc:"When the database posted it."`
	OccurredAt     time.Time        `json:"occurred_at" doc:"When it happened, by the clock of the device."`
	Type           string           `json:"type"`
	Item           string           `json:"item"`
	Lot            *string          `json:"lot" nullable:"true" doc:"Null for an item that is not tracked."`
	From           string           `json:"from"`
	To             string           `json:"to"`
	Quantity       httpapi.Quantity `json:"quantity" doc:"In the base unit, always positive: from says where it left, to where it arrived."`
	Unit           string           `json:"unit"`
	SecondQuantity httpapi.Quantity `json:"second_quantity,omitempty" doc:"Catch weight; left out when the item has no second unit."`
	SecondUnit     string           `json:"second_unit,omitempty"`
	DocumentType   string           `json:"document_type"`
	Actor          string           `json:"actor" doc:"Who posted it."`
	Reverses       *string          `json:"reverses" nullable:"true" doc:"Id of the movement that this one takes back."`
	Reason         *string          `json:"reason" nullable:"true"`
}

// Lot is a lot with its stock and its genealogy.
type Lot struct {
	Item           string            `json:"item"`
	Number         string            `json:"number"`
	Status         string            `json:"status" enum:"quarantine,released,blocked"`
	SupplierLot    *string           `json:"supplier_lot" nullable:"true"`
	Supplier       *string           `json:"supplier" nullable:"true"`
	Unit           string            `json:"unit" doc:"Base unit of the item."`
	ManufacturedOn *httpapi.Date     `json:"manufactured_on" nullable:"true"`
	ExpiresOn      *httpapi.Date     `json:"expires_on" nullable:"true" doc:"Last day of use."`
	StatusChanges  []LotStatusChange `json:"status_changes" doc:"Decisions about it outside inspections, oldest first."`
	Stock          []LotStock        `json:"stock"`
	MadeFrom       []LotIngredient   `json:"made_from"`
	WentInto       []LotDestination  `json:"went_into"`
}

// LotStock is where some of a lot lies.
type LotStock struct {
	Location string           `json:"location"`
	OnHand   httpapi.Quantity `json:"on_hand"`
	Reserved httpapi.Quantity `json:"reserved"`
}

// LotIngredient is a lot that went into this one.
type LotIngredient struct {
	Level    int              `json:"level" doc:"1: directly; 2: by way of one other lot; and so on."`
	Item     string           `json:"item"`
	Lot      string           `json:"lot"`
	Quantity httpapi.Quantity `json:"quantity" doc:"How much of it, in its base unit."`
}

// LotDestination is a lot that this one went into.
type LotDestination struct {
	Level int    `json:"level" doc:"1: directly; 2: by way of one other lot; and so on."`
	Item  string `json:"item"`
	Lot   string `json:"lot"`
}

// Barcode is what a scanned code means.
type Barcode struct {
	Kind     string           `json:"kind" enum:"item,lot,location,handling_unit"`
	Item     string           `json:"item,omitempty"`
	Lot      string           `json:"lot,omitempty"`
	Unit     string           `json:"unit,omitempty" doc:"Unit of the packaging level that the code names."`
	Quantity httpapi.Quantity `json:"quantity,omitempty" doc:"Quantity that the code carries, in that unit."`
	Location string           `json:"location,omitempty"`
	SSCC     string           `json:"sscc,omitempty" doc:"Serial Shipping Container Code, 18 digits."`
}
