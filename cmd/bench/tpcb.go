package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

const tpcbDatabase = "tpcb"

// pgbenchProgram is pgbench, or empty where Postgres came without it.
func (b *bench) pgbenchProgram() string {
	program := filepath.Join(b.database.cluster.BinDir, "pgbench")
	if _, err := os.Stat(program); err != nil {
		return ""
	}
	return program
}

func (b *bench) runPgbench(ctx context.Context, arguments ...string) (string, error) {
	command := exec.CommandContext(ctx, b.pgbenchProgram(), append(arguments, "-h", "127.0.0.1", "-p", strconv.Itoa(b.database.cluster.Port), "-U", "millrace", tpcbDatabase)...)
	command.Env = append(os.Environ(), "PGPASSWORD="+b.database.adminPassword(), "PGSSLMODE=disable", "LC_ALL=C")
	command.Dir = b.folder
	output, err := command.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("pgbench: %w\n%s", err, output)
	}
	return string(output), nil
}

func (b *bench) fillTPCB(ctx context.Context) error {
	if err := b.database.create(ctx, tpcbDatabase, ""); err != nil {
		return err
	}
	if b.pgbenchProgram() == "" {
		return b.database.run(ctx, tpcbDatabase, strings.NewReplacer("1, 100)", fmt.Sprintf("1, %d)", b.Scale), "1, 1000)", fmt.Sprintf("1, %d)", 10*b.Scale),
			"1, 10000000)", fmt.Sprintf("1, %d)", 100000*b.Scale)).Replace(statement("tpcb")))
	}
	_, err := b.runPgbench(ctx, "-i", "-q", "-s", strconv.Itoa(b.Scale))
	return err
}

// measureTPCB lets pgbench do what it does.
func (b *bench) measureTPCB(ctx context.Context, p part) (figures, error) {
	if _, err := b.database.admin.Exec(ctx, "CHECKPOINT"); err != nil {
		return figures{}, err
	}
	deadlocks, err := b.database.statistics(ctx, tpcbDatabase)
	if err != nil {
		return figures{}, err
	}
	writtenBefore, err := b.database.written(ctx)
	if err != nil {
		return figures{}, err
	}
	var f figures
	if b.pgbenchProgram() == "" {
		f, err = b.playTPCB(ctx, p)
	} else {
		f, err = b.pgbench(ctx, p)
	}
	if err != nil {
		return figures{}, err
	}
	written, err := b.database.written(ctx)
	if err != nil {
		return figures{}, err
	}
	counted, err := b.database.statistics(ctx, tpcbDatabase, "pgbench_accounts", "pgbench_tellers", "pgbench_branches")
	if err != nil {
		return figures{}, err
	}
	f.Deadlocks = counted.deadlocks - deadlocks.deadlocks
	f.HOTRatio = float64(counted.hotUpdates) / float64(max(counted.updates, 1))
	f.WALPerMovement = float64(written-writtenBefore) / max(f.MovementsPerSec*f.Seconds, 1)
	return f, nil
}

var transactionsPerSecond = regexp.MustCompile(`tps = ([0-9.]+) \(without initial connection time\)`)

func (b *bench) pgbench(ctx context.Context, p part) (figures, error) {
	prefix := filepath.Join(b.folder, "pgbench")
	if err := removeLogs(prefix); err != nil {
		return figures{}, err
	}
	began := time.Now()
	output, err := b.runPgbench(ctx, "-n", "-M", "prepared", "-c", strconv.Itoa(p.Clients), "-j", strconv.Itoa(min(p.Clients, 2)),
		"-T", strconv.Itoa(max(1, int((b.Warmup+b.Duration).Seconds()))), "-l", "--log-prefix", prefix)
	if err != nil {
		return figures{}, err
	}
	found := transactionsPerSecond.FindStringSubmatch(output)
	if found == nil {
		return figures{}, fmt.Errorf("pgbench told no rate:\n%s", output)
	}
	rate, err := strconv.ParseFloat(found[1], 64)
	if err != nil {
		return figures{}, err
	}
	took, err := readLogs(prefix)
	if err != nil {
		return figures{}, err
	}
	return figures{
		part: p, Seconds: time.Since(began).Seconds(), MovementsPerSec: rate, AnswersPerSec: rate,
		P50: percentile(took, 50), P99: percentile(took, 99), Max: percentile(took, 100), Keys: len(took),
	}, removeLogs(prefix)
}

// readLogs reads the latencies that pgbench logged, a line per transaction.
func readLogs(prefix string) ([]uint32, error) {
	files, err := filepath.Glob(prefix + ".*")
	if err != nil {
		return nil, err
	}
	var took []uint32
	for _, name := range files {
		file, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		lines := bufio.NewScanner(file)
		for lines.Scan() {
			fields := strings.Fields(lines.Text())
			if len(fields) < 3 {
				continue
			}
			microseconds, err := strconv.ParseUint(fields[2], 10, 32)
			if err != nil {
				continue // "skipped" or "failed"
			}
			took = append(took, uint32(microseconds))
		}
		if err := errors.Join(lines.Err(), file.Close()); err != nil {
			return nil, err
		}
	}
	slices.Sort(took)
	return took, nil
}

func removeLogs(prefix string) error {
	files, err := filepath.Glob(prefix + ".*")
	for _, name := range files {
		err = errors.Join(err, os.Remove(name))
	}
	return err
}

// tpcbClient plays pgbench's part where there is none: the same statements, prepared.
type tpcbClient struct {
	pool                                      *pgxpool.Pool
	scale                                     int
	random                                    *rand.Rand
	account, balance, teller, branch, history string
}

func (c *tpcbClient) close() {}

func (c *tpcbClient) do(ctx context.Context, _ *command) (outcome, error) {
	account, teller, branch := 1+c.random.IntN(100000*c.scale), 1+c.random.IntN(10*c.scale), 1+c.random.IntN(c.scale)
	delta := c.random.IntN(10001) - 5000
	err := pgx.BeginFunc(ctx, c.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, c.account, account, delta); err != nil {
			return err
		}
		var balance int
		if err := tx.QueryRow(ctx, c.balance, account).Scan(&balance); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, c.teller, teller, delta); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, c.branch, branch, delta); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, c.history, teller, branch, account, delta)
		return err
	})
	if err != nil {
		return wrong, err
	}
	return posted, nil
}

func (b *bench) playTPCB(ctx context.Context, p part) (figures, error) {
	pool, err := pgxpool.New(ctx, b.database.cluster.URL(tpcbDatabase)+"&pool_max_conns="+strconv.Itoa(p.Clients))
	if err != nil {
		return figures{}, err
	}
	defer pool.Close()
	clients := make([]client, p.Clients)
	for i := range clients {
		clients[i] = &tpcbClient{
			pool: pool, scale: b.Scale, random: rand.New(rand.NewPCG(uint64(i), 0)),
			account: statement("tpcb_account"), balance: statement("tpcb_balance"), teller: statement("tpcb_teller"),
			branch: statement("tpcb_branch"), history: statement("tpcb_history"),
		}
	}
	r := closed(ctx, clients, func(i int) *planner { return newPlanner(i, oneItem, 1, true) }, b.Warmup, b.Duration)
	rate := float64(r.counts[posted]) / r.seconds
	return figures{
		part: p, Seconds: r.seconds, MovementsPerSec: rate, AnswersPerSec: rate,
		P50: percentile(r.took, 50), P99: percentile(r.took, 99), Max: percentile(r.took, 100), Keys: r.keys, Broken: r.errors,
	}, nil
}
