// Package floor is what operators have in their hands: the screens that the api serves at
// /floor/, and the few operations that are made for them: what a scan means, what is to be
// done, and how far the journals of the devices have come.
//
// The screens are plain ES modules under web, without a build step. docs/adr/0033 says why.
package floor

import (
	"context"
	"encoding/json"
	"time"

	"github.com/millrace-erp/millrace/internal/floor/internal/db"
	"github.com/millrace-erp/millrace/internal/gs1"
	"github.com/millrace-erp/millrace/internal/httpapi"
	"github.com/millrace-erp/millrace/internal/pg"
	"github.com/millrace-erp/millrace/internal/problem"
)

const tag = "Floor"

// Register adds the operations of the room to the API.
func Register(api *httpapi.API, primary *pg.Primary) {
	q := db.New(primary)
	httpapi.Ask[AskScan, Scan](api, httpapi.ReadSpec{
		OperationID: "resolve-scan", Scope: "inventory:read", Path: "/v1/scans", Tag: tag,
		Summary: "What a scanned code means",
		Description: "Takes GS1-128, GS1 DataMatrix, EAN, UPC, ITF-14, SSCC, GS1 Digital Links and plain codes, with or without symbology identifier, " +
			"FNC1 as group separator or the bracketed form. Nothing is changed by it.",
	}, func(ctx context.Context, question AskScan) (json.RawMessage, error) {
		scan, err := describe(question.Code)
		if err != nil {
			return nil, err
		}
		return q.ResolveScan(ctx, scan)
	})
	httpapi.Ask[ReportJournal, Journal](api, httpapi.ReadSpec{
		OperationID: "report-journal", Scope: "inventory:read", Path: "/v1/journal-reports", Tag: tag,
		Summary:     "Tell how far the journal of a device has come",
		Description: "Devices report by themselves every minute, and whenever something changes. The newest report counts, so it takes no idempotency key.",
	}, func(ctx context.Context, report ReportJournal) (json.RawMessage, error) {
		text, err := json.Marshal(report)
		if err != nil {
			return nil, err
		}
		return q.ReportJournal(ctx, deviceOf(ctx), text)
	})
	httpapi.List[Journal](api, httpapi.ReadSpec{
		OperationID: "list-journals", Scope: "event:read", Path: "/v1/journals", Tag: tag,
		Summary: "Journals of devices: what is still on them, and what never came",
	}, q.ListJournals)

	type tasksQuery struct {
		Kind  string `query:"kind" required:"true" enum:"receive,inspect,put_away,issue,report,pick,pack,ship,return,send_back" doc:"What kind of work."`
		Limit int32  `query:"limit" minimum:"1" maximum:"500" default:"200" doc:"How many at most."`
	}
	httpapi.Read[tasksQuery, Tasks](api, httpapi.ReadSpec{
		OperationID: "list-tasks", Scope: "inventory:read", Path: "/v1/tasks", Tag: tag,
		Summary: "What is to be done, soonest due first",
	}, func(ctx context.Context, in *tasksQuery) (json.RawMessage, error) {
		return q.ListTasks(ctx, in.Kind, in.Limit)
	})
	httpapi.Read[struct{}, ReferenceData](api, httpapi.ReadSpec{
		OperationID: "get-reference-data", Scope: "catalog:read", Path: "/v1/reference-data", Tag: tag,
		Summary: "What a device keeps to understand scans without a network",
	}, func(ctx context.Context, _ *struct{}) (json.RawMessage, error) {
		return q.GetReferenceData(ctx)
	})
	registerBoards(api, q)
	registerDesk(api, q)
}

// NoteSequence is [httpapi.Options.Sequences]: it notes that a tap of a device was answered.
func NoteSequence(primary *pg.Primary) func(ctx context.Context, journal, device string, sequence int64) error {
	q := db.New(primary)
	return func(ctx context.Context, journal, device string, sequence int64) error {
		caller, err := json.Marshal(map[string]any{"sites": httpapi.PrincipalOf(ctx).Sites, "device": device})
		if err != nil {
			return err
		}
		return q.NoteSequence(pg.WithCaller(ctx, caller), journal, device, sequence)
	}
}

// EventSites is [event.FeedOptions.Sites]: it finds out at which sites is what events are about.
func EventSites(primary *pg.Primary) func(ctx context.Context, topics []string, subjects []int64, locations []string) ([][]string, error) {
	q := db.New(primary)
	return func(ctx context.Context, topics []string, subjects []int64, locations []string) ([][]string, error) {
		rows, err := q.ListEventSites(pg.WithCaller(ctx, json.RawMessage(`{"sites": null}`)), topics, subjects, locations)
		if err != nil {
			return nil, err
		}
		sites := make([][]string, len(topics))
		for _, row := range rows {
			sites[row.Ordinal-1] = append(sites[row.Ordinal-1], row.Site)
		}
		return sites, nil
	}
}

