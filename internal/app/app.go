// Package app is the list of the rooms: it gives every room's operations to the API and
// every room's jobs to the worker. The servers, the OpenAPI document and the tests are made
// from this one list.
package app

import (
	"github.com/millrace-erp/millrace/internal/audit"
	"github.com/millrace-erp/millrace/internal/billing"
	"github.com/millrace-erp/millrace/internal/catalog"
	"github.com/millrace-erp/millrace/internal/costing"
	"github.com/millrace-erp/millrace/internal/document"
	"github.com/millrace-erp/millrace/internal/event"
	"github.com/millrace-erp/millrace/internal/export"
	"github.com/millrace-erp/millrace/internal/floor"
	"github.com/millrace-erp/millrace/internal/httpapi"
	"github.com/millrace-erp/millrace/internal/identity"
	"github.com/millrace-erp/millrace/internal/inventory"
	"github.com/millrace-erp/millrace/internal/notify"
	"github.com/millrace-erp/millrace/internal/pg"
	"github.com/millrace-erp/millrace/internal/production"
	"github.com/millrace-erp/millrace/internal/purchasing"
	"github.com/millrace-erp/millrace/internal/queue"
	"github.com/millrace-erp/millrace/internal/sales"
	"github.com/millrace-erp/millrace/internal/shipping"
)

// New is the whole API on the given primary. None is enough to describe it.
func New(primary *pg.Primary, options httpapi.Options) *httpapi.API {
	options.Refusals = event.NewRequests(primary)
	options.Sequences = floor.NoteSequence(primary)
	api := httpapi.New(options)
	event.Register(api, feed(primary, options))
	// One line per room.
	//
	catalog.Register(api, primary)
	//
	inventory.Register(api, primary)
	//
	purchasing.Register(api, primary)
	//
	production.Register(api, primary)
	//
	sales.Register(api, primary)
	//
	shipping.Register(api, primary)
	//
	billing.Register(api, primary)
	//
	costing.Register(api, primary)
	//
	document.Register(api, primary)
	//
	export.Register(api, primary)
	//
	issuer, _ := options.Authenticator.(*identity.Issuer)
	identity.Register(api, primary, issuer, options.Box)
	if issuer != nil {
		issuer.Public(api)
	}
	//
	event.RegisterJobOperations(api, primary, floor.Jobs(primary))
	//
	notify.Register(api, primary)
	//
	event.RegisterWebhooks(api, primary, options.Box)
	//
	audit.Register(api, floor.History(primary))
	//
	floor.Register(api, primary)
	api.Public("/floor", floor.Redirect("/floor/"))
	api.Public("/floor/", floor.Screens())
	api.Public("/board", floor.Redirect("/board/"))
	api.Public("/board/", floor.Boards())
	api.Public("/desk", floor.Redirect("/desk/"))
	api.Public("/desk/", floor.Desk())
	return api
}

// Settings are what the jobs of some rooms need to know of the plant.
type Settings struct {
	// Mail is the relay that takes mails.
	Mail notify.Relay
	// Printing says where label printers may be; without it nothing is sent to any.
	Printing document.Printing
	// Audit signs and sends the heads of seals.
	Audit audit.Settings
}

// feed is what the API's clients follow.
func feed(primary *pg.Primary, options httpapi.Options) *event.Feed {
	url := options.DirectDatabaseURL
	if url == "" && primary != nil {
		url = primary.Config().ConnString()
	}
	return event.NewFeed(primary, event.FeedOptions{
		ListenURL: url, Stopping: options.Stopping, MaxReaders: options.MaxStreams, Log: options.Log, Sites: floor.EventSites(primary),
	})
}

// Jobs are the jobs of all rooms, worked on the given primary.
func Jobs(primary *pg.Primary, settings Settings) *queue.Jobs {
	jobs := queue.NewJobs()
	event.RegisterJobs(jobs, primary)
	event.RegisterUpkeep(jobs, primary)
	// One line per room.
	//
	inventory.RegisterJobs(jobs, primary)
	//
	costing.RegisterJobs(jobs, primary)
	//
	document.RegisterJobs(jobs, primary, settings.Printing)
	//
	notify.RegisterJobs(jobs, primary, settings.Mail)
	//
	export.RegisterJobs(jobs, primary)
	//
	audit.RegisterJobs(jobs, primary, settings.Audit)
	//
	identity.RegisterJobs(jobs, primary)
	return jobs
}
