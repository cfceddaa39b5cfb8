package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/millrace-erp/millrace/internal/adventureworks"
	"github.com/millrace-erp/millrace/internal/pg"
	"github.com/millrace-erp/millrace/internal/progress"
	"github.com/millrace-erp/millrace/internal/takeover"
)

type importCommand struct {
	Adventureworks importAdventureworks `cmd:"" help:"Master data, stock and orders of the AdventureWorks files, read as they are. Running it again changes nothing."`
	Productionlog  importProductionlog  `cmd:"" help:"The work orders and reports of a machine shop's production log, read as they are. Running it again changes nothing."`
}

type replayCommand struct {
	Adventureworks replayAdventureworks `cmd:"" help:"Receive, inspect, produce and complete what was imported, as the files say it went, and hold the result against the files. A replay that was stopped is run again and goes on where it was."`
}

// adventureworksFiles are the arguments that import and replay share.
type adventureworksFiles struct {
	Dir            string `arg:"" optional:"" default:"data/adventureworks" env:"MILLRACE_ADVENTUREWORKS" help:"The folder with the files, or the one above its csv."`
	PurchaseOrders int    `help:"Take the first purchase orders only; the same for import and replay."`
	WorkOrders     int    `help:"Take the first work orders only; the same for import and replay."`
	Report         string `type:"path" help:"Write all figures to this file, as JSON."`
}

func (f adventureworksFiles) load() (*adventureworks.Source, error) {
	source, err := adventureworks.Load(f.Dir)
	if err != nil {
		return nil, err
	}
	source.Limit(f.PurchaseOrders, f.WorkOrders)
	return source, nil
}

type importAdventureworks struct{ adventureworksFiles }

// Run imports.
func (c importAdventureworks) Run(ctx context.Context, dba *program) error {
	source, err := c.load()
	if err != nil {
		return err
	}
	return withPrimary(ctx, dba, func(primary *pg.Primary) error {
		result, err := adventureworks.Import(ctx, primary.Pool, source, progress.New(os.Stderr))
		table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
		_, _ = fmt.Fprintln(table, "\trows\tcreated\tpresent\trefused\tseconds\t")
		for _, step := range result.Steps {
			_, _ = fmt.Fprintf(table, "%s\t%d\t%d\t%d\t%d\t%.1f\t\n", step.Step, step.Rows, step.Created, step.Present, step.Refused, step.Took.Seconds())
		}
		_ = table.Flush()
		printNotes(result.Notes)
		printRefusals(result.Refusals)
		if len(result.Refusals) > 0 {
			err = errors.Join(err, fmt.Errorf("%d rows were not taken", len(result.Refusals)))
		}
		return errors.Join(err, writeReport(c.Report, result))
	})
}

type replayAdventureworks struct{ adventureworksFiles }

// Run replays, reconciles and runs every invariant.
func (c replayAdventureworks) Run(ctx context.Context, dba *program) error {
	source, err := c.load()
	if err != nil {
		return err
	}
	err = withPrimary(ctx, dba, func(primary *pg.Primary) error {
		result, err := adventureworks.Replay(ctx, primary.Pool, source, progress.New(os.Stderr))
		if result == nil {
			return err
		}
		printNotes(result.Notes)
		printRefusals(result.Refusals)
		err = errors.Join(err, writeReport(c.Report, result))
		if result.Reconciliation == nil {
			return err
		}
		fmt.Printf("\n%d movements posted in %s: %.0f movements/s\n\n", result.Movements, result.Took.Round(100*time.Millisecond), result.MovementsPerSecond())
		printReconciliation(os.Stdout, result.Reconciliation)
		if !result.Reconciliation.IsEqual {
			err = errors.Join(err, errors.New("the database does not hold what the files imply"))
		}
		return err
	})
	return errors.Join(err, verifyCommand{}.Run(ctx, dba))
}

func printReconciliation(out io.Writer, reconciliation *adventureworks.Reconciliation) {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintln(table, "pieces\topening\treceived\trejected\tconsumed\tproduced\tscrapped\ton hand\t")
	for _, row := range []struct {
		name string
		adventureworks.Figures
	}{{"files", reconciliation.Expected}, {"database", reconciliation.Found}} {
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n", row.name,
			row.Opening, row.Received, row.Rejected, row.Consumed, row.Produced, row.Scrapped, row.OnHand)
	}
	_ = table.Flush()
	equal := len(slices.DeleteFunc(slices.Clone(reconciliation.Items), func(item adventureworks.Compared) bool { return !item.IsEqual }))
	_, _ = fmt.Fprintf(out, "%d of %d items are equal in every figure\n", equal, len(reconciliation.Items))
	for _, sentence := range reconciliation.Different {
		_, _ = fmt.Fprintln(out, "DIFFERENT ", sentence)
	}
}

func printNotes(notes []string) {
	for _, note := range notes {
		fmt.Println("note:", note)
	}
}

// printRefusals names every row on its own; the report file holds them too.
func printRefusals(refusals []takeover.Refusal) {
	slices.SortFunc(refusals, func(a, b takeover.Refusal) int { return strings.Compare(a.Source, b.Source) })
	for _, refusal := range refusals {
		fmt.Println("REFUSED", refusal)
	}
	if len(refusals) > 0 {
		fmt.Printf("%d rows were refused\n", len(refusals))
	}
}

func writeReport(file string, result any) error {
	if file == "" {
		return nil
	}
	content, err := json.MarshalIndent(result, "", "  ")
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return os.WriteFile(file, append(content, '\n'), 0o644) //nolint:gosec // a report is for everybody to read
}

func withPrimary(ctx context.Context, dba *program, work func(*pg.Primary) error) error {
	primary, err := pg.OpenPrimary(ctx, dba.DatabaseURL)
	if err != nil {
		return err
	}
	defer primary.Close()
	if err := pg.CheckVersion(ctx, primary); err != nil {
		return err
	}
	return work(primary)
}
