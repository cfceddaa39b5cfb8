package productionlog

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/millrace-erp/millrace/internal/takeover"
)

const (
	siteCode = "PL"
	actor    = "import productionlog"

	store        = siteCode + "-STORE"
	rejectReason = siteCode + "-REJECTED"
	unknownPart  = "unknown"
	otherPart    = "other"
	pieces       = "C62" // piece, by UN/ECE Recommendation 20
	atOnce       = 200
	production   = "production"
)

// Kinds tell the commands of one source row apart; they are part of the idempotency keys and never change.
const (
	kindMaster byte = 1 + iota
	kindOrder
	kindReport
	kindQuantity
	kindCompletion
)

// Observer is told how the work goes on.
type Observer interface {
	Begin(what string, total int)
	Step(done int)
	End()
}

// Sums are what reports add up to.
type Sums struct {
	Reports  int64   `json:"reports"`
	SetUps   int64   `json:"set_ups"`
	Breaks   int64   `json:"breakdowns"`
	Good     int64   `json:"good"`
	Rejected int64   `json:"rejected"`
	ToMRB    int64   `json:"to_mrb"`
	Minutes  float64 `json:"minutes"`
	Stocked  int64   `json:"stocked"` // good at the last operation: what went into stock
}

func (s *Sums) add(other *Sums) {
	s.Reports += other.Reports
	s.SetUps += other.SetUps
	s.Breaks += other.Breaks
	s.Good += other.Good
	s.Rejected += other.Rejected
	s.ToMRB += other.ToMRB
	s.Minutes += other.Minutes
	s.Stocked += other.Stocked
}

// Result is what the import did, and how the database compares with the files.
type Result struct {
	Cases       int                `json:"cases"`
	Rows        int                `json:"rows"`
	Parts       int                `json:"parts"`
	WorkCenters int                `json:"work_centers"`
	Matched     int                `json:"rows_with_machine"`
	Completed   int                `json:"completed"`
	Fresh       int                `json:"fresh"`
	Replayed    int                `json:"replayed"`
	Refusals    []takeover.Refusal `json:"refusals"`
	Notes       []string           `json:"notes"`
	Dirt        Dirt               `json:"dirt"`
	Took        time.Duration      `json:"took_ns"`
	Expected    Sums               `json:"expected"`
	Found       Sums               `json:"found"`
	Different   []string           `json:"different"`
}

// IsEqual says whether the database holds what the files imply, case by case.
func (r *Result) IsEqual() bool { return len(r.Different) == 0 }

type object = map[string]any

type importer struct {
	source *Source
	runner *takeover.Runner
	watch  Observer
	result Result
}

// Import takes the cases over as work orders and the rows as production reports. Running it again changes nothing.
func Import(ctx context.Context, pool *pgxpool.Pool, source *Source, watch Observer) (*Result, error) {
	begun := time.Now()
	in := &importer{source: source, runner: takeover.New(pool, actor), watch: watch, result: Result{
		Cases: len(source.Cases), Rows: len(source.Reports), Matched: source.Matched, Notes: source.Notes, Dirt: source.Dirt,
	}}
	for _, step := range []func(context.Context) error{
		in.runner.EnsurePartitions, in.masters, in.orders, in.reports, in.completions, in.reconcile,
	} {
		if err := step(ctx); err != nil {
			return &in.result, err
		}
		in.result.Took = time.Since(begun)
	}
	return &in.result, nil
}

func (in *importer) note(format string, arguments ...any) {
	in.result.Notes = append(in.result.Notes, fmt.Sprintf(format, arguments...))
}

// code makes a code of a name: PL-TURNING-MILLING.
func code(name string) string {
	words := strings.FieldsFunc(strings.ToUpper(name), func(r rune) bool { return (r < 'A' || r > 'Z') && (r < '0' || r > '9') })
	return siteCode + "-" + strings.Join(words, "-")
}

// part is the item that a case makes.
func (c *Case) part() string {
	switch c.Part {
	case "":
		return unknownPart
	default:
		return c.Part
	}
}

