package main

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/millrace-erp/millrace/internal/pg"
	millracesql "github.com/millrace-erp/millrace/sql"
)

type verifyCommand struct{}

// Run checks the schema's version and every invariant, all in one snapshot.
func (verifyCommand) Run(ctx context.Context, dba *program) error {
	primary, err := pg.OpenPrimary(ctx, dba.DatabaseURL)
	if err != nil {
		return err
	}
	defer primary.Close()
	if err := pg.CheckVersion(ctx, primary); err != nil {
		return err
	}
	checks, err := millracesql.Checks()
	if err != nil {
		return err
	}
	broken := 0
	snapshot := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err = pgx.BeginTxFunc(ctx, primary.Pool, snapshot, func(tx pgx.Tx) error {
		for _, check := range checks {
			rows, err := tx.Query(ctx, check.SQL)
			if err != nil {
				return fmt.Errorf("check %s: %w", check.Name, err)
			}
			found, err := pgx.CollectRows(rows, pgx.RowToMap)
			if err != nil {
				return fmt.Errorf("check %s: %w", check.Name, err)
			}
			if len(found) == 0 {
				fmt.Println("ok     ", check.Name)
				continue
			}
			broken++
			fmt.Printf("BROKEN  %s: %d rows, such as %v\n", check.Name, len(found), found[0])
		}
		return nil
	})
	if err != nil {
		return err
	}
	if broken > 0 {
		return fmt.Errorf("%d of %d invariants are broken", broken, len(checks))
	}
	return nil
}
