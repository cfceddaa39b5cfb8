package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/millrace-erp/millrace/internal/access"
	"github.com/millrace-erp/millrace/internal/audit"
	"github.com/millrace-erp/millrace/internal/httpapi"
	"github.com/millrace-erp/millrace/internal/inventory"
	"github.com/millrace-erp/millrace/internal/pg"
)

// What the audit costs is measured by turns: the same commands on two databases, one with triggers, columns, indexes and
// sealing, one without any of it. Each pair of turns gives a ratio, and the one in the middle counts, so that a moment in which
// the machine is busy with something else does not.
const (
	auditName    = "cost of the audit"
	auditBar     = 15.0 // percent that posting may be slower with its audit
	verifyBar    = 10.0 // microseconds that verifying a row may take
	auditClients = 40
	auditPairs   = 8
	auditTurn    = 2 * time.Second
)

// auditScopes are what the clients may do.
var auditScopes = []string{"purchasing:write", "inventory:write"}

// auditPart is one verb.
type auditPart struct {
	Verb       string  `json:"verb"`
	With       float64 `json:"with_audit_per_second"` // medians
	Without    float64 `json:"without_per_second"`
	CPUWith    float64 `json:"cpu_us_with_audit"` // of Postgres, for each
	CPUWithout float64 `json:"cpu_us_without"`
	Cost       float64 `json:"cost_percent"`
}

// auditReport is what the audit and its seals came to.
type auditReport struct {
	Date       string      `json:"date"`
	Pairs      int         `json:"pairs"`
	Parts      []auditPart `json:"parts"`
	SealedRows int64       `json:"sealed_rows"`
	VerifyRow  float64     `json:"verify_us_per_row"`
	VerifyRows int64       `json:"verify_rows"`
	Findings   int64       `json:"findings"`
}

// auditSide is one of the two databases.
type auditSide struct {
	name  string
	api   *pg.Primary
	rates []float64
	cpu   []float64
}

// measureAudit measures what the audit costs, and verifying.
func (b *bench) measureAudit(ctx context.Context) (*auditReport, error) {
	b.screen.begin(auditName, 2*auditPairs*2*auditTurn)
	const with, without = "audit_with", "audit_without"
	if err := b.database.create(ctx, with, "millrace_template"); err != nil {
		return nil, err
	}
	if err := b.database.run(ctx, with, statement("audit_setup")); err != nil {
		return nil, err
	}
	if err := b.database.create(ctx, without, with); err != nil {
		return nil, err
	}
	if err := b.database.run(ctx, without, statement("audit_without")); err != nil {
		return nil, err
	}
	sides := []*auditSide{{name: with}, {name: without}}
	for _, side := range sides {
		address, err := b.database.as(ctx, access.API, side.name)
		if err != nil {
			return nil, err
		}
		if side.api, err = pg.OpenPrimary(ctx, address, pg.Connections(auditClients)); err != nil {
			return nil, err
		}
		defer side.api.Close()
		if err := b.database.run(ctx, side.name, "VACUUM ANALYZE"); err != nil {
			return nil, err
		}
	}
	address, err := b.database.as(ctx, access.Worker, with)
	if err != nil {
		return nil, err
	}
	worker, err := pg.OpenPrimary(ctx, address)
	if err != nil {
		return nil, err
	}
	defer worker.Close()
	private, _, err := audit.NewSigningKey()
	if err != nil {
		return nil, err
	}
	key, err := audit.ReadSigningKey(string(private))
	if err != nil {
		return nil, err
	}
	sealer := audit.Sealer{Database: worker, Key: key}
	r := &auditReport{Date: time.Now().UTC().Format(time.DateOnly), Pairs: auditPairs}
	seal := func(ctx context.Context, side *auditSide) error {
		if side.name == without {
			return nil
		}
		sealed, err := sealer.Seal(ctx)
		r.SealedRows += sealed.Rows
		return err
	}
	if err := seal(ctx, sides[0]); err != nil { // what is there already
		return nil, err
	}
	for _, verb := range []struct {
		name string
		of   func(*pg.Primary) func(ctx context.Context, client int) error
	}{{"goods receipts of two lines", receipts}, {"put-aways", putAways}} {
		do := map[string]func(ctx context.Context, client int) error{}
		for _, side := range sides {
			do[side.name] = verb.of(side.api)
			side.rates, side.cpu = nil, nil
		}
		var ratios []float64
		for pair := range auditPairs + 1 {
			for i := range sides {
				side := sides[(i+pair)%2] // who comes first changes
				postgres := treeTime(b.database.postmaster())
				rate, done, err := turn(ctx, do[side.name], func(ctx context.Context) error { return seal(ctx, side) })
				if err != nil {
					return nil, fmt.Errorf("%s, %s: %w", verb.name, side.name, err)
				}
				side.rates = append(side.rates, rate)
				side.cpu = append(side.cpu, float64((treeTime(b.database.postmaster())-postgres).Microseconds())/float64(max(done, 1)))
			}
		}
		// The first pair warms up.
		for _, side := range sides {
			side.rates, side.cpu = side.rates[1:], side.cpu[1:]
		}
		for i := range auditPairs {
			ratios = append(ratios, sides[0].rates[i]/sides[1].rates[i])
		}
		r.Parts = append(r.Parts, auditPart{
			Verb: verb.name, Cost: 100 * (1 - median(ratios)), With: median(sides[0].rates), Without: median(sides[1].rates),
			CPUWith: median(sides[0].cpu), CPUWithout: median(sides[1].cpu),
		})
	}
	if err := seal(ctx, sides[0]); err != nil {
		return nil, err
	}
	owner, err := pg.OpenPrimary(ctx, b.database.cluster.URL(with))
	if err != nil {
		return nil, err
	}
	defer owner.Close()
	began := time.Now()
	verified, err := audit.Verifier{Database: owner, WithoutState: true}.Verify(ctx)
	if err != nil {
		return nil, err
	}
	r.VerifyRows, r.Findings = verified.Rows, verified.Found
	r.VerifyRow = float64(time.Since(began).Microseconds()) / float64(max(verified.Rows, 1))
	b.screen.end(r.line())
	for _, side := range sides {
		side.api.Close()
	}
	worker.Close()
	owner.Close()
	return r, errors.Join(b.database.drop(ctx, with), b.database.drop(ctx, without))
}

