package floor

import (
	"context"
	"encoding/json"
	"time"

	"github.com/millrace-erp/millrace/internal/floor/internal/db"
	"github.com/millrace-erp/millrace/internal/httpapi"
)

// boardQuery bounds a board: nobody reads more from five metres away.
type boardQuery struct {
	Limit int32 `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"How many rows of each kind at most."`
}

// registerBoards adds what the boards show and no other operation gives.
func registerBoards(api *httpapi.API, q *db.Queries) {
	httpapi.Read[boardQuery, ShippingBoard](api, httpapi.ReadSpec{
		OperationID: "get-shipping-board", Scope: "inventory:read", Path: "/v1/boards/shipping", Tag: tag,
		Summary: "Open sales orders with what is done of them, and what is packed and waits",
	}, func(ctx context.Context, in *boardQuery) (json.RawMessage, error) {
		return q.GetShippingBoard(ctx, in.Limit)
	})
	httpapi.Read[boardQuery, WorkCenterBoard](api, httpapi.ReadSpec{
		OperationID: "get-work-center-board", Scope: "inventory:read", Path: "/v1/boards/work-centers", Tag: tag,
		Summary: "Work centers with what they work at and what waits for them",
	}, func(ctx context.Context, in *boardQuery) (json.RawMessage, error) {
		return q.GetWorkCenterBoard(ctx, in.Limit)
	})
	httpapi.Read[boardQuery, WarningBoard](api, httpapi.ReadSpec{
		OperationID: "get-warning-board", Scope: "inventory:read", Path: "/v1/boards/warnings", Tag: tag,
		Summary: "What somebody should see to, errors first",
	}, func(ctx context.Context, in *boardQuery) (json.RawMessage, error) {
		return q.GetWarningBoard(ctx, in.Limit)
	})
}

// ShippingBoard is what the shipping desk looks at.
type ShippingBoard struct {
	At            time.Time           `json:"at" doc:"When it was read."`
	Orders        []BoardOrder        `json:"orders" doc:"Open sales orders, soonest wanted first."`
	HandlingUnits []BoardHandlingUnit `json:"handling_units" doc:"Packed and without a shipment, oldest first."`
}

// BoardOrder is an open sales order. Per cents are means over its lines.
type BoardOrder struct {
	Number         string       `json:"number"`
	Customer       string       `json:"customer"`
	CustomerName   string       `json:"customer_name"`
	Site           string       `json:"site"`
	RequestedOn    httpapi.Date `json:"requested_on,omitempty"`
	IsLate         bool         `json:"is_late"`
	Lines          int32        `json:"lines"`
	PickedPercent  int32        `json:"picked_percent"`
	PackedPercent  int32        `json:"packed_percent"`
	ShippedPercent int32        `json:"shipped_percent"`
	State          string       `json:"state" enum:"to_pick,picking,to_pack,ready,partly_shipped"`
}

// BoardHandlingUnit is a pallet or box that waits for its shipment.
type BoardHandlingUnit struct {
	SSCC         string    `json:"sscc" doc:"Serial Shipping Container Code, 18 digits."`
	Kind         string    `json:"kind" enum:"box,pallet"`
	CustomerName string    `json:"customer_name"`
	PackedAt     time.Time `json:"packed_at"`
}

// WorkCenterBoard is what foremen look at.
type WorkCenterBoard struct {
	At          time.Time         `json:"at" doc:"When it was read."`
	WorkCenters []BoardWorkCenter `json:"work_centers"`
}

// BoardWorkCenter is a work center with its queue. The one without a code holds the orders that have no work center.
type BoardWorkCenter struct {
	Code   *string          `json:"code" nullable:"true"`
	Name   *string          `json:"name" nullable:"true"`
	Orders int32            `json:"orders" doc:"How many are in process or wait."`
	Late   int32            `json:"late" doc:"How many of them are late."`
	Queue  []BoardWorkOrder `json:"queue" doc:"In process first, then soonest due."`
}

// BoardWorkOrder is a work order in a queue. Quantities are in the item's base unit.
type BoardWorkOrder struct {
	Number        string              `json:"number"`
	Item          string              `json:"item"`
	Name          string              `json:"name"`
	Unit          string              `json:"unit"`
	State         string              `json:"state" enum:"released,in_process"`
	DueOn         httpapi.Date        `json:"due_on,omitempty"`
	IsLate        bool                `json:"is_late"`
	Quantity      httpapi.AnyQuantity `json:"quantity"`
	GoodQuantity  httpapi.AnyQuantity `json:"good_quantity"`
	ScrapQuantity httpapi.AnyQuantity `json:"scrap_quantity"`
	DonePercent   int32               `json:"done_percent"`
}

// WarningBoard is what somebody should see to.
type WarningBoard struct {
	At       time.Time `json:"at" doc:"When it was read."`
	Count    int32     `json:"count" doc:"How many there are in all."`
	Warnings []Warning `json:"warnings"`
}

// Warning is one thing to see to.
type Warning struct {
	Kind     string     `json:"kind" enum:"tap_missing,tap_refused,tap_queued,printer_down,lot_expired,inspection_waits,work_order_late,sales_order_late,feed_waits"`
	Severity string     `json:"severity" enum:"error,warning"`
	Subject  string     `json:"subject" doc:"Device, printer, lot or document."`
	Detail   string     `json:"detail" doc:"How many, how much, or what was said."`
	Since    *time.Time `json:"since" nullable:"true"`
}
