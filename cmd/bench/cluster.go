package main

import (
	"context"
	"crypto/rand"
	"embed"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/millrace-erp/millrace/internal/access"
	"github.com/millrace-erp/millrace/internal/devcluster"
	"github.com/millrace-erp/millrace/internal/migrate"
	millracesql "github.com/millrace-erp/millrace/sql"
)

//go:embed sql/*.sql
var statements embed.FS

// statement is the text of a file in sql/.
func statement(name string) string {
	text, err := statements.ReadFile("sql/" + name + ".sql")
	if err != nil {
		panic(err) // the name is a constant; it cannot be wrong
	}
	return string(text)
}

// settings are the server's: those of a small production machine, and no checkpoint in the middle of a
// part. Everything that keeps a commit through a power cut is on.
var settings = map[string]string{
	"max_connections":    "450",
	"shared_buffers":     "1GB",
	"max_wal_size":       "8GB",
	"checkpoint_timeout": "30min",
	"fsync":              "on",
	"synchronous_commit": "on",
	"full_page_writes":   "on",
}

// database is the cluster under test, and the administration of its databases.
type database struct {
	cluster  *devcluster.Cluster
	admin    *pgx.Conn
	password string // of the servers' roles
}

func startDatabase(ctx context.Context, log io.Writer) (_ *database, err error) {
	cluster, err := devcluster.Start(ctx, devcluster.Options{Durable: true, Logical: true, Settings: settings, Log: log})
	if err != nil {
		return nil, err
	}
	admin, err := pgx.Connect(ctx, cluster.URL("postgres"))
	if err != nil {
		return nil, errors.Join(err, cluster.Stop())
	}
	return &database{cluster: cluster, admin: admin, password: rand.Text()}, nil
}

func (d *database) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return errors.Join(d.admin.Close(ctx), d.cluster.Stop())
}

// create makes a database, a clone of template, or an empty one.
func (d *database) create(ctx context.Context, name, template string) error {
	if template == "" {
		template = "template0"
	}
	if err := d.drop(ctx, name); err != nil {
		return err
	}
	if _, err := d.admin.Exec(ctx, "CREATE DATABASE "+name+" TEMPLATE "+template); err != nil {
		return fmt.Errorf("create database %s: %w", name, err)
	}
	return nil
}

func (d *database) drop(ctx context.Context, name string) error {
	if _, err := d.admin.Exec(ctx, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)"); err != nil {
		return fmt.Errorf("drop database %s: %w", name, err)
	}
	return nil
}

func (d *database) connect(ctx context.Context, name string) (*pgx.Conn, error) {
	return pgx.Connect(ctx, d.cluster.URL(name))
}

// run runs a script in a database.
func (d *database) run(ctx context.Context, name, script string) error {
	conn, err := d.connect(ctx, name)
	if err != nil {
		return err
	}
	_, err = conn.PgConn().Exec(ctx, script).ReadAll()
	return errors.Join(err, conn.Close(ctx))
}

// migrate brings a database to the newest version, and gives the servers' roles their rights in it.
func (d *database) migrate(ctx context.Context, name string) error {
	runner, err := migrate.Open(ctx, d.cluster.URL(name), millracesql.Schema(), slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	if err := errors.Join(runner.Up(ctx), runner.Close()); err != nil {
		return err
	}
	conn, err := d.connect(ctx, name)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	return access.Grant(ctx, conn)
}

// as is the address of a database for a server's role: what is measured has the rights that it has in a plant.
func (d *database) as(ctx context.Context, role access.Role, name string) (string, error) {
	conn, err := d.connect(ctx, name)
	if err != nil {
		return "", err
	}
	defer conn.Close(ctx)
	return access.Admit(ctx, conn, role, d.password)
}

// template makes the database that the parts clone.
func (d *database) template(ctx context.Context, name, script string, migrated bool) error {
	if err := d.create(ctx, name, ""); err != nil {
		return err
	}
	if migrated {
		if err := d.migrate(ctx, name); err != nil {
			return err
		}
	}
	if err := d.run(ctx, name, script); err != nil {
		return fmt.Errorf("fill database %s: %w", name, err)
	}
	return d.run(ctx, name, "VACUUM ANALYZE")
}

// written is how many bytes of WAL the cluster has written in its life.
func (d *database) written(ctx context.Context) (int64, error) {
	var position int64
	err := d.admin.QueryRow(ctx, statement("wal")).Scan(&position)
	return position, err
}

type statistics struct{ deadlocks, updates, hotUpdates int64 }

// statistics are what the server counted in a database. Sessions report when they end, so wait for that.
func (d *database) statistics(ctx context.Context, name string, tables ...string) (statistics, error) {
	conn, err := d.connect(ctx, name)
	if err != nil {
		return statistics{}, err
	}
	for range 50 {
		var others int
		if err := conn.QueryRow(ctx, statement("sessions")).Scan(&others); err != nil {
			return statistics{}, errors.Join(err, conn.Close(ctx))
		}
		if others == 0 {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	var s statistics
	err = conn.QueryRow(ctx, statement("statistics"), name, tables).Scan(&s.deadlocks, &s.updates, &s.hotUpdates)
	return s, errors.Join(err, conn.Close(ctx))
}

// checks runs every invariant whose name does not begin with except, and gives the sentences of those
// that are broken.
func (d *database) checks(ctx context.Context, name, except string) (count int, broken []string, err error) {
	checks, err := millracesql.Checks()
	if err != nil {
		return 0, nil, err
	}
	conn, err := d.connect(ctx, name)
	if err != nil {
		return 0, nil, err
	}
	defer conn.Close(ctx)
	for _, check := range checks {
		if strings.HasPrefix(check.Name, except) {
			continue
		}
		count++
		rows, err := conn.Query(ctx, check.SQL)
		if err != nil {
			return count, nil, fmt.Errorf("check %s: %w", check.Name, err)
		}
		found, err := pgx.CollectRows(rows, pgx.RowToMap)
		if err != nil {
			return count, nil, fmt.Errorf("check %s: %w", check.Name, err)
		}
		if len(found) > 0 {
			broken = append(broken, fmt.Sprintf("check %s: %d rows, such as %v", check.Name, len(found), found[0]))
		}
	}
	return count, broken, nil
}

// processes are the server's: the postmaster, whose children are the others.
func (d *database) postmaster() int {
	text, err := os.ReadFile(filepath.Join(d.cluster.Dir, "data", "postmaster.pid"))
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		return 0
	}
	return pid
}

// adminPassword is the superuser's, for programs that do not take a URL.
func (d *database) adminPassword() string {
	address, err := url.Parse(d.cluster.URL("postgres"))
	if err != nil {
		return ""
	}
	password, _ := address.User.Password()
	return password
}
