package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/millrace-erp/millrace/internal/access"
	"github.com/millrace-erp/millrace/internal/audit"
	"github.com/millrace-erp/millrace/internal/httpapi"
	"github.com/millrace-erp/millrace/internal/inventory"
	"github.com/millrace-erp/millrace/internal/pg"
)

// auditCommand measures what the audit costs: the same commands on two databases by turns, one with triggers, columns, indexes
// and sealing, one without any of it.
type auditCommand struct {
	Duration time.Duration `default:"5s" help:"How long each turn is."`
	Turns    int           `default:"4" help:"How often each database has its turn."`
	Results  string        `default:"bench/audit.json" help:"Where the figures go."`
}

// auditBar is how much slower posting may be with its audit.
const auditBar = 15.0 // percent

const auditClients = 40

// auditScopes are what the clients may do.
var auditScopes = []string{"purchasing:write", "inventory:write"}

// auditPart is one verb.
type auditPart struct {
	Verb    string  `json:"verb"`
	With    float64 `json:"with_audit_per_second"`
	Without float64 `json:"without_per_second"`
	Cost    float64 `json:"cost_percent"`
	Bar     float64 `json:"bar_percent"`
	IsHeld  bool    `json:"held"`
}

// auditReport is a run.
type auditReport struct {
	Date       string      `json:"date"`
	Machine    machine     `json:"machine"`
	Parts      []auditPart `json:"parts"`
	SealedRows int64       `json:"sealed_rows"`
	VerifyRow  float64     `json:"verify_us_per_row"`
	VerifyRows int64       `json:"verify_rows"`
	Findings   int64       `json:"findings"`
}

// Run measures.
func (c *auditCommand) Run(ctx context.Context) (err error) {
	screen := newScreen(os.Stdout)
	screen.begin("Starting Postgres", 0)
	database, err := startDatabase(ctx, screen)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, database.stop()) }()
	if err := database.template(ctx, "audit_with", statement("factory")+statement("audit_setup"), true); err != nil {
		return err
	}
	if err := database.create(ctx, "audit_without", "audit_with"); err != nil {
		return err
	}
	if err := database.run(ctx, "audit_without", statement("audit_without")); err != nil {
		return err
	}
	sides := map[string]*pg.Primary{}
	for _, name := range []string{"audit_with", "audit_without"} {
		address, err := database.as(ctx, access.API, name)
		if err != nil {
			return err
		}
		if sides[name], err = pg.OpenPrimary(ctx, address, pg.Connections(auditClients+4)); err != nil {
			return err
		}
		defer sides[name].Close()
	}
	address, err := database.as(ctx, access.Worker, "audit_with")
	if err != nil {
		return err
	}
	worker, err := pg.OpenPrimary(ctx, address, pg.Connections(2))
	if err != nil {
		return err
	}
	defer worker.Close()
	owner, err := pg.OpenPrimary(ctx, database.cluster.URL("audit_with"), pg.Connections(2))
	if err != nil {
		return err
	}
	defer owner.Close()
	report := auditReport{Date: time.Now().UTC().Format(time.DateOnly), Machine: thisMachine(database.cluster.Dir)}

	// What the worker does, twice as often, and only while its database has its turn.
	private, _, err := audit.NewSigningKey()
	if err != nil {
		return err
	}
	key, err := audit.ReadSigningKey(string(private))
	if err != nil {
		return err
	}
	sealer := audit.Sealer{Database: worker, Key: key}
	if _, err := sealer.Seal(ctx); err != nil {
		return err
	}
	for _, verb := range []struct {
		name string
		of   func(*pg.Primary) func(ctx context.Context, client int) error
	}{{"goods receipts of two lines, 40 clients", receipts}, {"put-aways, 40 clients", putAways}} {
		var with, without []float64
		for turn := range c.Turns {
			for i, name := range []string{"audit_with", "audit_without"} {
				if turn%2 == 1 { // who comes first changes
					name = []string{"audit_without", "audit_with"}[i]
				}
				screen.begin(fmt.Sprintf("%s, %s, turn %d", verb.name, name, turn+1), c.Duration)
				rate, err := c.turn(ctx, verb.of(sides[name]), func(ctx context.Context) error {
					if name == "audit_without" {
						return nil
					}
					sealed, err := sealer.Seal(ctx)
					report.SealedRows += sealed.Rows
					return err
				})
				if err != nil {
					return fmt.Errorf("%s, %s: %w", verb.name, name, err)
				}
				screen.end(fmt.Sprintf("%.0f a second", rate))
				if name == "audit_with" {
					with = append(with, rate)
				} else {
					without = append(without, rate)
				}
			}
		}
		p := auditPart{Verb: verb.name, With: median(with), Without: median(without), Bar: auditBar}
		p.Cost = 100 * (1 - p.With/p.Without)
		p.IsHeld = p.Cost <= p.Bar
		report.Parts = append(report.Parts, p)
	}
	if _, err := sealer.Seal(ctx); err != nil {
		return err
	}
	began := time.Now()
	verified, err := audit.Verifier{Database: owner, WithoutState: true}.Verify(ctx)
	if err != nil {
		return err
	}
	report.VerifyRows, report.Findings = verified.Rows, verified.Found
	report.VerifyRow = float64(time.Since(began).Microseconds()) / float64(max(verified.Rows, 1))
	screen.clear()
	return report.tell(os.Stdout, c.Results)
}

