package main

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/millrace-erp/millrace/internal/access"
	millracesql "github.com/millrace-erp/millrace/sql"
)

// rolesCommand gives the servers', the DBAs' and the analysts' roles their rights.
type rolesCommand struct {
	Replica bool `help:"The database is a reporting replica: give analysts what they may read."`
	Print   bool `help:"Print the statements and do nothing."`
}

// Run is called by kong.
func (c rolesCommand) Run(ctx context.Context, dba *program) error {
	if c.Print {
		for _, statement := range millracesql.Roles(c.Replica) {
			fmt.Println(statement)
		}
		return nil
	}
	conn, err := pgx.Connect(ctx, dba.DatabaseURL)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer conn.Close(ctx)
	if c.Replica {
		return access.GrantReplica(ctx, conn)
	}
	return access.Grant(ctx, conn)
}
