// Package migrate moves a database along the numbered series with golang-migrate, each migration and its
// version number in one transaction.
package migrate

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"time"

	gomigrate "github.com/golang-migrate/migrate/v4"
	"github.com/golang-migrate/migrate/v4/database"
	"github.com/golang-migrate/migrate/v4/source/iofs"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/millrace-erp/millrace/internal/migration"
)

// attempts is how often a migration that could not get its locks is tried.
const attempts = 5

// Runner moves one database along the series.
type Runner struct {
	migrate *gomigrate.Migrate
	driver  *driver
	series  []migration.Pair
	log     *slog.Logger
}

// Open connects to the database and reads the series from schema (a folder of numbered pairs).
func Open(ctx context.Context, url string, schema fs.FS, log *slog.Logger) (*Runner, error) {
	series, err := migration.Load(schema)
	if err != nil {
		return nil, err
	}
	files, err := iofs.New(schema, ".")
	if err != nil {
		return nil, fmt.Errorf("read the migrations: %w", err)
	}
	db, err := openDriver(ctx, url)
	if err != nil {
		return nil, err
	}
	runner, err := gomigrate.NewWithInstance("embedded", files, "postgres", db)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("set the migrations up: %w", err), db.Close())
	}
	return &Runner{migrate: runner, driver: db, series: series, log: log}, nil
}

// Close lets the connection go.
func (r *Runner) Close() error {
	source, db := r.migrate.Close()
	return errors.Join(source, db)
}

// Status is where a database stands against the series.
type Status struct {
	Version uint             // 0: nothing applied
	IsDirty bool             // a migration without a transaction broke off
	Newest  uint             // the last number of the series
	Pending []migration.Pair // what `up` would apply
}

// Status reads the version and lists what is still to come. It writes nothing.
func (r *Runner) Status() (Status, error) {
	version, isDirty, err := r.driver.Version()
	if err != nil {
		return Status{}, fmt.Errorf("read the schema version: %w", err)
	}
	status := Status{IsDirty: isDirty}
	if version != database.NilVersion {
		status.Version = uint(version)
	}
	for _, pair := range r.series {
		status.Newest = pair.Version
		if pair.Version > status.Version {
			status.Pending = append(status.Pending, pair)
		}
	}
	return status, nil
}

// Up applies everything that is pending, each migration in its own transaction.
func (r *Runner) Up(ctx context.Context) error {
	status, err := r.Status()
	if err != nil {
		return err
	}
	if status.Version > status.Newest {
		return fmt.Errorf("the database stands at version %06d, this program knows versions up to %06d only; use the newer program", status.Version, status.Newest)
	}
	return r.steps(ctx, len(status.Pending), 1)
}

// Step applies the next n migrations, or takes the last -n back; fewer when there are not that many.
func (r *Runner) Step(ctx context.Context, n int) error {
	status, err := r.Status()
	if err != nil {
		return err
	}
	if n < 0 {
		return r.steps(ctx, min(-n, len(r.series)-len(status.Pending)), -1)
	}
	return r.steps(ctx, min(n, len(status.Pending)), 1)
}

// Down takes everything back.
func (r *Runner) Down(ctx context.Context) error { return r.Step(ctx, -len(r.series)) }

func (r *Runner) steps(ctx context.Context, count, direction int) error {
	if err := r.driver.ensureTable(ctx); err != nil {
		return err
	}
	for range count {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := r.step(ctx, direction); err != nil {
			return err
		}
	}
	return nil
}

// step runs one migration. A lock that another session holds is waited for (each migration sets its own
// lock_timeout) and then tried again a little later, so that a migration never makes a queue of sessions
// stand behind it for long.
func (r *Runner) step(ctx context.Context, direction int) error {
	for attempt := 1; ; attempt++ {
		began := time.Now()
		err := r.migrate.Steps(direction)
		if err == nil {
			version, _, err := r.driver.Version()
			r.log.Debug("migrated", "version", version, "direction", direction, "took", time.Since(began))
			return err
		}
		if attempt == attempts || !isLockFailure(err) {
			status, statusErr := r.Status()
			return errors.Join(fmt.Errorf("migrating from version %06d: %w", status.Version, err), statusErr)
		}
		r.log.Warn("a lock was not free, trying again", "attempt", attempt, "error", err)
		pause := time.Duration(attempt)*time.Second + rand.N(time.Second)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

func isLockFailure(err error) bool {
	var refused *pgconn.PgError
	return errors.As(err, &refused) && (refused.Code == "55P03" || refused.Code == "40P01")
}
