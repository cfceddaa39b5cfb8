package audit

import (
	"context"
	"encoding/json"
	"time"

	"github.com/millrace-erp/millrace/internal/audit/internal/db"
	"github.com/millrace-erp/millrace/internal/httpapi"
)

// Register adds what the audit tells.
func Register(api *httpapi.API, database db.DBTX) {
	q := db.New(database)
	httpapi.Read[historyOf, httpapi.Page[Change]](api, httpapi.ReadSpec{
		OperationID: "list-history", Scope: "audit:read", Path: "/v1/audit/{room}/{table}/{number}", Tag: "Audit",
		Summary: "Who changed a record, when, from what to what",
		Description: "Every change of the record and of its lines, newest first. The record is named as its table names it: " +
			"`/v1/audit/purchasing/purchase_order/PO-000001`, `/v1/audit/catalog/item/PP-NAT`. Movements of stock are not changes of a record: they are the ledger.",
	}, func(ctx context.Context, in *historyOf) (json.RawMessage, error) {
		return q.ListHistory(ctx, in.Room, in.Table, in.Number, in.After, in.Limit)
	})
}

type historyOf struct {
	Room   string `path:"room" pattern:"^[a-z]{1,32}$" doc:"Room of the record, such as purchasing."`
	Table  string `path:"table" pattern:"^[a-z][a-z_]{0,62}$" doc:"Its table, such as purchase_order."`
	Number string `path:"number" minLength:"1" maxLength:"64" doc:"Its number or code. A lot is told with those of other items that have the same number."`
	After  string `query:"after" pattern:"^([0-9]{1,18})?$" doc:"Value of next of the page before."`
	Limit  int32  `query:"limit" minimum:"1" maximum:"500" default:"100" doc:"How many changes at most."`
}

// Change is one entry of the audit.
type Change struct {
	Entry      string         `json:"entry" doc:"Number of the entry."`
	RecordedAt time.Time      `json:"recorded_at"`
	Table      string         `json:"table" doc:"The record's table, or that of its lines."`
	Operation  string         `json:"operation" enum:"insert,update,delete"`
	Line       *string        `json:"line" nullable:"true" doc:"Number of the line, where the change tells it."`
	Actor      string         `json:"actor" doc:"Operator or client of the request, or the database role for work outside a request."`
	Device     *string        `json:"device" nullable:"true" doc:"The device that the request came from."`
	RequestKey *string        `json:"request_key" nullable:"true" doc:"Idempotency key of the request."`
	RequestID  *string        `json:"request_id" nullable:"true" doc:"Id of the request in the logs."`
	Old        map[string]any `json:"old" nullable:"true" doc:"Before: of an update only what changed. Numbers are text, references are numbers or codes."`
	New        map[string]any `json:"new" nullable:"true" doc:"After: of an update only what changed."`
	Seal       *int64         `json:"seal" nullable:"true" doc:"Number of the seal that holds it; null for a minute, until it is sealed."`
}
