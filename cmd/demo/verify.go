package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/millrace-erp/millrace/cmd/demo/internal/db"
	"github.com/millrace-erp/millrace/internal/demo"
	millracesql "github.com/millrace-erp/millrace/sql"
)

const drainTimeout = 60 * time.Second

// verify waits until the worker has nothing left to do, then holds the databases to everything they
// must be.
func (p *plant) verify(ctx context.Context, screen *screen, client *demo.Client, crowd *demo.Crowd) (*summary, error) {
	s := &summary{Checks: checks{Broken: []string{}}, API: p.url, OpenAPI: p.url + "/openapi.json", Jobs: "http://" + p.pages + "/jobs/"}
	var err error
	if s.Primary, s.Replica, err = p.psql(); err != nil {
		return nil, err
	}
	queries := db.New(p.pair.Primary)

	screen.begin("Waiting for the worker")
	if err := p.drain(ctx, screen, queries); err != nil {
		return nil, err
	}
	figures, err := queries.Figures(ctx)
	if err != nil {
		return nil, err
	}
	s.Figures = figures
	screen.end(fmt.Sprintf("%d jobs done, %d events in the feed", figures.Jobs, figures.Events))

	screen.begin("Proving the invariants")
	if err := p.check(ctx, screen, s); err != nil {
		return nil, err
	}
	effects, err := queries.KeyEffects(ctx, crowd.Device)
	if err != nil {
		return nil, err
	}
	s.Keys = effects
	screen.end(fmt.Sprintf("%d checks, %d broken; %d keys, %d of them without exactly one effect", s.Checks.Run, len(s.Checks.Broken), effects.Keys, effects.Wrong))

	screen.begin("Verifying the seals of the audit")
	if s.Seals, err = p.seals.prove(ctx, p.pair.Primary); err != nil {
		return nil, err
	}
	screen.end(s.Seals.String())

	screen.begin("Looking for secrets in the logs")
	lines, told, err := p.searchLogs()
	if err != nil {
		return nil, err
	}
	s.LogLines, s.Secrets = lines, told
	screen.end(fmt.Sprintf("%d lines, %d that tell one", lines, len(told)))

	if p.mirror != "" {
		screen.begin("Comparing the replica")
		if err := p.compare(ctx, s); err != nil {
			return nil, err
		}
		screen.end(fmt.Sprintf("%d tables, %d rows, %d differ %s", s.Mirror.Tables, s.Mirror.Rows, len(s.Mirror.Differ), strings.Join(s.Mirror.Differ, ", ")))
	}

	if s.Stock, err = queries.StockByPlace(ctx); err != nil {
		return nil, err
	}
	if err := p.value(ctx, client, s); err != nil {
		return nil, err
	}
	if err := p.printers.report(ctx, client, s); err != nil {
		return nil, err
	}
	if err := p.partners.report(s); err != nil {
		return nil, err
	}
	if s.MailsWaiting, err = queries.MailsWaiting(ctx); err != nil {
		return nil, err
	}
	return s, p.saveDocuments(ctx, client, s)
}

// value reads what the stock is worth and what the accounts say, and saves the journal.
func (p *plant) value(ctx context.Context, client *demo.Client, s *summary) error {
	get := func(path string, into any) ([]byte, error) {
		answer, err := client.Get(ctx, path)
		if err != nil {
			return nil, err
		}
		if answer.Status != http.StatusOK {
			return nil, fmt.Errorf("GET %s: %d\n%s", path, answer.Status, demo.Pretty(answer.Body))
		}
		if into != nil {
			if err := json.Unmarshal(answer.Body, into); err != nil {
				return nil, fmt.Errorf("GET %s: %w", path, err)
			}
		}
		return answer.Body, nil
	}
	if _, err := get("/v1/costing/valuation?limit=500", &s.valuation); err != nil {
		return err
	}
	if _, err := get("/v1/account-balances", &s.accounts); err != nil {
		return err
	}
	s.Valuation, s.Accounts = s.valuation.Items, s.accounts.Items
	journal, err := get("/v1/journal.csv", nil)
	if err != nil {
		return err
	}
	s.Journal = filepath.Join(p.dir, "journal.csv")
	return os.WriteFile(s.Journal, journal, 0o644)
}

