// Package event is the Go side of the schema of the same name: requests with their
// answers, and the feed of events.
package event

import (
	"context"
	"encoding/json"

	"github.com/millrace-erp/millrace/internal/event/internal/db"
	"github.com/millrace-erp/millrace/internal/httpapi"
)

// Requests keeps the answers of requests that were refused.
type Requests struct{ queries *db.Queries }

// NewRequests works on the given database.
func NewRequests(database db.DBTX) Requests { return Requests{queries: db.New(database)} }

// RecordRefusal stores a refusal under the request's key and gives the answer that stands
// under it, which is another one when the request was answered meanwhile.
func (r Requests) RecordRefusal(
	ctx context.Context, requestContext json.RawMessage, operation string, command json.RawMessage, status int32, problem json.RawMessage,
) (httpapi.Answer, error) {
	row, err := r.queries.RecordRefusal(ctx, requestContext, operation, command, status, problem)
	return httpapi.Answer(row), err
}

// Interventions keeps what is done to jobs past the API's operations.
func Interventions(database db.DBTX) func(ctx context.Context, act httpapi.Act) error {
	queries := db.New(database)
	return func(ctx context.Context, act httpapi.Act) error {
		who := map[string]string{"actor": act.Principal.Subject, "request_id": act.RequestID}
		if act.Principal.Device != "" {
			who["device"] = act.Principal.Device
		}
		text, err := json.Marshal(who)
		if err != nil {
			return err
		}
		return queries.RecordIntervention(ctx, text, act.Action, act.Asked)
	}
}
