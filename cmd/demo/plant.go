package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/millrace-erp/millrace/internal/access"
	"github.com/millrace-erp/millrace/internal/demo"
	"github.com/millrace-erp/millrace/internal/devcluster"
	"github.com/millrace-erp/millrace/internal/identity"
	"github.com/millrace-erp/millrace/internal/migrate"
	"github.com/millrace-erp/millrace/internal/replica"
	"github.com/millrace-erp/millrace/internal/sealbox"
	millracesql "github.com/millrace-erp/millrace/sql"
)

const (
	database  = "millrace"
	firstPort = 8000
	lastPort  = 8019
)

// plant is everything that runs.
type plant struct {
	dir      string // var/demo
	url      string // of the api
	login    *demo.Login
	pages    string     // address of River's pages over the jobs
	died     chan error // a server that ended by itself
	clusters []*devcluster.Cluster
	servers  []*server
	seals    *seals
	pair     replica.Pair // Replica is nil when the database was given to us
	address  string       // of the primary
	mirror   string       // address of the replica, as its superuser
	analyst  string       // the same, as analysts log in
	partners *partners
	printers *labelPrinters
}

// start brings up the databases, the api and the worker. What was started is stopped again when a later
// part fails.
func start(ctx context.Context, screen *screen) (_ *plant, err error) {
	program, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find our own folder: %w", err)
	}
	p := &plant{dir: filepath.Join("var", "demo"), died: make(chan error, 4)}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.stop())
		}
	}()
	if err := os.MkdirAll(p.dir, 0o755); err != nil {
		return nil, err
	}
	screen.begin("Starting Postgres")
	p.address = os.Getenv("MILLRACE_DATABASE_URL")
	if p.address == "" {
		if err := p.startClusters(ctx, screen); err != nil {
			return nil, err
		}
		screen.end(fmt.Sprintf("version %d: a primary on port %d, a replica on port %d", p.clusters[0].Version, p.clusters[0].Port, p.clusters[1].Port))
	} else {
		screen.end("using MILLRACE_DATABASE_URL; a database that is not ours gets no replica")
	}

	screen.begin("Migrating")
	if err := p.migrate(ctx); err != nil {
		return nil, err
	}
	migrated := "the schema stands"
	if p.mirror != "" {
		if err := p.pair.Connect(ctx, p.address); err != nil {
			return nil, err
		}
		if err := p.letAnalystsIn(ctx); err != nil {
			return nil, err
		}
		migrated += ", and the replica follows"
	}
	screen.end(migrated)

	screen.begin("Starting the api and the worker")
	encryptionKey, err := p.encryptionKey()
	if err != nil {
		return nil, err
	}
	port, err := freePort(ctx, screen)
	if err != nil {
		return nil, err
	}
	listen := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	p.url = "http://" + listen
	if p.partners, err = meetPartners(p.dir); err != nil {
		return nil, err
	}
	environment := []string{"MILLRACE_ENCRYPTION_KEY=" + encryptionKey, "MILLRACE_LISTEN=" + listen}
	environment = append(environment, p.partners.environment()...)
	environment = append(environment, "MILLRACE_RATE_DEVICE=0") // 40 operators at once act on one device
	if p.printers, err = switchOn(ctx, p.dir); err != nil {
		return nil, err
	}
	environment = append(environment, p.printers.environment()...)
	pages, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // at once
	if err != nil {
		return nil, err
	}
	p.pages = pages.Addr().String()
	if err := pages.Close(); err != nil {
		return nil, err
	}
	environment = append(environment, "MILLRACE_PUBLIC_URL="+p.url, "MILLRACE_ADMIN_LISTEN="+p.pages)
	if p.seals, err = beginSeals(p.dir, p.address, p.mirror != ""); err != nil {
		return nil, err
	}
	environment = append(environment, p.seals.environment()...)
	logins, err := p.letServersIn(ctx)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"worker", "api"} {
		server, err := startServer(filepath.Join(filepath.Dir(program), name), filepath.Join(p.dir, name+".log"),
			append(slices.Clone(environment), "MILLRACE_DATABASE_URL="+logins[name]))
		if err != nil {
			return nil, err
		}
		p.servers = append(p.servers, server)
		go func() {
			<-server.exited
			p.died <- server.obituary()
		}()
	}
	if err := p.waitUntilReady(ctx); err != nil {
		return nil, err
	}
	if err := p.admit(ctx); err != nil {
		return nil, err
	}
	screen.end(p.url)
	return p, nil
}

