package adventureworks

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/millrace-erp/millrace/internal/takeover"
)

const (
	siteCode = "AW"
	currency = "USD"
	actor    = "import adventureworks"

	quarantinePlace = siteCode + "-QUARANTINE"
	rejectedPlace   = siteCode + "-REJECTED"
	rejectedReason  = siteCode + "-REJECTED"
)

// Kinds tell the commands of one source row apart; they are part of the idempotency keys and never change.
const (
	kindMaster byte = 1 + iota
	kindStock
	kindPurchaseOrder
	kindWorkOrder
	kindOpening
	kindReceipt
	kindInspection
	kindReport
	kindCompletion
	kindClose
)

// Observer is told how the work goes on.
type Observer interface {
	Begin(what string, total int)
	Step(done int)
	End()
	Say(format string, arguments ...any)
}

// Counted is what one step of the import took.
type Counted struct {
	Step    string        `json:"step"`
	Rows    int           `json:"rows"`
	Created int           `json:"created"`
	Present int           `json:"present"` // were there before
	Refused int           `json:"refused"`
	Took    time.Duration `json:"took_ns"`
}

// ImportResult is what the import did.
type ImportResult struct {
	Steps    []Counted          `json:"steps"`
	Notes    []string           `json:"notes"`
	Refusals []takeover.Refusal `json:"refusals"`
}

type object = map[string]any

// importer carries what the steps share.
type importer struct {
	source *Source
	runner *takeover.Runner
	watch  Observer
	result ImportResult
}

// connections is how many of them create orders at once: orders do not depend on each other.
const connections = 4

// Import brings master data, stock and orders into the database. It may be run again: what is there stays as it is.
func Import(ctx context.Context, pool *pgxpool.Pool, source *Source, watch Observer) (*ImportResult, error) {
	in := &importer{source: source, runner: takeover.New(pool, actor), watch: watch}
	for _, step := range []func(context.Context) error{
		in.runner.EnsurePartitions, in.sites, in.locations, in.units, in.items, in.vendors, in.vendorPrices, in.reasons, in.workCenters, in.bills,
		in.stock, in.purchaseOrders, in.workOrders,
	} {
		if err := step(ctx); err != nil {
			return &in.result, err
		}
	}
	return &in.result, nil
}

func (in *importer) note(format string, arguments ...any) {
	in.result.Notes = append(in.result.Notes, fmt.Sprintf(format, arguments...))
}

// master runs one set-based command; its key follows from its content, so the same files are one request.
func (in *importer) master(ctx context.Context, step string, operation takeover.Operation, rows []object) error {
	begun := time.Now()
	content, err := json.Marshal(rows)
	if err != nil {
		return err
	}
	hash := sha256.Sum256(content)
	result, err := in.runner.Run(ctx, operation, []takeover.Command{{
		Source: step, Kind: kindMaster, Ordinal: int64(binary.BigEndian.Uint32(hash[:4])), Body: object{"rows": rows},
	}})
	if err != nil {
		return err
	}
	if len(result.Refusals) > 0 {
		return fmt.Errorf("%s", result.Refusals[0])
	}
	counted := Counted{Step: step, Rows: len(rows), Took: time.Since(begun)}
	var body struct{ Inserted int }
	if err := json.Unmarshal(result.Answers[0].Body, &body); err != nil {
		return fmt.Errorf("read the answer of %s: %w", operation, err)
	}
	if !result.Answers[0].IsReplayed {
		counted.Created = body.Inserted
	}
	counted.Present = counted.Rows - counted.Created
	in.result.Steps = append(in.result.Steps, counted)
	return nil
}

func (in *importer) sites(ctx context.Context) error {
	return in.master(ctx, "site", takeover.ImportSites, []object{{
		"code": siteCode, "name": "Adventure Works Cycles", "country": "US", "currency": currency, "time_zone": "America/Los_Angeles",
	}})
}

func (in *importer) locations(ctx context.Context) error {
	var rows []object
	for _, place := range in.source.Locations {
		rows = append(rows, object{"site": siteCode, "code": place.Code, "name": place.Name, "kind": "storage"})
	}
	for _, kind := range []string{
		"quarantine", "rejected", "staging",
		"supplier", "customer", "production", "scrap", "count_difference", "opening", "transit",
	} {
		code := siteCode + "-" + strings.ToUpper(strings.ReplaceAll(kind, "_", "-"))
		rows = append(rows, object{"site": siteCode, "code": code, "name": "Adventure Works " + strings.ReplaceAll(kind, "_", " "), "kind": kind})
	}
	in.note("Location: the source has storage places only; quarantine, rejected, staging and the virtual ends of movements were added")
	return in.master(ctx, "locations", takeover.ImportLocations, rows)
}

