// Package access gives the roles of Postgres the rights that they need and no more, and looks whether a server runs as the
// role that is meant for it. The rights themselves are SQL: sql/roles.
package access

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	millracesql "github.com/millrace-erp/millrace/sql"
)

// Grant makes the roles and gives them their rights in the database, in one transaction. It may be run as often as one
// likes, and has to be after each migration.
func Grant(ctx context.Context, conn *pgx.Conn) error {
	return run(ctx, conn, millracesql.Roles(false))
}

// GrantReplica does the same on a reporting replica.
func GrantReplica(ctx context.Context, conn *pgx.Conn) error {
	return run(ctx, conn, millracesql.Roles(true))
}

// run runs the statements. Roles belong to all databases of a cluster: whoever gives rights in another one at the same moment is
// in the way, and it is tried again.
func run(ctx context.Context, conn *pgx.Conn, statements []string) error {
	for attempt := 1; ; attempt++ {
		err := once(ctx, conn, statements)
		var refused *pgconn.PgError
		if attempt == 5 || !errors.As(err, &refused) || !slices.Contains([]string{"XX000", "23505", "42710", "40P01", "40001"}, refused.Code) {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(rand.N(time.Duration(100<<attempt) * time.Millisecond)):
		}
	}
}

func once(ctx context.Context, conn *pgx.Conn, statements []string) error {
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		for _, statement := range statements {
			if _, err := tx.Exec(ctx, statement); err != nil { //nolint:forbidigo // the text is in sql/roles
				return fmt.Errorf("give the roles their rights: %w", err)
			}
		}
		return nil
	})
}

// Rights lists every right of every role in the database, a line each.
func Rights(ctx context.Context, conn *pgx.Conn) ([]string, error) {
	text, err := millracesql.Files.ReadFile("roles/matrix.sql")
	if err != nil {
		return nil, err
	}
	rows, err := conn.Query(ctx, string(text)) //nolint:forbidigo // the text is in sql/roles
	if err != nil {
		return nil, fmt.Errorf("list the rights: %w", err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("list the rights: %w", err)
	}
	return lines, nil
}
