package access

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Admit lets a server's role log in by a password, on a cluster of a demonstration or a measurement, and gives the address by
// which it does. A role that has another password already keeps it: servers may be using it.
func Admit(ctx context.Context, conn *pgx.Conn, role Role, password string) (string, error) {
	address, err := url.Parse(conn.Config().ConnString())
	if err != nil || address.Scheme == "" {
		return "", errors.New("the address of the database must be a URL, such as postgres://user@host/database")
	}
	address.User = url.UserPassword(string(role), password)
	as, err := pgx.Connect(ctx, address.String())
	if err == nil {
		return address.String(), as.Close(ctx)
	}
	var refused *pgconn.PgError
	if !errors.As(err, &refused) || refused.Code[:2] != "28" { // invalid authorization
		return "", fmt.Errorf("log in as %s: %w", role, err)
	}
	var has bool
	//nolint:forbidigo // about roles, and about no table of ours
	if err := conn.QueryRow(ctx, "SELECT a.rolpassword IS NOT NULL FROM pg_authid AS a WHERE a.rolname = $1", string(role)).Scan(&has); err != nil {
		return "", fmt.Errorf("look whether %s has a password: %w", role, err)
	}
	if has {
		return "", fmt.Errorf("%s has a password already that is not ours, which other servers may be using; use another cluster", role)
	}
	quoted, err := conn.PgConn().EscapeString(password)
	if err != nil {
		return "", err
	}
	//nolint:forbidigo // about roles
	if _, err := conn.Exec(ctx, "ALTER ROLE "+pgx.Identifier{string(role)}.Sanitize()+" PASSWORD '"+quoted+"'"); err != nil {
		return "", fmt.Errorf("give %s a password: %w", role, err)
	}
	return address.String(), nil
}