// History is [audit.Reader]: the history of a record, with the names of who did it.
func History(primary *pg.Primary) func(ctx context.Context, room, table, number, item, after string, limit int32) (json.RawMessage, error) {
	q := db.New(primary)
	return func(ctx context.Context, room, table, number, item, after string, limit int32) (json.RawMessage, error) {
		return q.ListHistory(ctx, db.ListHistoryParams{Room: room, TableName: table, Number: number, Item: item, After: after, RowLimit: limit})
	}
}

// Jobs is an [event.JobReader].
func Jobs(primary *pg.Primary) *db.Queries { return db.New(primary) }

// deviceOf names the device that reports. One without a name of its own shares that of its client.
func deviceOf(ctx context.Context) string {
	principal := httpapi.PrincipalOf(ctx)
	if principal.Device != "" {
		return principal.Device
	}
	return principal.Client
}

// describe is what the form of the code says, as SQL takes it.
func describe(code string) (json.RawMessage, error) {
	scan, err := gs1.ReadScan(code)
	if err != nil {
		p := problem.New(problem.Invalid, "The code is damaged: it begins as a GS1 code and does not go on as one.")
		p.Hint = "Scan it again, or key in the number."
		return nil, p
	}
	description := struct {
		Text      string            `json:"text"`
		Elements  map[string]string `json:"elements,omitempty"`
		GTIN      string            `json:"gtin,omitempty"`
		Weight    string            `json:"weight,omitempty"`
		ExpiresOn string            `json:"expires_on,omitempty"`
	}{Text: scan.Text, GTIN: scan.GTIN, Weight: scan.Weight(), ExpiresOn: scan.Day("17", "15")}
	if len(scan.Elements) > 0 {
		description.Elements = map[string]string{}
		for _, e := range scan.Elements {
			description.Elements[e.AI] = e.Data
		}
	}
	return json.Marshal(description)
}

// AskScan is the question of a scan.
type AskScan struct {
	Code string `json:"code" minLength:"1" maxLength:"512" doc:"What the scanner read, FNC1 as group separator (U+001D)."`
}

// Scan is what a scanned code means.
type Scan struct {
	Kind             string           `json:"kind" enum:"item,lot,location,handling_unit,work_order,purchase_order,goods_receipt,sales_order,pick,shipment,customer_return,badge"`
	Item             string           `json:"item,omitempty"`
	Name             string           `json:"name,omitempty" doc:"Of the item or location."`
	Tracking         string           `json:"tracking,omitempty" enum:"none,lot,serial"`
	Lot              string           `json:"lot,omitempty" doc:"Lot or serial number."`
	LotStatus        string           `json:"lot_status,omitempty" enum:"quarantine,released,blocked"`
	Serial           string           `json:"serial,omitempty"`
	ExpiresOn        httpapi.Date     `json:"expires_on,omitempty"`
	Quantity         httpapi.Quantity `json:"quantity,omitempty" doc:"Quantity that the code carries, in unit."`
	Unit             string           `json:"unit,omitempty"`
	Location         string           `json:"location,omitempty"`
	LocationKind     string           `json:"location_kind,omitempty"`
	Site             string           `json:"site,omitempty"`
	SSCC             string           `json:"sscc,omitempty" doc:"Serial Shipping Container Code, 18 digits."`
	HandlingUnitKind string           `json:"handling_unit_kind,omitempty" enum:"box,pallet"`
	Number           string           `json:"number,omitempty" doc:"Of the order or document."`
	State            string           `json:"state,omitempty" doc:"Of the order or handling unit."`
	Operator         string           `json:"operator,omitempty" doc:"Whose badge it is."`
	IsKnown          *bool            `json:"is_known,omitempty" doc:"False for a lot that is none yet, or a pallet of others."`
}

// ReportJournal is what a device says of its journal.
type ReportJournal struct {
	Journal               string     `json:"journal" format:"uuid" doc:"Made by the device."`
	Queued                int32      `json:"queued" minimum:"0" doc:"Taps that are still on the device."`
	Refused               int32      `json:"refused" minimum:"0" doc:"Refused taps that wait for a person."`
	OldestQueuedAt        *time.Time `json:"oldest_queued_at,omitempty" doc:"When the oldest of the queued was tapped."`
	ClockSkewMilliseconds int64      `json:"clock_skew_milliseconds,omitempty" minimum:"-9000000000000" maximum:"9000000000000" doc:"How far its clock is behind ours."`
	Version               string     `json:"version,omitempty" maxLength:"64" doc:"Of the screens that it shows."`
}

