package migrate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"

	"github.com/golang-migrate/migrate/v4/database"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const versionTable = "schema_migrations"

// noTransaction as the first line of a file marks the few migrations that Postgres refuses inside a
// transaction, such as CREATE INDEX CONCURRENTLY: one statement, safe to run again.
const noTransaction = "-- millrace:no-transaction"

// driver is golang-migrate's view of the database. It keeps the stock driver's table and lock, so both
// can be used on one database; but it runs a migration and the new version number in ONE transaction.
// Whatever fails, a lock_timeout above all, leaves the database as it was and not "dirty".
type driver struct {
	conn     *pgx.Conn
	isLocked atomic.Bool
	tx       pgx.Tx // open from Run until SetVersion
	pending  int    // the version that golang-migrate announced before Run
}

var _ database.Driver = (*driver)(nil)

func openDriver(ctx context.Context, url string) (*driver, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("read the database URL: %w", err)
	}
	config.DefaultQueryExecMode = pgx.QueryExecModeExec
	config.RuntimeParams["application_name"] = "millrace-migrate"
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connect to migrate: %w", err)
	}
	return &driver{conn: conn}, nil
}

// ensureTable makes the table of versions, in the form the stock driver gives it.
func (d *driver) ensureTable(ctx context.Context) error {
	_, err := d.conn.Exec(ctx, `CREATE TABLE IF NOT EXISTS public.`+versionTable+
		` (version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL)`)
	if err != nil {
		return fmt.Errorf("make the table of versions: %w", err)
	}
	return nil
}

// Open is for golang-migrate's registry of drivers, which is not used here.
func (d *driver) Open(string) (database.Driver, error) {
	return nil, errors.New("open the migration driver with migrate.Open")
}

// Close closes the connection.
func (d *driver) Close() error { return d.conn.Close(context.Background()) }

// Lock waits for the same advisory lock as the stock command.
func (d *driver) Lock() error {
	return database.CasRestoreOnErr(&d.isLocked, false, true, database.ErrLocked, func() error {
		return d.lock("SELECT pg_catalog.pg_advisory_lock($1::bigint)")
	})
}

// Unlock lets the next runner in.
func (d *driver) Unlock() error {
	return database.CasRestoreOnErr(&d.isLocked, true, false, database.ErrNotLocked, func() error {
		return d.lock("SELECT pg_catalog.pg_advisory_unlock($1::bigint)")
	})
}

func (d *driver) lock(query string) error {
	// The stock driver's key holds the path of the URL, slash included.
	key, err := database.GenerateAdvisoryLockId("/"+d.conn.Config().Database, "public", versionTable)
	if err != nil {
		return fmt.Errorf("name the migration lock: %w", err)
	}
	if _, err := d.conn.Exec(context.Background(), query, key); err != nil {
		return fmt.Errorf("migration lock: %w", err)
	}
	return nil
}

// Run executes one file. Its transaction stays open for SetVersion, unless the file says that it cannot
// run in one.
func (d *driver) Run(file io.Reader) error {
	ctx := context.Background()
	text, err := io.ReadAll(file)
	if err != nil {
		return fmt.Errorf("read a migration: %w", err)
	}
	if strings.HasPrefix(string(text), noTransaction) {
		if err := d.writeVersion(ctx, d.conn, d.pending, true); err != nil {
			return err
		}
		return d.exec(ctx, string(text))
	}
	d.tx, err = d.conn.Begin(ctx)
	if err != nil {
		return fmt.Errorf("begin a migration: %w", err)
	}
	if err := d.exec(ctx, string(text)); err != nil {
		return errors.Join(err, d.rollback(ctx))
	}
	return nil
}

func (d *driver) exec(ctx context.Context, text string) error {
	_, err := d.conn.PgConn().Exec(ctx, text).ReadAll()
	var refused *pgconn.PgError
	if errors.As(err, &refused) && refused.Position > 0 {
		line := 1 + strings.Count(string([]rune(text)[:min(int(refused.Position), len([]rune(text)))]), "\n")
		return fmt.Errorf("line %d: %w", line, err)
	}
	return err
}

func (d *driver) rollback(ctx context.Context) error {
	tx := d.tx
	d.tx = nil
	return tx.Rollback(ctx)
}

// SetVersion is called twice: before Run with dirty set, which is only remembered, and after it, which
// writes the number into the migration's transaction and commits.
func (d *driver) SetVersion(version int, dirty bool) error {
	ctx := context.Background()
	if dirty {
		d.pending = version
		return nil
	}
	if d.tx == nil {
		return d.writeVersion(ctx, d.conn, version, false)
	}
	if err := d.writeVersion(ctx, d.tx, version, false); err != nil {
		return errors.Join(err, d.rollback(ctx))
	}
	tx := d.tx
	d.tx = nil
	if err := tx.Commit(ctx); err != nil {
		return fmt.Errorf("commit migration %d: %w", version, err)
	}
	return nil
}

type executor interface {
	Exec(ctx context.Context, sql string, arguments ...any) (pgconn.CommandTag, error)
}

func (d *driver) writeVersion(ctx context.Context, on executor, version int, dirty bool) error {
	if _, err := on.Exec(ctx, "DELETE FROM public."+versionTable); err != nil {
		return fmt.Errorf("forget the version: %w", err)
	}
	if version < 0 {
		return nil
	}
	_, err := on.Exec(ctx, "INSERT INTO public."+versionTable+" (version, dirty) VALUES ($1, $2)", int64(version), dirty)
	if err != nil {
		return fmt.Errorf("record version %d: %w", version, err)
	}
	return nil
}

// Version reads the number a database stands at; -1 is an empty database.
func (d *driver) Version() (version int, dirty bool, err error) {
	var isThere bool
	ctx := context.Background()
	err = d.conn.QueryRow(ctx, "SELECT pg_catalog.to_regclass('public."+versionTable+"') IS NOT NULL").Scan(&isThere)
	if err != nil || !isThere {
		return database.NilVersion, false, err
	}
	var number int64
	err = d.conn.QueryRow(ctx, "SELECT version, dirty FROM public."+versionTable+" LIMIT 1").Scan(&number, &dirty)
	if errors.Is(err, pgx.ErrNoRows) {
		return database.NilVersion, false, nil
	}
	return int(number), dirty, err
}

// Drop is refused: nothing of ours throws a whole database away.
func (d *driver) Drop() error { return errors.New("dropping everything is not offered") }