// turn runs a verb by all clients for a while, with sealing beside it, and gives how often it was done in a second.
func (c *auditCommand) turn(ctx context.Context, do func(ctx context.Context, client int) error, seal func(ctx context.Context) error) (float64, error) {
	const sealings = 2 * time.Second
	limited, cancel := context.WithTimeout(ctx, c.Duration)
	defer cancel()
	var (
		done    atomic.Int64
		all     sync.WaitGroup
		mu      sync.Mutex
		failure error
	)
	fail := func(err error) {
		mu.Lock()
		defer mu.Unlock()
		failure = errors.Join(failure, err)
		cancel()
	}
	began := time.Now()
	for client := range auditClients {
		all.Go(func() {
			for limited.Err() == nil {
				// What has begun is ended.
				if err := do(ctx, client); err != nil {
					fail(err)
					return
				}
				done.Add(1)
			}
		})
	}
	all.Go(func() {
		ticker := time.NewTicker(sealings)
		defer ticker.Stop()
		for {
			select {
			case <-limited.Done():
				return
			case <-ticker.C:
				if err := seal(ctx); err != nil {
					fail(err)
				}
			}
		}
	})
	all.Wait()
	return float64(done.Load()) / time.Since(began).Seconds(), failure
}

// receipts receives goods against an order of the client's own.
func receipts(primary *pg.Primary) func(ctx context.Context, client int) error {
	receive := statement("audit_receive")
	planners := make([]*planner, auditClients)
	for i := range planners {
		planners[i] = newPlanner(i, hundredThousand, 1, true)
	}
	return func(ctx context.Context, client int) error {
		key := planners[client].next().key
		reference, err := json.Marshal(map[string]any{"key": string(key[:]), "scopes": auditScopes, "sites": nil, "actor": fmt.Sprintf("receiver-%02d", client), "device": "dock-1", "request_id": "0123456789abcdef"})
		if err != nil {
			return err
		}
		command := fmt.Sprintf(`{"purchase_order": "PO-%06d", "location": "L-01", "lines": [{"line": 1, "quantity": "1"}, {"line": 2, "quantity": "1"}]}`, client+1)
		var status int
		if err := primary.QueryRow(ctx, receive, string(reference), command).Scan(&status); err != nil {
			return err
		}
		if status != 201 {
			return fmt.Errorf("answered %d", status)
		}
		return nil
	}
}

// putAways are transfers through the poster that the api uses.
func putAways(primary *pg.Primary) func(ctx context.Context, client int) error {
	poster := inventory.NewPoster(primary)
	planners := make([]*planner, auditClients)
	clients := make([]*directClient, auditClients)
	for i := range auditClients {
		planners[i] = newPlanner(i, hundredThousand, 2, true)
		clients[i] = &directClient{poster: poster, person: httpapi.Request{Scopes: auditScopes, Actor: fmt.Sprintf("operator-%02d", i), Device: "scanner", RequestID: "0123456789abcdef"}}
	}
	return func(ctx context.Context, client int) error {
		became, err := clients[client].do(ctx, planners[client].next())
		if err == nil && became != posted {
			err = fmt.Errorf("a put-away was not posted: %v", became)
		}
		return err
	}
}

func median(values []float64) float64 {
	slices.Sort(values)
	middle := len(values) / 2
	if len(values)%2 == 1 {
		return values[middle]
	}
	return (values[middle-1] + values[middle]) / 2
}

// tell prints the figures and keeps them; it fails when a bar was missed.
func (r *auditReport) tell(out io.Writer, file string) error {
	isHeld := r.Findings == 0
	for _, p := range r.Parts {
		isHeld = isHeld && p.IsHeld
		verdict := "held"
		if !p.IsHeld {
			verdict = "MISSED"
		}
		fmt.Fprintf(out, "%-42s %8.0f a second with audit and sealing, %8.0f without: costs %5.1f %% (bar %.0f %%, %s)\n", p.Verb, p.With, p.Without, p.Cost, p.Bar, verdict)
	}
	fmt.Fprintf(out, "verifying %d rows: %.1f µs a row, %d findings\n", r.VerifyRows, r.VerifyRow, r.Findings)
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(file, append(text, '\n'), 0o644); err != nil {
		return err
	}
	if !isHeld {
		return errMissed
	}
	return nil
}
