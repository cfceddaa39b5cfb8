// Package pg opens the database for the servers: the primary, which takes the writes, and the replica,
// which answers reports. They are types of their own, so that the compiler keeps a report off the primary
// and a write off the replica.
package pg

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Primary is the pool of connections to the database that takes the writes.
type Primary struct{ *pgxpool.Pool }

// Replica is the pool of connections to the report database. Every session is read-only.
type Replica struct{ *pgxpool.Pool }

// Option changes how a pool is opened.
type Option func(config *pgxpool.Config)

// Connections is how many connections the pool may have at most, unless the URL says so
// itself (pool_max_conns).
func Connections(n int) Option {
	return func(config *pgxpool.Config) {
		if !strings.Contains(config.ConnString(), "pool_max_conns") {
			config.MaxConns = max(config.MaxConns, int32(n))
		}
	}
}

// ForNobody has sessions begin for nobody, where the login's role does not say so itself: without a word for whom it works,
// a session then sees and may do nothing. It is no help behind a pooler, whose sessions are not ours.
func ForNobody() Option {
	return func(config *pgxpool.Config) {
		config.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
			_, err := conn.Exec(ctx, `SELECT set_config(s.name, '[]', false) FROM (VALUES ('millrace.sites'), ('millrace.scopes')) AS s (name)
				WHERE current_setting(s.name, true) IS DISTINCT FROM '[]'`)
			return err
		}
	}
}

// OpenPrimary opens the pool and makes sure that the database answers.
func OpenPrimary(ctx context.Context, url string, options ...Option) (*Primary, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("read the URL of the primary: %w", err)
	}
	for _, option := range options {
		option(config)
	}
	pool, err := open(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open the primary: %w", err)
	}
	return &Primary{pool}, nil
}

// OpenReplica opens the pool, read-only, and makes sure that the database answers.
func OpenReplica(ctx context.Context, url string) (*Replica, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("read the URL of the replica: %w", err)
	}
	config.ConnConfig.RuntimeParams["default_transaction_read_only"] = "on"
	pool, err := open(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open the replica: %w", err)
	}
	return &Replica{pool}, nil
}

func open(ctx context.Context, config *pgxpool.Config) (*pgxpool.Pool, error) {
	begin := config.AfterConnect
	config.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		registerTypes(conn.TypeMap())
		if begin == nil {
			return nil
		}
		return begin(ctx, conn)
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, err
	}
	return pool, nil
}

// IsOnThisMachine says whether url names a database that this machine serves: by a socket or the loopback address.
func IsOnThisMachine(url string) bool {
	config, err := pgconn.ParseConfig(url)
	if err != nil {
		return false
	}
	address, err := netip.ParseAddr(config.Host)
	return filepath.IsAbs(config.Host) || config.Host == "localhost" || err == nil && address.IsLoopback()
}

// attempts is how often a transaction that lost against another one is run.
const attempts = 5

// InTx runs work in one transaction of the primary and commits it. Work that Postgres threw back because
// of other transactions (serialization failure, deadlock) is run again from its beginning, so it must
// not change anything outside the transaction.
func (p *Primary) InTx(ctx context.Context, work func(tx pgx.Tx) error) error {
	for attempt := 1; ; attempt++ {
		err := pgx.BeginFunc(ctx, p.Pool, work)
		if err == nil || attempt == attempts || !IsRetryable(err) {
			return err
		}
		pause := rand.N(time.Duration(10<<attempt) * time.Millisecond)
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(pause):
		}
	}
}

// IsRetryable says whether the same transaction can succeed when it is run again.
func IsRetryable(err error) bool {
	var refused *pgconn.PgError
	return errors.As(err, &refused) && (refused.Code == "40001" || refused.Code == "40P01")
}
