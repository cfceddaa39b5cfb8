package audit

import (
	"context"
	"encoding/json"
	"time"

	"github.com/millrace-erp/millrace/internal/httpapi"
)

// Reader reads the history of a record; nil stands for none that the caller may know of.
type Reader func(ctx context.Context, room, table, number, item, after string, limit int32) (json.RawMessage, error)

// Register adds what the audit tells.
func Register(api *httpapi.API, read Reader) {
	httpapi.Read[Record, History](api, httpapi.ReadSpec{
		OperationID: "list-history", Scope: "audit:read", Path: "/v1/audit/{room}/{table}/{number}", Tag: "Audit",
		Summary: "Who changed a record, when, from what to what",
		Description: "Every change of the record and of its lines, newest first. The record is named as its table names it: " +
			"`/v1/audit/purchasing/purchase_order/PO-000001`, `/v1/audit/catalog/item/PP-NAT`, `/v1/audit/inventory/lot/L-1?item=PP-NAT`. " +
			"What has no name of its own, such as a bill of material, is named by its item. Movements of stock are not changes of a record: they are the ledger.\n\n" +
			"**With a token for some sites** it tells what is of those and what all share; a record of another plant is as if there were none.",
	}, func(ctx context.Context, in *Record) (json.RawMessage, error) {
		return read(ctx, in.Room, in.Table, in.Number, in.Item, in.After, in.Limit)
	})
}

// Record names a record, and the page of its history.
type Record struct {
	Room   string `path:"room" pattern:"^[a-z]{1,32}$" doc:"Room of the record, such as purchasing."`
	Table  string `path:"table" pattern:"^[a-z][a-z_]{0,62}$" doc:"Its table, such as purchase_order."`
	Number string `path:"number" minLength:"1" maxLength:"64" doc:"Its number or code."`
	Item   string `query:"item" maxLength:"64" doc:"Item of a lot. Without it a lot is told with those of other items that have the same number."`
	After  string `query:"after" pattern:"^([0-9]{1,18})?$" doc:"Value of next of the page before."`
	Limit  int32  `query:"limit" minimum:"1" maximum:"500" default:"100" doc:"How many changes at most."`
}

// History is a page of changes.
type History struct {
	Items    []Change `json:"items"`
	Next     *string  `json:"next" doc:"Value of the parameter after for the following page; null on the last one."`
	TimeZone *string  `json:"time_zone" nullable:"true" doc:"IANA time zone of the record's site, or of all sites; null when they have several." example:"Europe/Berlin"`
}

// Change is one entry of the audit.
type Change struct {
	Entry      string         `json:"entry" doc:"Number of the entry."`
	RecordedAt time.Time      `json:"recorded_at"`
	Table      string         `json:"table" doc:"The record's table, or that of its lines."`
	Operation  string         `json:"operation" enum:"insert,update,delete"`
	Line       *string        `json:"line" nullable:"true" doc:"Number of the line; null for the record itself."`
	Actor      *string        `json:"actor" nullable:"true" doc:"Operator or client of the request, or the database role for work outside a request; null when that is somebody of another plant."`
	ActorName  *string        `json:"actor_name" nullable:"true" doc:"Name of the operator or client."`
	Device     *string        `json:"device" nullable:"true" doc:"The device that the request came from."`
	DeviceName *string        `json:"device_name" nullable:"true" doc:"Its name."`
	Command    *string        `json:"command" nullable:"true" doc:"Operation of the request; null outside a request, and when the request is not kept any more." example:"receive-goods"`
	RequestKey *string        `json:"request_key" nullable:"true" doc:"Idempotency key of the request."`
	RequestID  *string        `json:"request_id" nullable:"true" doc:"Id of the request in the logs."`
	Old        map[string]any `json:"old" nullable:"true" doc:"Before: of an update only what changed. Numbers are text, references are numbers or codes."`
	New        map[string]any `json:"new" nullable:"true" doc:"After: of an update only what changed."`
	Seal       *int64         `json:"seal" nullable:"true" doc:"Number of the seal that holds it; null for a minute, until it is sealed."`
}