// admit makes the client that administers the factory. Its secret and a token of its lie in files that only we can
// read; the token's is replaced in time.
func (p *plant) admit(ctx context.Context) error {
	secret, err := identity.Bootstrap(ctx, p.pair.Primary, administrator, "administrator", "*")
	if err != nil {
		return err
	}
	p.login = &demo.Login{URL: p.url, ClientID: administrator, Secret: secret, HTTP: &http.Client{Timeout: 30 * time.Second}}
	if err := os.WriteFile(filepath.Join(p.dir, "client-secret"), []byte(secret+"\n"), 0o600); err != nil {
		return err
	}
	renew := func() error {
		token, err := p.login.Token(ctx, "", "")
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(p.dir, "token"), []byte(token+"\n"), 0o600)
	}
	if err := renew(); err != nil {
		return err
	}
	go func() {
		ticker := time.NewTicker(time.Minute)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				_ = renew() // the next minute will do as well
			}
		}
	}()
	return nil
}

// invite tells a person how to log in as an operator, and a program how to get a token.
func (p *plant) invite(ctx context.Context, screen *screen) error {
	code, err := p.login.PairingCode(ctx, "TABLET")
	if err != nil {
		return err
	}
	operator, err := p.login.Employee(ctx, "operator-01")
	if err != nil {
		return err
	}
	screen.say(fmt.Sprintf("\nTo log in\n  screens  %s/floor/ on any browser of this machine: pair it with %s-%s within ten minutes, then badge %s and PIN %s",
		p.url, code[:4], code[4:], operator.Badge, operator.PIN))
	supervisor, err := p.login.Employee(ctx, "supervisor-01")
	if err != nil {
		return err
	}
	screen.say(fmt.Sprintf("  desk     %s/desk/ on the same browser, with badge %s and PIN %s", p.url, supervisor.Badge, supervisor.PIN))
	screen.say(fmt.Sprintf("  program  curl -s -u %s:$(cat %s) -d grant_type=client_credentials %s/oauth2/token",
		administrator, filepath.Join(p.dir, "client-secret"), p.url))
	return nil
}

// administrator is the client_id of the demonstration's own client.
const administrator = "demonstration"

// letServersIn gives the servers' roles their rights and a password, and gives the address of each server.
func (p *plant) letServersIn(ctx context.Context) (map[string]string, error) {
	password, err := p.kept("servers-password", rand.Text)
	if err != nil {
		return nil, err
	}
	conn, err := pgx.Connect(ctx, p.address)
	if err != nil {
		return nil, err
	}
	defer conn.Close(ctx)
	if err := access.Grant(ctx, conn); err != nil {
		return nil, err
	}
	logins := map[string]string{}
	for name, role := range map[string]access.Role{"api": access.API, "worker": access.Worker} {
		if logins[name], err = access.Admit(ctx, conn, role, password); err != nil {
			return nil, err
		}
	}
	return logins, nil
}

// letAnalystsIn gives those who read the replica their rights there, and a password.
func (p *plant) letAnalystsIn(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, p.mirror)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	if err := access.GrantReplica(ctx, conn); err != nil {
		return err
	}
	p.analyst, err = access.Admit(ctx, conn, access.Analyst, rand.Text())
	return err
}

// encryptionKey seals what is secret in the database.
func (p *plant) encryptionKey() (string, error) {
	if key := os.Getenv("MILLRACE_ENCRYPTION_KEY"); key != "" {
		return key, nil
	}
	return p.kept("encryption-key", sealbox.NewKey)
}