// counted units have no decimal places; all others are measured.
var counted = []string{"BOX", "BTL", "CAN", "CAR", "CR", "CS", "CTN", "DZ", "EA", "PAK", "PAL", "PC"}

func (in *importer) units(ctx context.Context) error {
	var rows []object
	for _, unit := range in.source.Units {
		scale := 3
		if slices.Contains(counted, unit.Code) {
			scale = 0
		}
		rows = append(rows, object{"code": unit.Code, "name": unit.Name, "scale": scale})
	}
	return in.master(ctx, "units", takeover.ImportUnits, rows)
}

func (in *importer) items(ctx context.Context) error {
	var rows []object
	for _, product := range in.source.Products {
		rows = append(rows, object{
			"number": product.Number, "name": product.Name, "base_unit": product.Base, "is_purchased": !product.IsMade,
			"is_manufactured": product.IsMade, "is_sold": product.IsSold, "is_inspected": !product.IsMade,
			"standard_cost": product.StandardCost, "default_location": product.Place.Code,
		})
	}
	in.note("Product: bought items wait for inspection, since the purchase orders count rejected pieces; no item has lots, since the files name none")
	return in.master(ctx, "items", takeover.ImportItems, rows)
}

func (in *importer) vendors(ctx context.Context) error {
	var rows []object
	for _, vendor := range in.source.Vendors {
		country := vendor.Country
		if country == "" {
			country = "US"
			in.note("Vendor %s has no address; its country is taken as US", vendor.Account)
		}
		if vendor.Code != vendor.Account {
			in.note("Vendor %s: its number holds a character that codes may not have; it is %s here", vendor.Account, vendor.Code)
		}
		rows = append(rows, object{
			"code": vendor.Code, "name": vendor.Name, "is_supplier": true, "is_customer": false, "street": vendor.Street,
			"postal_code": vendor.PostalCode, "city": strings.TrimSuffix(vendor.City+", "+vendor.Region, ", "), "country": country, "currency": currency,
		})
	}
	return in.master(ctx, "vendors", takeover.ImportPartners, rows)
}

func (in *importer) vendorPrices(ctx context.Context) error {
	var rows []object
	var odd []string
	for _, price := range in.source.VendorProducts {
		if price.Unit != price.Product.Base && !slices.Contains(odd, price.Product.Number) {
			odd = append(odd, price.Product.Number)
		}
		rows = append(rows, object{
			"partner": price.Vendor.Code, "item": price.Product.Number, "unit": price.Unit, "price": price.Price, "currency": currency,
			"lead_time_days": price.LeadTimeDays, "minimum_quantity": price.Minimum, "maximum_quantity": price.Maximum,
		})
	}
	if len(odd) > 0 {
		in.note("ProductVendor: the vendors of %d items sell in another unit than the bill of material counts, and no file gives a factor. "+
			"Their purchase order lines are taken in the item's own unit, as the source's own transaction history books them: %s", len(odd), strings.Join(odd, ", "))
	}
	return in.master(ctx, "vendor prices", takeover.ImportSupplierItems, rows)
}

func (in *importer) reasons(ctx context.Context) error {
	rows := []object{{"code": rejectedReason, "name": "Rejected at inspection (the source names no reason)", "kind": "rejection"}}
	for _, reason := range in.source.ScrapReasons {
		rows = append(rows, object{"code": reason.Code, "name": reason.Name, "kind": "scrap"})
	}
	return in.master(ctx, "reasons", takeover.ImportReasons, rows)
}

// workCenters are the locations that cost something by the hour.
func (in *importer) workCenters(ctx context.Context) error {
	var rows []object
	for _, place := range in.source.Locations {
		if strings.Trim(place.Rate, "0.") == "" {
			continue
		}
		rows = append(rows, object{
			"site": siteCode, "code": place.Code, "name": place.Name, "supply_location": place.Code, "output_location": place.Code, "hourly_rate": place.Rate,
		})
	}
	return in.master(ctx, "work centers", takeover.ImportWorkCenters, rows)
}

