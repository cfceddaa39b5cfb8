package access

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	millracesql "github.com/millrace-erp/millrace/sql"
)

// Role is the role of Postgres that is meant for a server.
type Role string

// The servers' roles.
const (
	API    Role = "millrace_api"
	Worker Role = "millrace_worker"
)

// Analyst is the role of those who read a reporting replica.
const Analyst Role = "millrace_analyst"

// querier is what a pool and a connection have in common.
type querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// CheckLogin refuses a login with more rights than the server needs: whoever takes the server over would have them. There is
// no setting that lets such a one pass.
func CheckLogin(ctx context.Context, database querier, role Role) error {
	text, err := millracesql.Files.ReadFile("roles/login.sql")
	if err != nil {
		return err
	}
	var login, why string
	err = database.QueryRow(ctx, string(text), string(role)).Scan(&login, &why)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil
	case err != nil:
		return fmt.Errorf("look at the rights of the database login: %w", err)
	default:
		return fmt.Errorf("the database login %s %s; run `dba roles` and let this server log in as %s (docs/runbook/roles.md)", login, why, role)
	}
}

// CheckDirectLogin does the same for the address that has no pooler in between, unless it is the one that was looked at.
func CheckDirectLogin(ctx context.Context, url, pooled string, role Role) error {
	if url == "" || url == pooled {
		return nil
	}
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return fmt.Errorf("open the primary past the pooler: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	return CheckLogin(ctx, conn, role)
}
