package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

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
	config, err := pgx.ParseConfig(dba.DatabaseURL)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	config.OnNotice = func(_ *pgconn.PgConn, notice *pgconn.Notice) {
		if notice.Severity == "WARNING" {
			fmt.Fprintf(os.Stderr, "warning: %s\n         %s\n", notice.Message, notice.Hint)
		}
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer conn.Close(ctx)
	grant := access.Grant
	if c.Replica {
		grant = access.GrantReplica
	}
	err = grant(ctx, conn)
	var refused *pgconn.PgError
	if c.Replica && errors.As(err, &refused) && refused.Code == "42501" {
		return fmt.Errorf("%w; run it as a superuser, as whom the replica subscribed", err)
	}
	return err
}