func (in *importer) masters(ctx context.Context) error {
	locations := []object{{"site": siteCode, "code": store, "name": "Finished parts", "kind": "storage"}}
	for _, kind := range []string{
		"quarantine", "rejected", "staging",
		"supplier", "customer", "production", "scrap", "count_difference", "opening", "transit",
	} {
		locations = append(locations, object{
			"site": siteCode, "code": siteCode + "-" + strings.ToUpper(strings.ReplaceAll(kind, "_", "-")), "name": "Machine shop " + strings.ReplaceAll(kind, "_", " "), "kind": kind,
		})
	}
	var items, centers []object
	isThere := map[string]bool{}
	center := func(name string) {
		if !isThere[code(name)] {
			isThere[code(name)] = true
			centers = append(centers, object{"site": siteCode, "code": code(name), "name": name, "supply_location": store, "output_location": store, "hourly_rate": "0"})
		}
	}
	known := map[string]bool{}
	for _, work := range in.source.Cases {
		if !known[work.part()] {
			known[work.part()] = true
			name := work.part()
			if name == unknownPart || name == otherPart {
				name = "Part not named in the source (" + name + ")"
			}
			items = append(items, object{
				"number": code(work.part()), "name": name, "base_unit": pieces, "is_purchased": false, "is_manufactured": true, "is_sold": true,
				"is_inspected": false, "standard_cost": nil, "default_location": store,
			})
		}
	}
	for _, report := range in.source.Reports {
		center(report.Task)
		if report.Machine != "" {
			center(report.Machine)
		}
	}
	in.result.Parts, in.result.WorkCenters = len(items), len(centers)
	for _, one := range []struct {
		operation takeover.Operation
		rows      []object
	}{
		{takeover.ImportSites, []object{{"code": siteCode, "name": "Machine shop", "country": "IL", "currency": "ILS", "time_zone": zone}}},
		{takeover.ImportLocations, locations},
		{takeover.ImportUnits, []object{{"code": pieces, "name": "Piece", "scale": 0}}},
		{takeover.ImportItems, items},
		{takeover.ImportReasons, []object{{"code": rejectReason, "name": "Rejected (the source names no reason)", "kind": "scrap"}}},
		{takeover.ImportWorkCenters, centers},
	} {
		content, err := json.Marshal(one.rows)
		if err != nil {
			return err
		}
		hash := sha256.Sum256(content)
		result, err := in.runner.Run(ctx, one.operation, []takeover.Command{{
			Source: string(one.operation), Kind: kindMaster, Ordinal: int64(binary.BigEndian.Uint32(hash[:4])), Body: object{"rows": one.rows},
		}})
		if err != nil {
			return err
		}
		if len(result.Refusals) > 0 {
			return errors.New(result.Refusals[0].String())
		}
	}
	return nil
}

// run runs commands some hundred at a time.
func (in *importer) run(ctx context.Context, what string, operation takeover.Operation, commands []takeover.Command) error {
	in.watch.Begin(what, len(commands))
	defer in.watch.End()
	for from := 0; from < len(commands); from += atOnce {
		result, err := in.runner.Run(ctx, operation, commands[from:min(from+atOnce, len(commands))])
		in.result.Fresh += result.Fresh
		in.result.Replayed += result.Replayed
		in.result.Refusals = append(in.result.Refusals, result.Refusals...)
		in.watch.Step(result.Fresh + result.Replayed + len(result.Refusals))
		if err != nil {
			return err
		}
	}
	return nil
}

func externalNumber(work *Case) string { return siteCode + "-" + work.Name }

func (in *importer) orders(ctx context.Context) error {
	var commands []takeover.Command
	var unknown, over []string
	for _, work := range in.source.Cases {
		if work.OrderQuantity == 0 {
			unknown = append(unknown, fmt.Sprintf("%s (%d)", work.Name, work.quantity()))
		}
		if percent := work.overPercent(); percent > 0 {
			over = append(over, fmt.Sprintf("%s (%d good of %d ordered)", work.Name, work.good(work.Tasks[len(work.Tasks)-1]), work.quantity()))
		}
		var operations []object
		started := work.Reports[0].Start
		for _, task := range work.Tasks {
			operations = append(operations, object{"operation": work.operation(task), "name": task, "work_center": code(task)})
		}
		for _, report := range work.Reports {
			if report.Start.Before(started) {
				started = report.Start
			}
		}
		commands = append(commands, takeover.Command{
			Source: work.Name, Kind: kindOrder, Ordinal: takeover.Ordinal(work.Name),
			Body: object{
				"site": siteCode, "item": code(work.part()), "quantity": fmt.Sprint(work.quantity()), "external_number": externalNumber(work),
				"output_location": store, "over_production_percent": fmt.Sprint(work.overPercent()), "operations": operations, "occurred_at": started,
			},
		})
	}
	if len(unknown) > 0 {
		in.note("%d cases have neither part nor order quantity in any file: the part is called unknown, the quantity is the most that any task reported good: %s", len(unknown), strings.Join(unknown, ", "))
	}
	if len(over) > 0 {
		in.note("%d cases made more than was ordered: their orders have the tolerance that takes it: %s", len(over), strings.Join(over, ", "))
	}
	in.note("the machine of %d of %d rows is known from the research cut; the others are booked on a work center named after their task", in.source.Matched, len(in.source.Reports))
	return in.run(ctx, "work orders", takeover.CreateWorkOrder, commands)
}