// drain waits until every event has its place in the feed, every consumer has read it, and no job is due.
func (p *plant) drain(ctx context.Context, screen *screen, queries *db.Queries) error {
	began := time.Now()
	most := int64(1)
	for {
		backlog, err := queries.Backlog(ctx)
		if err != nil {
			return err
		}
		left := backlog.Events + backlog.Unread + backlog.Jobs
		if left == 0 && backlog.FailedJobs == 0 {
			return nil
		}
		most = max(most, left)
		screen.step(int(most-left), int(most), fmt.Sprintf("%d events, %d jobs", backlog.Events+backlog.Unread, backlog.Jobs))
		if time.Since(began) > drainTimeout || backlog.FailedJobs > 0 {
			failed, err := queries.FailedJobs(ctx)
			if err != nil {
				return err
			}
			return fmt.Errorf("the worker did not finish: %d events and %d jobs are left, %d jobs failed %v", backlog.Events+backlog.Unread, backlog.Jobs, backlog.FailedJobs, failed)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// check runs every invariant in one snapshot.
func (p *plant) check(ctx context.Context, screen *screen, s *summary) error {
	checks, err := millracesql.Checks()
	if err != nil {
		return err
	}
	snapshot := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	return pgx.BeginTxFunc(ctx, p.pair.Primary, snapshot, func(tx pgx.Tx) error {
		for i, check := range checks {
			rows, err := tx.Query(ctx, check.SQL)
			if err != nil {
				return fmt.Errorf("check %s: %w", check.Name, err)
			}
			found, err := pgx.CollectRows(rows, pgx.RowToMap)
			if err != nil {
				return fmt.Errorf("check %s: %w", check.Name, err)
			}
			s.Checks.Run++
			if len(found) > 0 {
				s.Checks.Broken = append(s.Checks.Broken, fmt.Sprintf("%s: %d rows, such as %v", check.Name, len(found), found[0]))
			}
			screen.step(i+1, len(checks), check.Name)
		}
		return nil
	})
}

// compare holds the replica to the primary. The worker's clock may write in between, so a difference is
// looked at again.
func (p *plant) compare(ctx context.Context, s *summary) error {
	for range 5 {
		lag, err := p.pair.CatchUp(ctx)
		if err != nil {
			return err
		}
		comparison, err := p.pair.Compare(ctx)
		if err != nil {
			return err
		}
		s.Mirror = &mirror{Comparison: comparison, CatchUpMilliseconds: float64(lag.Microseconds()) / 1000}
		if len(comparison.Differ) == 0 {
			return nil
		}
	}
	return nil
}

// saveDocuments writes the rendered delivery notes, labels and invoices to files.
func (p *plant) saveDocuments(ctx context.Context, client *demo.Client, s *summary) error {
	documents, err := client.Documents(ctx)
	if err != nil {
		return err
	}
	for _, document := range documents {
		place := filepath.Join(p.dir, document.Name)
		if err := os.WriteFile(place, document.Content, 0o644); err != nil {
			return err
		}
		s.Documents = append(s.Documents, place)
	}
	spreadsheets, links, err := client.Spreadsheets(ctx)
	if err != nil {
		return err
	}
	for i, file := range spreadsheets {
		place := filepath.Join(p.dir, file.Name)
		if err := os.WriteFile(place, file.Content, 0o644); err != nil {
			return err
		}
		s.Spreadsheets = append(s.Spreadsheets, spreadsheet{File: place, Link: p.url + links[i], Size: len(file.Content)})
	}
	return nil
}
