package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/millrace-erp/millrace/internal/migrate"
	millracesql "github.com/millrace-erp/millrace/sql"
)

type migrateCommand struct {
	Up     migrateUp     `cmd:"" help:"Apply what is pending."`
	Down   migrateDown   `cmd:"" help:"Take migrations back, the newest first. Loses the data they brought."`
	Status migrateStatus `cmd:"" help:"Tell the version and what is pending. Writes nothing."`
}

type migrateUp struct {
	Steps int `help:"How many; all that are pending if not given."`
}

// Run applies migrations.
func (c migrateUp) Run(ctx context.Context, dba *program, log *slog.Logger) error {
	return withRunner(ctx, dba, log, func(runner *migrate.Runner) error {
		if c.Steps > 0 {
			return runner.Step(ctx, c.Steps)
		}
		return runner.Up(ctx)
	})
}

type migrateDown struct {
	Steps int `required:"" help:"How many."`
}

// Run takes migrations back.
func (c migrateDown) Run(ctx context.Context, dba *program, log *slog.Logger) error {
	if c.Steps < 1 {
		return errors.New("--steps must be 1 or more")
	}
	return withRunner(ctx, dba, log, func(runner *migrate.Runner) error {
		return runner.Step(ctx, -c.Steps)
	})
}

type migrateStatus struct{}

// Run tells where the database stands.
func (migrateStatus) Run(ctx context.Context, dba *program, log *slog.Logger) error {
	return withRunner(ctx, dba, log, func(*migrate.Runner) error { return nil })
}

// withRunner works on the series and then tells where the database stands.
func withRunner(ctx context.Context, dba *program, log *slog.Logger, work func(*migrate.Runner) error) (err error) {
	runner, err := migrate.Open(ctx, dba.DatabaseURL, millracesql.Schema(), log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, runner.Close()) }()
	if err := work(runner); err != nil {
		return err
	}
	status, err := runner.Status()
	if err != nil {
		return err
	}
	fmt.Printf("version %06d of %06d\n", status.Version, status.Newest)
	if status.IsDirty {
		fmt.Println("dirty: the last migration runs outside a transaction and broke off; repair by hand, then set the version with the migrate command's force")
	}
	for _, pair := range status.Pending {
		fmt.Println("pending:", pair.UpFile())
	}
	return nil
}