func (in *importer) bills(ctx context.Context) error {
	revisions, oddities := in.source.Revisions()
	in.result.Notes = append(in.result.Notes, oddities...)
	var rows []object
	lines := 0
	for _, revision := range revisions {
		var components []object
		for _, line := range revision.Lines {
			components = append(components, object{"line": line.ID, "item": line.Component.Number, "quantity": line.Quantity})
		}
		lines += len(components)
		row := object{
			"item": revision.Assembly.Number, "revision": revision.Number, "valid_from": revision.From.Format(time.DateOnly),
			"base_quantity": "1", "lines": components,
		}
		if !revision.Until.IsZero() {
			row["valid_until"] = revision.Until.Format(time.DateOnly)
		}
		rows = append(rows, row)
	}
	in.note("BillOfMaterials: %d rows became %d revisions with %d lines; a line's number is its BillOfMaterialsID; EndDate is taken as the last day (read as the first day after, three assemblies would have a day without)",
		len(in.source.Lines), len(revisions), lines)
	return in.master(ctx, "revisions of bills of material", takeover.ImportBillsOfMaterial, rows)
}

// documents runs one command per row, in transactions of a few hundred, on several connections.
func (in *importer) documents(ctx context.Context, step string, operation takeover.Operation, commands []takeover.Command, width int) error {
	begun := time.Now()
	total := Counted{Step: step, Rows: len(commands)}
	in.watch.Begin(step, len(commands))
	err := in.runner.RunApart(ctx, operation, commands, width, 200, func(done takeover.Result) {
		total.Created += done.Fresh
		total.Present += done.Replayed
		total.Refused += len(done.Refusals)
		in.result.Refusals = append(in.result.Refusals, done.Refusals...)
		in.watch.Step(done.Fresh + done.Replayed + len(done.Refusals))
	})
	in.watch.End()
	total.Took = time.Since(begun)
	in.result.Steps = append(in.result.Steps, total)
	return err
}

// before is when the stock of the files is booked: the day before the first order.
func (s *Source) before() time.Time {
	first := s.PurchaseOrders[0].OrderedOn
	for _, order := range s.PurchaseOrders {
		if order.OrderedOn.Before(first) {
			first = order.OrderedOn
		}
	}
	return at(first.AddDate(0, 0, -1), openingHour)
}

// The files know days only. Hours keep the order of a day; they are given in UTC, 14:00 being morning at the site.
const (
	openingHour    = 12
	receiptHour    = 14
	inspectionHour = 16
	productionHour = 20
)

func at(day time.Time, hour int) time.Time { return day.Add(time.Duration(hour) * time.Hour) }

func (in *importer) stock(ctx context.Context) error {
	var commands []takeover.Command
	empty := 0
	for i, stock := range in.source.Inventory {
		if stock.Quantity == 0 {
			empty++
			in.note("ProductInventory row %d: product %s at %s has quantity 0, nothing to book", i+1, stock.Product.Number, stock.Location.Code)
			continue
		}
		commands = append(commands, takeover.Command{
			Source: fmt.Sprintf("ProductInventory row %d", i+1), Kind: kindStock, Ordinal: int64(i + 1),
			Body: object{"item": stock.Product.Number, "to": stock.Location.Code, "quantity": stock.Quantity, "occurred_at": in.source.before()},
		})
	}
	return in.documents(ctx, "stock", takeover.PostOpeningStock, commands, 1)
}

func (in *importer) purchaseOrders(ctx context.Context) error {
	var commands []takeover.Command
	for _, order := range in.source.PurchaseOrders {
		var lines []object
		for _, line := range order.Lines {
			lines = append(lines, object{
				"item": line.Product.Number, "quantity": line.Ordered, "price": line.Price, "due_on": line.DueOn.Format(time.DateOnly),
			})
		}
		commands = append(commands, takeover.Command{
			Source: fmt.Sprintf("PurchaseOrderHeader %d", order.ID), Kind: kindPurchaseOrder, Ordinal: order.ID,
			Body: object{
				"site": siteCode, "supplier": order.Vendor.Code, "currency": currency, "external_number": externalNumber(order.ID),
				"ordered_on": order.OrderedOn.Format(time.DateOnly), "lines": lines,
			},
		})
	}
	return in.documents(ctx, "purchase orders", takeover.CreatePurchaseOrder, commands, connections)
}

func (in *importer) workOrders(ctx context.Context) error {
	var commands []takeover.Command
	for _, order := range in.source.WorkOrders {
		commands = append(commands, takeover.Command{
			Source: fmt.Sprintf("WorkOrder %d", order.ID), Kind: kindWorkOrder, Ordinal: order.ID,
			Body: object{
				"site": siteCode, "item": order.Product.Number, "quantity": order.Ordered, "external_number": externalNumber(order.ID),
				"output_location": order.Product.Place.Code, "occurred_at": at(order.StartedOn, productionHour),
			},
		})
	}
	return in.documents(ctx, "work orders", takeover.CreateWorkOrder, commands, connections)
}

// externalNumber is the number of a purchase or work order of the source.
func externalNumber(id int64) string { return fmt.Sprintf("%s-%d", siteCode, id) }
