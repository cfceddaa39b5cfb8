package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"text/tabwriter"
	"time"

	"github.com/millrace-erp/millrace/internal/pg"
	"github.com/millrace-erp/millrace/internal/productionlog"
	"github.com/millrace-erp/millrace/internal/progress"
)

type importProductionlog struct {
	Dir    string `arg:"" optional:"" default:"data/productionlog" env:"MILLRACE_PRODUCTIONLOG" help:"The folder with the files."`
	Report string `type:"path" help:"Write all figures and every odd row to this file, as JSON."`
}

// Run imports, reconciles and runs every invariant.
func (c importProductionlog) Run(ctx context.Context, dba *program) error {
	source, err := productionlog.Load(c.Dir)
	if err != nil {
		return err
	}
	err = withPrimary(ctx, dba, func(primary *pg.Primary) error {
		result, err := productionlog.Import(ctx, primary.Pool, source, progress.New(os.Stderr))
		printNotes(result.Notes)
		for _, odd := range [][]string{result.Dirt.Doubles, result.Dirt.ZeroMinute, result.Dirt.NoHour, result.Dirt.SetUpMade} {
			for _, sentence := range odd {
				fmt.Println("odd ", sentence)
			}
		}
		if len(result.Dirt.Overlaps) > 0 {
			fmt.Println("odd  the overlapping rows are named in the file that --report writes")
		}
		printRefusals(result.Refusals)
		err = errors.Join(err, writeReport(c.Report, result))
		if err != nil {
			return err
		}
		fmt.Printf("\n%d cases, %d rows, %d parts, %d work centers in %s (%d commands now, %d answered before)\n\n",
			result.Cases, result.Rows, result.Parts, result.WorkCenters, result.Took.Round(100*time.Millisecond), result.Fresh, result.Replayed)
		table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
		_, _ = fmt.Fprintln(table, "\treports\tset-up\tbreakdown\tgood\trejected\tto MRB\tminutes\tinto stock\t")
		for _, row := range []struct {
			name string
			productionlog.Sums
		}{{"files", result.Expected}, {"database", result.Found}} {
			_, _ = fmt.Fprintf(table, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%.0f\t%d\t\n",
				row.name, row.Reports, row.SetUps, row.Breaks, row.Good, row.Rejected, row.ToMRB, row.Minutes, row.Stocked)
		}
		_ = table.Flush()
		for _, sentence := range result.Different {
			fmt.Println("DIFFERENT ", sentence)
		}
		if len(result.Refusals) > 0 {
			return fmt.Errorf("%d rows were not taken", len(result.Refusals))
		}
		if !result.IsEqual() {
			return errors.New("the database does not hold what the files imply")
		}
		return nil
	})
	return errors.Join(err, verifyCommand{}.Run(ctx, dba))
}