// kept is a secret that is made once: a database of somebody's own outlives a run.
func (p *plant) kept(name string, make func() string) (string, error) {
	file := filepath.Join(p.dir, name)
	kept, err := os.ReadFile(file)
	if err == nil {
		return strings.TrimSpace(string(kept)), nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	secret := make()
	return secret, os.WriteFile(file, []byte(secret+"\n"), 0o600)
}

// startClusters makes two fresh clusters: each run begins with an empty factory.
func (p *plant) startClusters(ctx context.Context, screen *screen) error {
	type result struct {
		cluster *devcluster.Cluster
		err     error
	}
	begin := func(options devcluster.Options) chan result {
		done := make(chan result, 1)
		options.Fresh, options.Log = true, screen
		go func() {
			cluster, err := devcluster.Start(ctx, options)
			done <- result{cluster, err}
		}()
		return done
	}
	both := []chan result{
		begin(devcluster.Options{Dir: filepath.Join(p.dir, "primary"), Durable: true, Logical: true}),
		begin(devcluster.Options{Dir: filepath.Join(p.dir, "replica")}),
	}
	var failed error
	for _, done := range both {
		result := <-done
		failed = errors.Join(failed, result.err)
		if result.cluster != nil {
			p.clusters = append(p.clusters, result.cluster)
		}
	}
	if failed != nil {
		return failed
	}
	for i, name := range []string{"primary", "replica"} {
		if err := p.link(name, p.clusters[i].Dir); err != nil {
			return err
		}
	}
	for _, cluster := range p.clusters {
		conn, err := pgx.Connect(ctx, cluster.URL("postgres"))
		if err != nil {
			return err
		}
		_, err = conn.Exec(ctx, "CREATE DATABASE "+database)
		if err := errors.Join(err, conn.Close(ctx)); err != nil {
			return fmt.Errorf("create the database: %w", err)
		}
	}
	p.address, p.mirror = p.clusters[0].URL(database), p.clusters[1].URL(database)
	return nil
}

// psql gives the commands that open the primary, and the replica as an analyst. Passwords are printed nowhere: those of our
// clusters lie in a file that only we can read, that of a database which was given to us is where it was.
func (p *plant) psql() (primary, mirror string, err error) {
	if len(p.clusters) == 0 {
		return `psql "$MILLRACE_DATABASE_URL"`, "", nil
	}
	file := filepath.Join(p.dir, "pgpass")
	var lines strings.Builder
	var commands []string
	for _, login := range []string{p.address, p.analyst} {
		address, err := url.Parse(login)
		if err != nil {
			return "", "", fmt.Errorf("read the address of a cluster of ours: %w", err)
		}
		password, _ := address.User.Password()
		fmt.Fprintf(&lines, "%s:%s:*:%s:%s\n", address.Hostname(), address.Port(), address.User.Username(), password)
		commands = append(commands, fmt.Sprintf("PGPASSFILE=%s psql -h %s -p %s -U %s %s", file, address.Hostname(), address.Port(), address.User.Username(), database))
	}
	if err := os.WriteFile(file, []byte(lines.String()), 0o600); err != nil {
		return "", "", err
	}
	return commands[0], commands[1], nil
}

// link makes a cluster that had to lie elsewhere found, by people and by make clean.
func (p *plant) link(name, dir string) error {
	place, err := filepath.Abs(filepath.Join(p.dir, name))
	if err != nil || place == dir {
		return err
	}
	if err := os.Symlink(dir, place); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	return nil
}

// migrate brings the primary and the replica to the newest version, both at once.
func (p *plant) migrate(ctx context.Context) error {
	addresses := []string{p.address}
	if p.mirror != "" {
		addresses = append(addresses, p.mirror)
	}
	done := make(chan error, len(addresses))
	for _, address := range addresses {
		go func() {
			runner, err := migrate.Open(ctx, address, millracesql.Schema(), slog.New(slog.NewTextHandler(io.Discard, nil)))
			if err == nil {
				err = errors.Join(runner.Up(ctx), runner.Close())
			}
			done <- err
		}()
	}
	var failed error
	for range addresses {
		failed = errors.Join(failed, <-done)
	}
	if failed != nil {
		return fmt.Errorf("migrate: %w", failed)
	}
	var err error
	if p.pair.Primary, err = pgxpool.New(ctx, p.address); err != nil {
		return err
	}
	if p.mirror != "" {
		p.pair.Replica, err = pgxpool.New(ctx, p.mirror)
	}
	return err
}

// waitUntilReady waits until the api answers that it can serve.
func (p *plant) waitUntilReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url+"/readyz", nil)
		if err != nil {
			return err
		}
		response, err := http.DefaultClient.Do(request)
		if err == nil {
			_ = response.Body.Close() // only the status counts
			if response.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case err := <-p.died:
			return err
		case <-ctx.Done():
			return fmt.Errorf("the api did not become ready; its log is %s", filepath.Join(p.dir, "api.log"))
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// stop ends what runs, the servers before their databases.
func (p *plant) stop() error {
	var failed error
	for _, server := range p.servers {
		failed = errors.Join(failed, server.stop())
	}
	if p.printers != nil {
		p.printers.switchOff()
	}
	if p.partners != nil {
		p.partners.leave()
	}
	if p.pair.Primary != nil {
		p.pair.Primary.Close()
	}
	if p.pair.Replica != nil {
		p.pair.Replica.Close()
	}
	// The replica first: the primary waits for it otherwise.
	for i := len(p.clusters) - 1; i >= 0; i-- {
		failed = errors.Join(failed, p.clusters[i].Stop())
	}
	return failed
}

// freePort is the first free port from 8000 on.
func freePort(ctx context.Context, screen *screen) (int, error) {
	for port := firstPort; port <= lastPort; port++ {
		var config net.ListenConfig
		listener, err := config.Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			continue
		}
		if port != firstPort {
			fmt.Fprintf(screen, "Port %d is taken; the api listens on %d instead.\n", firstPort, port)
		}
		return port, listener.Close()
	}
	return 0, fmt.Errorf("ports %d to %d of 127.0.0.1 are all taken; free one of them", firstPort, lastPort)
}
