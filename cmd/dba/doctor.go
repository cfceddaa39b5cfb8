package main

import (
	"context"
	"fmt"

	"github.com/millrace-erp/millrace/internal/event"
	"github.com/millrace-erp/millrace/internal/pg"
)

type doctorCommand struct{}

// Run names what is not well, one sentence each. It fails when any of it is an error.
func (doctorCommand) Run(ctx context.Context, dba *program) error {
	return withPrimary(ctx, dba, func(primary *pg.Primary) error {
		findings, err := event.Findings(ctx, primary)
		if err != nil {
			return err
		}
		errors := 0
		for _, f := range findings {
			fmt.Printf("%-8s%s\n", f.Severity, f.Finding)
			if f.Severity == "error" {
				errors++
			}
		}
		switch {
		case errors > 0:
			return fmt.Errorf("%d of %d findings are errors", errors, len(findings))
		case len(findings) == 0:
			fmt.Println("nothing found")
		}
		return nil
	})
}