// line is the whole in short, for the screen.
func (r *auditReport) line() string {
	var text strings.Builder
	for _, p := range r.Parts {
		fmt.Fprintf(&text, "%s %.1f %%, ", p.Verb, p.Cost)
	}
	fmt.Fprintf(&text, "verifying %.1f µs a row", r.VerifyRow)
	return text.String()
}

// bars are what the audit must hold.
func (r *auditReport) bars() []bar {
	var bars []bar
	for _, p := range r.Parts {
		bars = append(bars, bar{
			What:   fmt.Sprintf("cost of audit and sealing on posting: %s, median of %d pairs", p.Verb, r.Pairs),
			Figure: p.Cost, Bar: auditBar, IsMost: true, Unit: "%", IsMet: p.Cost <= auditBar,
		})
	}
	return append(bars,
		bar{What: "audit: verifying a row", Figure: r.VerifyRow, Bar: verifyBar, IsMost: true, Unit: "µs", IsMet: r.VerifyRow <= verifyBar},
		bar{What: "audit: findings in what was posted here", Figure: float64(r.Findings), IsMost: true, IsMet: r.Findings == 0})
}

// cells is the table of what the audit costs.
func (r *auditReport) cells() [][]string {
	rows := [][]string{{fmt.Sprintf("%s, %d clients in SQL", auditName, auditClients), "with, a second", "without", "µs of Postgres with", "without", "cost"}}
	for _, p := range r.Parts {
		rows = append(rows, []string{
			p.Verb, thousands(p.With), thousands(p.Without), fmt.Sprintf("%.0f", p.CPUWith), fmt.Sprintf("%.0f", p.CPUWithout), fmt.Sprintf("%.1f %%", p.Cost),
		})
	}
	return rows
}

// describe writes the part of the page.
func (r *auditReport) describe(b *strings.Builder) {
	fmt.Fprintf(b, "### What the audit costs\n\nThe same commands on two databases by turns of %.0f s, one with triggers, columns, indexes and sealing, one without; %d pairs, whose ratios' "+
		"median is the cost. %s rows were sealed meanwhile; verifying %s of them took %.1f µs a row.\n\n", auditTurn.Seconds(), r.Pairs, thousands(float64(r.SealedRows)), thousands(float64(r.VerifyRows)), r.VerifyRow)
	markdown(b, r.cells())
}

// turn runs a verb by all clients for a while, seals in the middle of it, and gives how often it was done in a second and in all.
func turn(ctx context.Context, do func(ctx context.Context, client int) error, seal func(ctx context.Context) error) (float64, int64, error) {
	limited, cancel := context.WithTimeout(ctx, auditTurn)
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
		select {
		case <-limited.Done():
		case <-time.After(auditTurn / 2):
			if err := seal(ctx); err != nil {
				fail(err)
			}
		}
	})
	all.Wait()
	return float64(done.Load()) / time.Since(began).Seconds(), done.Load(), failure
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
