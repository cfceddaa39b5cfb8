package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"text/tabwriter"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/millrace-erp/millrace/internal/event"
	"github.com/millrace-erp/millrace/internal/inventory"
	"github.com/millrace-erp/millrace/internal/pg"
)

type partitionsCommand struct {
	List   partitionsList   `cmd:"" help:"List the partitions of ledger, audit and feed."`
	Ensure partitionsEnsure `cmd:"" help:"Make the partitions that the coming months need, and empty the default ones."`
	Detach partitionsDetach `cmd:"" help:"Take old months out of the ledger; their tables stay, to be saved and dropped."`
	Retain partitionsRetain `cmd:"" help:"Say how many months stay in the ledger; a job detaches what is older and not needed."`
}

type partitionsList struct{}

// Run lists the partitions.
func (partitionsList) Run(ctx context.Context, dba *program) error {
	return withPrimary(ctx, dba, func(primary *pg.Primary) error {
		partitions, err := event.Partitions(ctx, primary)
		if err != nil {
			return err
		}
		needs, err := inventory.LedgerNeeds(ctx, primary)
		if err != nil {
			return err
		}
		neededBy := map[string]string{}
		for _, need := range needs {
			neededBy[need.Partition] = need.NeededBy
			if need.IsOld {
				neededBy[need.Partition] += " (old)"
			}
		}
		months, err := inventory.Retention(ctx, primary)
		if err != nil {
			return err
		}
		table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
		fmt.Fprintln(table, "partition\tfrom\tto\trows, about\tMB\tneeded by\t")
		for _, p := range partitions {
			if p.IsDefault {
				p.Begins, p.Ends = "default", ""
			}
			fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%.1f\t%s\t\n", p.Partition, p.Begins, p.Ends, p.EstimatedRows, float64(p.Bytes)/(1<<20), neededBy[p.Partition])
		}
		if err := table.Flush(); err != nil {
			return err
		}
		fmt.Println(describeRetention(months))
		return nil
	})
}

// describeRetention is one sentence about the setting.
func describeRetention(months int32) string {
	if months == 0 {
		return "All months stay in the ledger."
	}
	return fmt.Sprintf("The running month and %d before it stay in the ledger; older ones are detached as soon as nobody needs them.", months)
}

type partitionsRetain struct {
	Months int32 `required:"" help:"Months before the running one; 0 keeps all."`
}

// Run changes the setting.
func (c partitionsRetain) Run(ctx context.Context, dba *program) error {
	if c.Months < 0 {
		return errors.New("--months must be a number of months, or 0 to keep all")
	}
	return withPrimary(ctx, dba, func(primary *pg.Primary) error {
		if err := inventory.SetRetention(ctx, primary, c.Months); err != nil {
			return err
		}
		fmt.Println(describeRetention(c.Months))
		return nil
	})
}

type partitionsEnsure struct {
	Months int32 `default:"3" help:"How many months after the running one."`
}

// Run makes what is missing.
func (c partitionsEnsure) Run(ctx context.Context, dba *program) error {
	return withPrimary(ctx, dba, func(primary *pg.Primary) error {
		made, err := event.EnsurePartitions(ctx, primary, c.Months)
		if err != nil {
			return err
		}
		fmt.Println(made, "partitions made")
		return nil
	})
}

type partitionsDetach struct {
	Before string `required:"" help:"The first month to keep, such as 2025-01."`
}

// Run detaches old months.
func (c partitionsDetach) Run(ctx context.Context, dba *program) error {
	before, err := time.Parse("2006-01", c.Before)
	if err != nil {
		return fmt.Errorf("--before must be a month such as 2025-01: %w", err)
	}
	return withPrimary(ctx, dba, func(primary *pg.Primary) error {
		names, err := inventory.DetachPartitions(ctx, primary, before)
		var refused *pgconn.PgError
		if errors.As(err, &refused) && refused.Hint != "" {
			return fmt.Errorf("%s. %s", refused.Message, refused.Hint)
		}
		if err != nil {
			return err
		}
		for _, name := range names {
			fmt.Println("detached", name)
		}
		fmt.Println(len(names), "partitions detached")
		return nil
	})
}