// Journal is how far the journal of a device has come.
type Journal struct {
	Journal               string     `json:"journal"`
	Device                string     `json:"device"`
	HighestSequence       string     `json:"highest_sequence" doc:"Number of the newest tap that was answered."`
	Queued                int32      `json:"queued" doc:"Taps that were still on the device at its last report."`
	Refused               int32      `json:"refused" doc:"Refused taps that waited for a person then."`
	OldestQueuedAt        *time.Time `json:"oldest_queued_at" nullable:"true"`
	ClockSkewMilliseconds *int64     `json:"clock_skew_milliseconds" nullable:"true" doc:"How far the clock of the device is behind ours."`
	Version               *string    `json:"version" nullable:"true"`
	HeardAt               time.Time  `json:"heard_at" doc:"When it last reported or sent a tap."`
	Missing               []string   `json:"missing" doc:"Numbers of taps that never came, though later ones did; the first hundred."`
}

// Tasks are what is to be done.
type Tasks struct {
	Items []Task `json:"items"`
}

// Task is one thing to be done. Quantities are in the base unit.
type Task struct {
	Number      string              `json:"number,omitempty" doc:"Of the order or document; the SSCC of what is to be shipped."`
	Line        int32               `json:"line,omitempty"`
	Item        string              `json:"item,omitempty"`
	Name        string              `json:"name,omitempty"`
	Tracking    string              `json:"tracking,omitempty" enum:"none,lot,serial"`
	Lot         string              `json:"lot,omitempty"`
	ExpiresOn   httpapi.Date        `json:"expires_on,omitempty"`
	Quantity    httpapi.AnyQuantity `json:"quantity,omitempty" doc:"What is open."`
	Unit        string              `json:"unit,omitempty" doc:"Base unit of the item."`
	OrderUnit   string              `json:"order_unit,omitempty" doc:"Unit in which it was ordered."`
	From        string              `json:"from,omitempty" doc:"Where it lies."`
	To          string              `json:"to,omitempty" doc:"Where it belongs."`
	Partner     string              `json:"partner,omitempty"`
	PartnerName string              `json:"partner_name,omitempty"`
	Reference   string              `json:"reference,omitempty" doc:"What it belongs to."`
	DueOn       httpapi.Date        `json:"due_on,omitempty"`
	State       string              `json:"state,omitempty"`
}

// ReferenceData is what a device keeps.
type ReferenceData struct {
	Items     []ReferenceItem     `json:"items"`
	Locations []ReferenceLocation `json:"locations"`
	Units     []ReferenceUnit     `json:"units"`
	Reasons   []ReferenceReason   `json:"reasons"`
	Carriers  []ReferenceCarrier  `json:"carriers"`
}

// ReferenceItem is an item.
type ReferenceItem struct {
	Number     string              `json:"number"`
	Name       string              `json:"name"`
	Unit       string              `json:"unit" doc:"Its base unit."`
	Tracking   string              `json:"tracking" enum:"none,lot,serial"`
	GTIN       string              `json:"gtin,omitempty"`
	SecondUnit string              `json:"second_unit,omitempty" doc:"Unit of its catch weight."`
	Units      []ReferenceItemUnit `json:"units,omitempty"`
}

// ReferenceItemUnit is another unit of an item: numerator base units are denominator of it.
type ReferenceItemUnit struct {
	Unit        string `json:"unit"`
	GTIN        string `json:"gtin,omitempty"`
	Numerator   string `json:"numerator"`
	Denominator string `json:"denominator"`
}

// ReferenceLocation is a physical location.
type ReferenceLocation struct {
	Code string `json:"code"`
	Name string `json:"name"`
	Kind string `json:"kind" enum:"storage,quarantine,rejected,staging"`
	Site string `json:"site"`
}

// ReferenceUnit is a unit.
type ReferenceUnit struct {
	Code  string `json:"code"`
	Name  string `json:"name"`
	Scale int32  `json:"scale"`
}

// ReferenceReason is a reason.
type ReferenceReason struct {
	Code string `json:"code"`
	Name string `json:"name"`
	Kind string `json:"kind" enum:"scrap,rejection,adjustment,return,reversal"`
}

// ReferenceCarrier is a carrier.
type ReferenceCarrier struct {
	Code string `json:"code"`
	Name string `json:"name"`
}
