// Package app is the list of the rooms: it gives every room's operations to the API. The
// api, the OpenAPI document and the tests are made from this one list.
package app

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/millrace-erp/millrace/internal/event"
	"github.com/millrace-erp/millrace/internal/httpapi"
)

// DB is what the rooms' queries run on.
type DB interface {
	Exec(context.Context, string, ...any) (pgconn.CommandTag, error)
	Query(context.Context, string, ...any) (pgx.Rows, error)
	QueryRow(context.Context, string, ...any) pgx.Row
}

// New is the whole API on the given database. A nil database is enough to describe it.
func New(database DB, options httpapi.Options) *httpapi.API {
	options.Refusals = event.NewRequests(database)
	api := httpapi.New(options)
	// One line per room.
	//
	// catalog.Register(api, database)
	//
	// inventory.Register(api, database)
	//
	// purchasing.Register(api, database)
	//
	// production.Register(api, database)
	//
	// sales.Register(api, database)
	//
	// shipping.Register(api, database)
	//
	// billing.Register(api, database)
	//
	// costing.Register(api, database)
	//
	// document.Register(api, database)
	return api
}
