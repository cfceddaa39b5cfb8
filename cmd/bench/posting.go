package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/millrace-erp/millrace/internal/access"
	"github.com/millrace-erp/millrace/internal/httpapi"
	"github.com/millrace-erp/millrace/internal/inventory"
	"github.com/millrace-erp/millrace/internal/pg"
	"github.com/millrace-erp/millrace/internal/sealbox"
)

// contender is what is measured.
type contender string

const (
	tpcB      contender = "TPC-B"
	naive     contender = "naive"
	direct    contender = "Millrace SQL"
	overHTTP  contender = "Millrace HTTP"
	operators contender = "40 operators" // Millrace HTTP, each scanning once a second
)

// part is one measurement.
type part struct {
	Contender contender `json:"contender"`
	Clients   int       `json:"clients"`
	Stock     stock     `json:"balances"`
	Lines     int       `json:"lines"`
	// IsFollowed says that the worker did its work on what was posted meanwhile.
	IsFollowed bool `json:"with_worker,omitempty"`
}

func (p part) name() string {
	if p.Contender == tpcB {
		return fmt.Sprintf("%s, %d clients", p.Contender, p.Clients)
	}
	name := fmt.Sprintf("%s, %d clients, %s, %s", p.Contender, p.Clients, p.Stock, p.linesText())
	if p.IsFollowed {
		name += ", with worker"
	}
	return name
}

func (p part) linesText() string {
	if p.Lines == 1 {
		return "1 line"
	}
	return fmt.Sprintf("%d lines", p.Lines)
}

// parts is the programme of a run.
func parts() []part {
	all := []part{
		{Contender: tpcB, Clients: 1},
		{Contender: tpcB, Clients: 40},
		{Contender: tpcB, Clients: 400},
		{Contender: naive, Clients: 40, Stock: oneItem, Lines: 1},
		{Contender: naive, Clients: 400, Stock: oneItem, Lines: 1},
		{Contender: naive, Clients: 40, Stock: hundredThousand, Lines: 1},
		{Contender: naive, Clients: 400, Stock: hundredThousand, Lines: 1},
	}
	for _, clients := range []int{1, 40, 400} {
		for _, stock := range []stock{oneItem, hundredThousand} {
			all = append(all, part{Contender: direct, Clients: clients, Stock: stock, Lines: 1})
		}
	}
	all = append(all, part{Contender: direct, Clients: 400, Stock: hundredThousand, Lines: 2})
	for _, clients := range []int{1, 40, 400} {
		for _, stock := range []stock{oneItem, thousand, hundredThousand} {
			for _, lines := range []int{1, 2} {
				all = append(all, part{Contender: overHTTP, Clients: clients, Stock: stock, Lines: lines})
			}
		}
	}
	return append(all,
		part{Contender: overHTTP, Clients: 40, Stock: hundredThousand, Lines: 1, IsFollowed: true},
		part{Contender: operators, Clients: 40, Stock: hundredThousand, Lines: 2})
}

// neighbours are the parts in the order in which they run: those that are held against each other next to each other, since a
// machine that is shared is faster at one minute and slower at the next.
func neighbours(all []part) []part {
	compared := []part{
		{Contender: naive, Clients: 40, Stock: oneItem, Lines: 1},
		{Contender: overHTTP, Clients: 40, Stock: oneItem, Lines: 1},
		{Contender: overHTTP, Clients: 40, Stock: hundredThousand, Lines: 1},
		{Contender: tpcB, Clients: 40},
		{Contender: tpcB, Clients: 400},
		{Contender: overHTTP, Clients: 400, Stock: hundredThousand, Lines: 1},
		{Contender: direct, Clients: 400, Stock: hundredThousand, Lines: 1},
	}
	place := func(p part) int {
		if i := slices.Index(compared, p); i >= 0 {
			return i
		}
		return len(compared)
	}
	ordered := slices.Clone(all)
	slices.SortStableFunc(ordered, func(a, b part) int { return place(a) - place(b) })
	return ordered
}

// figures are what a part came to.
type figures struct {
	part
	Seconds         float64  `json:"seconds"`
	MovementsPerSec float64  `json:"movements_per_second"` // effects; of TPC-B transactions
	AnswersPerSec   float64  `json:"answers_per_second"`   // refusals and retries too
	P50             float64  `json:"p50_ms"`
	P99             float64  `json:"p99_ms"`
	Max             float64  `json:"max_ms"`
	Refused         int      `json:"refused"`
	Replayed        int      `json:"replayed"`
	Errors          int      `json:"errors"`
	ServerErrors    int      `json:"answers_5xx"`
	Deadlocks       int64    `json:"deadlocks"`
	WALPerMovement  float64  `json:"wal_bytes_per_movement"`
	HOTRatio        float64  `json:"hot_ratio"` // of updates of balances
	Keys            int      `json:"keys"`
	Checks          int      `json:"checks"`
	CPUPostgres     float64  `json:"cpu_us_per_answer_postgres"`
	CPUAPI          float64  `json:"cpu_us_per_answer_api"`
	CPULoad         float64  `json:"cpu_us_per_answer_load"`
	Broken          []string `json:"broken,omitempty"` // what did not hold afterwards
}

