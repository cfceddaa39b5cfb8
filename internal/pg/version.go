package pg

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/millrace-erp/millrace/internal/migration"
	millracesql "github.com/millrace-erp/millrace/sql"
)

// querier is what a pool, a connection and a transaction have in common.
type querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// CheckVersion refuses a database whose schema this program was not built for. Servers never migrate:
// that is for the DBA, before the new program starts. A schema that is newer than the program is fine,
// because each migration keeps the program of the release before working.
func CheckVersion(ctx context.Context, database querier) error {
	series, err := migration.Load(millracesql.Schema())
	if err != nil {
		return err
	}
	return checkVersion(ctx, database, series[len(series)-1].Version)
}

func checkVersion(ctx context.Context, database querier, newest uint) error {
	var version int64
	var isDirty bool
	err := database.QueryRow(ctx, "SELECT version, dirty FROM public.schema_migrations LIMIT 1").Scan(&version, &isDirty)
	var refused *pgconn.PgError
	switch {
	case errors.Is(err, pgx.ErrNoRows), errors.As(err, &refused) && refused.Code == "42P01":
		return fmt.Errorf("the database has no Millrace schema yet; run `dba migrate up` first (this program needs version %06d)", newest)
	case refused != nil && refused.Code == "42501":
		return errors.New("the database login may not even read the schema version; run `dba roles`, and log in as a role that it makes")
	case err != nil:
		return fmt.Errorf("read the schema version: %w", err)
	case isDirty:
		return fmt.Errorf("the database broke off in migration %06d; a DBA must repair it (`dba migrate status`) before servers start", version)
	case uint(version) < newest:
		return fmt.Errorf("the database stands at schema version %06d and this program needs %06d; run `dba migrate up` first", version, newest)
	default:
		return nil
	}
}