func (in *importer) reports(ctx context.Context) error {
	numbers, err := in.runner.WorkOrderNumbers(ctx, siteCode)
	if err != nil {
		return err
	}
	cases := map[string]*Case{}
	for _, work := range in.source.Cases {
		cases[work.Name] = work
	}
	kinds := map[string]string{"D": production, "S": "setup", "B": "breakdown"}
	var commands []takeover.Command
	for _, report := range in.source.Reports {
		work := cases[report.Case]
		center := code(report.Task)
		if report.Machine != "" {
			center = code(report.Machine)
		}
		body := func(kind string, start time.Time) object {
			return object{
				"work_order": numbers[externalNumber(work)], "kind": kind, "operation": work.operation(report.Task), "work_center": center,
				"operator": report.Worker, "started_at": start, "ended_at": report.End, "occurred_at": report.End,
			}
		}
		quantities := func(into object) object {
			into["good_quantity"], into["rework_quantity"] = fmt.Sprint(report.Completed), fmt.Sprint(report.ToMRB)
			if report.Rejected > 0 {
				into["scrap_quantity"], into["scrap_reason"] = fmt.Sprint(report.Rejected), rejectReason
			}
			return into
		}
		timed := body(kinds[report.Type], report.Start)
		command := takeover.Command{Source: report.String(), Kind: kindReport, Ordinal: int64(report.Row), Body: timed}
		if report.Type == "D" {
			quantities(timed)
		}
		commands = append(commands, command)
		if report.Type != "D" && report.hasQuantity() {
			commands = append(commands, takeover.Command{
				Source: report.String(), Kind: kindQuantity, Ordinal: int64(report.Row), Body: quantities(body(production, report.End)),
			})
		}
	}
	return in.run(ctx, "reports", takeover.ReportProduction, commands)
}

// completions completes the cases whose last operation has reported what was ordered; the log ends with the others open.
func (in *importer) completions(ctx context.Context) error {
	numbers, err := in.runner.WorkOrderNumbers(ctx, siteCode)
	if err != nil {
		return err
	}
	var commands []takeover.Command
	for _, work := range in.source.Cases {
		if work.good(work.Tasks[len(work.Tasks)-1]) < work.quantity() {
			continue
		}
		commands = append(commands, takeover.Command{
			Source: work.Name, Kind: kindCompletion, Ordinal: takeover.Ordinal(work.Name),
			Body: object{"work_order": numbers[externalNumber(work)], "occurred_at": work.Reports[len(work.Reports)-1].End},
		})
	}
	in.result.Completed = len(commands)
	in.note("%d of %d cases reported at their last operation what was ordered and were completed; the log does not tell whether the others were, so they stay open", len(commands), len(in.source.Cases))
	return in.run(ctx, "completions", takeover.CompleteWorkOrder, commands)
}

// sums is what the files say of a case.
func (c *Case) sums() Sums {
	sums := Sums{Stocked: c.good(c.Tasks[len(c.Tasks)-1])}
	for _, report := range c.Reports {
		sums.Reports++
		switch report.Type {
		case "S":
			sums.SetUps++
		case "B":
			sums.Breaks++
		}
		if report.Type != "D" && report.hasQuantity() {
			sums.Reports++ // its quantities are a report of their own
		}
		sums.Good += report.Completed
		sums.Rejected += report.Rejected
		sums.ToMRB += report.ToMRB
		sums.Minutes += report.End.Sub(report.Start).Minutes()
	}
	return sums
}

func (in *importer) reconcile(ctx context.Context) error {
	rows, err := in.runner.ReportFigures(ctx, siteCode)
	if err != nil {
		return err
	}
	found := map[string]Sums{}
	for _, row := range rows {
		found[row.ExternalNumber] = Sums{
			Reports: row.Reports, SetUps: row.SetUps, Breaks: row.Breakdowns, Good: row.Good, Rejected: row.Scrapped,
			ToMRB: row.Rework, Minutes: row.Minutes, Stocked: row.Stocked,
		}
	}
	for _, work := range in.source.Cases {
		expected, actual := work.sums(), found[externalNumber(work)]
		in.result.Expected.add(&expected)
		in.result.Found.add(&actual)
		if expected != actual {
			in.result.Different = append(in.result.Different, fmt.Sprintf("%s: the database has %+v, the files %+v", work.Name, actual, expected))
		}
		delete(found, externalNumber(work))
	}
	for number := range found {
		in.result.Different = append(in.result.Different, "order "+number+" is not in the files")
	}
	return nil
}