// report is a whole run.
type report struct {
	Date           string            `json:"date"`
	Machine        machine           `json:"machine"`
	Postgres       int               `json:"postgres"`
	Settings       map[string]string `json:"settings"`
	Authentication string            `json:"authentication"`
	Scale          int               `json:"tpcb_scale"`
	Seconds        float64           `json:"seconds"`
	Parts          []figures         `json:"parts"`
	Audit          *auditReport      `json:"audit,omitempty"`
	Bars           []bar             `json:"bars"`
}

type machine struct {
	CPU   string `json:"cpu"`
	Cores int    `json:"cores"`
	Disk  string `json:"disk"`
}

// authentication is how the requests over HTTP prove who sends them.
const authentication = "RS256 access tokens, one per client, verified by the api and remembered until they end"

// bench is a run under way.
type bench struct {
	postingCommand
	database *database
	screen   *screen
	folder   string  // for logs
	api      *server // of the part under way, when there is one
}

// Run measures posting.
func (c *postingCommand) Run(ctx context.Context) (err error) {
	began := time.Now()
	b := &bench{postingCommand: *c, screen: newScreen(os.Stdout)}
	if b.folder, err = filepath.Abs(filepath.Join("var", "bench")); err != nil {
		return err
	}
	if err := os.MkdirAll(b.folder, 0o755); err != nil {
		return err
	}
	if b.Profile != "" {
		if err := os.MkdirAll(b.Profile, 0o755); err != nil {
			return err
		}
	}
	isWanted := func(name string) bool {
		return len(b.Only) == 0 || slices.ContainsFunc(b.Only, func(text string) bool { return strings.Contains(name, text) })
	}
	var programme []part
	for _, p := range neighbours(parts()) {
		if isWanted(p.name()) {
			programme = append(programme, p)
		}
	}
	b.screen.begin("Starting Postgres", 0)
	if b.database, err = startDatabase(ctx, b.screen); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.database.stop()) }()
	if err := b.prepare(ctx, programme, isWanted(auditName)); err != nil {
		return err
	}
	r := report{
		Date: time.Now().UTC().Format(time.DateOnly), Machine: thisMachine(b.database.cluster.Dir), Postgres: b.database.cluster.Version,
		Settings: settings, Authentication: authentication, Scale: b.Scale,
	}
	for i, p := range programme {
		b.screen.overall(i, len(programme))
		b.screen.begin(p.name(), b.Warmup+b.Duration)
		f, err := b.measure(ctx, p)
		if err != nil {
			return fmt.Errorf("%s: %w", p.name(), err)
		}
		r.Parts = append(r.Parts, f)
		b.screen.end(f.line())
	}
	shown := parts()
	slices.SortFunc(r.Parts, func(a, b figures) int { return slices.Index(shown, a.part) - slices.Index(shown, b.part) })
	isAuditAlone := isWanted(auditName) && len(programme) == 0
	if isAuditAlone {
		if err := r.read(b.Results); err != nil {
			return err
		}
	}
	if isWanted(auditName) {
		b.screen.overall(len(programme), len(programme)+1)
		if r.Audit, err = b.measureAudit(ctx); err != nil {
			return fmt.Errorf("%s: %w", auditName, err)
		}
	}
	if !isAuditAlone {
		r.Seconds = time.Since(began).Seconds()
	}
	r.Bars = bars(r.Parts)
	if r.Audit != nil {
		r.Bars = append(r.Bars, r.Audit.bars()...)
	}
	b.screen.clear()
	r.print(os.Stdout)
	if len(b.Only) == 0 || isAuditAlone {
		if err := r.write(b.postingCommand); err != nil {
			return err
		}
	}
	for _, bar := range r.Bars {
		if !bar.IsMet {
			return errMissed
		}
	}
	return ctx.Err()
}

// prepare makes the databases that the parts clone, as far as the programme needs them.
func (b *bench) prepare(ctx context.Context, programme []part, isForAudit bool) error {
	needs := map[contender]bool{direct: isForAudit}
	for _, p := range programme {
		needs[p.Contender] = true
	}
	if needs[tpcB] {
		b.screen.begin(fmt.Sprintf("Filling TPC-B, scale %d", b.Scale), 0)
		if err := b.fillTPCB(ctx); err != nil {
			return err
		}
	}
	if needs[naive] {
		b.screen.begin("Filling the naive tables", 0)
		if err := b.database.template(ctx, "naive_template", statement("naive"), false); err != nil {
			return err
		}
	}
	if needs[direct] || needs[overHTTP] || needs[operators] {
		b.screen.begin("Migrating and filling Millrace", 0)
		if err := b.database.template(ctx, "millrace_template", statement("factory"), true); err != nil {
			return err
		}
	}
	return nil
}

// measure runs one part in a database of its own.
func (b *bench) measure(ctx context.Context, p part) (figures, error) {
	if p.Contender == tpcB {
		return b.measureTPCB(ctx, p)
	}
	const name = "bench"
	template, tables := "millrace_template", []string{"inventory.balance"}
	if p.Contender == naive {
		template, tables = "naive_template", []string{"naive.stock"}
	}
	if err := b.database.create(ctx, name, template); err != nil {
		return figures{}, err
	}
	if _, err := b.database.admin.Exec(ctx, "CHECKPOINT"); err != nil {
		return figures{}, err
	}
	clients, stop, err := b.connect(ctx, p, name)
	if err != nil {
		return figures{}, errors.Join(err, stop())
	}
	run := closed
	duration := b.Duration
	if p.Contender == operators {
		run, duration = open, 3*b.Duration
	}
	plan := func(i int) *planner { return newPlanner(i, p.Stock, p.Lines, p.Contender == naive) }

	writtenBefore, err := b.database.written(ctx)
	if err != nil {
		return figures{}, errors.Join(err, stop())
	}
	postgres, own := treeTime(b.database.postmaster()), ownTime()
	runtime.GC()
	r := run(ctx, clients, plan, b.Warmup, duration)
	own = ownTime() - own
	postgres = treeTime(b.database.postmaster()) - postgres
	written, err := b.database.written(ctx)
	for _, client := range clients {
		client.close()
	}
	if err := errors.Join(err, stop()); err != nil {
		return figures{}, err
	}

	f := figures{
		part: p, Seconds: r.seconds, P50: percentile(r.took, 50), P99: percentile(r.took, 99), Max: percentile(r.took, 100),
		MovementsPerSec: float64(r.counts[posted]) / r.seconds,
		AnswersPerSec:   float64(len(r.took)) / r.seconds,
		Refused:         r.counts[refused], Replayed: r.counts[replayed], Errors: r.counts[wrong], ServerErrors: r.counts[broken],
		Keys: r.keys, Broken: r.errors,
	}
	answers := float64(len(r.took)) * (duration + b.Warmup).Seconds() / duration.Seconds()
	if answers > 0 && r.effects > 0 {
		f.WALPerMovement = float64(written-writtenBefore) / float64(r.effects)
		f.CPUPostgres = float64(postgres.Microseconds()) / answers
		f.CPULoad = float64(own.Microseconds()) / answers
		if b.api != nil {
			f.CPUAPI = float64((b.api.command.ProcessState.UserTime() + b.api.command.ProcessState.SystemTime()).Microseconds()) / answers
		}
	}
	counted, err := b.database.statistics(ctx, name, tables...)
	if err != nil {
		return figures{}, err
	}
	f.Deadlocks = counted.deadlocks
	if counted.updates > 0 {
		f.HOTRatio = float64(counted.hotUpdates) / float64(counted.updates)
	}
	if err := b.verify(ctx, name, r, &f); err != nil {
		return figures{}, err
	}
	return f, b.database.drop(ctx, name)
}

// connect starts what the part needs, and its clients. stop ends it; the clients are closed before.
func (b *bench) connect(ctx context.Context, p part, name string) (clients []client, stop func() error, err error) {
	stop = func() error { return nil }
	b.api = nil
	switch p.Contender {
	case naive:
		address := b.database.cluster.URL(name)
		pool, err := pgxpool.New(ctx, address+"&pool_max_conns="+fmt.Sprint(min(p.Clients, naiveConnections)))
		if err != nil {
			return nil, stop, err
		}
		for i := range p.Clients {
			clients = append(clients, newNaiveClient(pool, i+1))
		}
		return clients, func() error { pool.Close(); return nil }, nil
	case direct:
		address, err := b.database.as(ctx, access.API, name)
		if err != nil {
			return nil, stop, err
		}
		primary, err := pg.OpenPrimary(ctx, address)
		if err != nil {
			return nil, stop, err
		}
		poster := inventory.NewPoster(primary)
		for i := range p.Clients {
			person := httpapi.Request{
				Scopes: []string{"inventory:write"},
				Actor:  fmt.Sprintf("operator-%03d", i+1), Device: fmt.Sprintf("scanner-%03d", i+1), RequestID: "0123456789abcdef0123456789abcdef",
			}
			clients = append(clients, &directClient{poster: poster, person: person})
		}
		return clients, func() error { primary.Close(); return nil }, nil
	default:
		return b.connectHTTP(ctx, p, name)
	}
}

func (b *bench) connectHTTP(ctx context.Context, p part, name string) (clients []client, stop func() error, err error) {
	var servers []*server
	stop = func() error {
		var failed error
		for _, s := range servers {
			failed = errors.Join(failed, s.stop())
		}
		return failed
	}
	listen, err := freeAddress(ctx)
	if err != nil {
		return nil, stop, err
	}
	encryptionKey := sealbox.NewKey()
	tokens, err := newTokens(ctx, b.database.cluster.URL(name), encryptionKey, "http://"+listen, p.Clients)
	if err != nil {
		return nil, stop, err
	}
	environment := []string{"MILLRACE_ENCRYPTION_KEY=" + encryptionKey, "MILLRACE_LISTEN=" + listen, "MILLRACE_RATE_DEVICE=0", "MILLRACE_RATE_CLIENT=0"}
	if b.Profile != "" {
		file := strings.NewReplacer(" ", "-", ",", "").Replace(strings.ToLower(p.name())) + ".pprof"
		environment = append(environment, "MILLRACE_CPU_PROFILE="+filepath.Join(b.Profile, file))
	}
	// The load needs less than a core, and threads that look for work take time from what is measured.
	cores := runtime.GOMAXPROCS(1)
	stopServers := stop
	stop = func() error {
		runtime.GOMAXPROCS(cores)
		return stopServers()
	}
	if b.api, err = b.startAs(ctx, access.API, name, environment); err != nil {
		return nil, stop, err
	}
	servers = append(servers, b.api)
	if p.IsFollowed {
		worker, err := b.startAs(ctx, access.Worker, name, environment)
		if err != nil {
			return nil, stop, err
		}
		servers = append(servers, worker)
	}
	if err := b.api.ready(ctx, listen); err != nil {
		return nil, stop, err
	}
	for i := range p.Clients {
		client, err := dialHTTP(ctx, listen, tokens[i])
		if err != nil {
			return nil, stop, err
		}
		clients = append(clients, client)
	}
	return clients, stop, nil
}

// startAs starts the server of a role, which logs in as that.
func (b *bench) startAs(ctx context.Context, role access.Role, name string, environment []string) (*server, error) {
	address, err := b.database.as(ctx, role, name)
	if err != nil {
		return nil, err
	}
	program := map[access.Role]string{access.API: "api", access.Worker: "worker"}[role]
	return startServer(program, b.folder, append(slices.Clone(environment), "MILLRACE_DATABASE_URL="+address))
}

func freeAddress(ctx context.Context) (string, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	return listener.Addr().String(), listener.Close()
}

// verify proves that every key had the effect that its client was told of, once, and that the books
// balance.
func (b *bench) verify(ctx context.Context, name string, r result, f *figures) error {
	hold := func(what string, got, want int) {
		if got != want {
			f.Broken = append(f.Broken, fmt.Sprintf("%s: %d, and must be %d", what, got, want))
		}
	}
	conn, err := b.database.connect(ctx, name)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	if f.Contender == naive {
		var movements, keys, requests int
		var isBalanced bool
		if err := conn.QueryRow(ctx, statement("naive_effects")).Scan(&movements, &keys, &requests, &isBalanced); err != nil {
			return err
		}
		hold("movements", movements, r.effects)
		hold("keys with a movement", keys, r.effects)
		hold("keys with an answer", requests, r.effects)
		if !isBalanced {
			f.Broken = append(f.Broken, "the stock is not what the movements left")
		}
		return nil
	}
	var keys, accepted, refusedKeys, wrongKeys, unasked int
	if err := conn.QueryRow(ctx, statement("effects")).Scan(&keys, &accepted, &refusedKeys, &wrongKeys, &unasked); err != nil {
		return err
	}
	hold("keys that were answered", keys, r.keys)
	hold("keys that were accepted", accepted, r.effects)
	hold("keys that were refused", refusedKeys, r.refusals)
	hold("keys without exactly their effect", wrongKeys, 0)
	hold("movements that nobody asked for", unasked, 0)
	// The opening stock was put there, not posted: the worker never hears of it and cannot cost it.
	checks, brokenChecks, err := b.database.checks(ctx, name, "costing/")
	f.Checks = checks
	f.Broken = append(f.Broken, brokenChecks...)
	return err
}

// read reads what the run before came to, if there was one.
func (r *report) read(name string) error {
	text, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return json.Unmarshal(text, r)
}

func (r *report) write(c postingCommand) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if err := writeFile(c.Results, append(text, '\n')); err != nil {
		return err
	}
	if err := writeFile(c.Chart, []byte(r.chart())); err != nil {
		return err
	}
	v, err := readVolume(c.Volume)
	if err != nil {
		return err
	}
	return writePage(c.Performance, c.Results, c.Feed, v)
}

func writeFile(name string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, content, 0o644)
}
