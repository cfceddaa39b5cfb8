package costing_test

import (
	"context"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/millrace-erp/millrace/internal/httpapi/httpapitest"
	"github.com/millrace-erp/millrace/internal/testdb"
)

// digest tells whether two runs wrote the same, in whatever transactions they did.
const digest = `
	SELECT (SELECT count(*) FROM costing.journal_entry), concat_ws(' ',
		(SELECT md5(string_agg((to_jsonb(t) - 'transaction_id')::text, E'\n' ORDER BY t.position, t.ordinal)) FROM costing.journal_entry AS t),
		(SELECT md5(string_agg((to_jsonb(t) - 'transaction_id')::text, E'\n' ORDER BY t.site_id, t.month, t.account, t.currency)) FROM costing.account_total AS t),
		(SELECT md5(string_agg((to_jsonb(t) - 'transaction_id')::text, E'\n' ORDER BY t.movement_id)) FROM costing.movement_cost AS t),
		(SELECT md5(string_agg((to_jsonb(t) - 'transaction_id')::text, E'\n' ORDER BY t.item_id, t.number)) FROM costing.layer AS t),
		(SELECT md5(string_agg((to_jsonb(t) - 'transaction_id')::text, E'\n' ORDER BY t.item_id)) FROM costing.item_stock AS t),
		(SELECT md5(string_agg((to_jsonb(t) - 'transaction_id')::text, E'\n' ORDER BY t.production_report_id, t.is_reversal)) FROM costing.labour_cost AS t),
		(SELECT md5(string_agg((to_jsonb(t) - 'transaction_id')::text, E'\n' ORDER BY t.work_order_id)) FROM costing.work_order_cost AS t))`

// TestWorkerKilledFiftyTimes kills the worker, the real one, with SIGKILL 50 times while a plant works: what it wrote is what one
// writes that nobody disturbs.
func TestWorkerKilledFiftyTimes(t *testing.T) {
	t.Parallel()
	const kills = 50
	binary := filepath.Join(t.TempDir(), "worker")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "github.com/millrace-erp/millrace/cmd/worker").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	b := setup(t)
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	start := func() *exec.Cmd {
		worker := exec.Command(binary)
		worker.Env = append(os.Environ(), "MILLRACE_DATABASE_URL="+b.DB.URLAs(testdb.WorkerRole), "MILLRACE_ENCRYPTION_KEY="+httpapitest.EncryptionKey, "MILLRACE_MAX_WORKERS=2")
		worker.Stderr = log
		worker.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		if err := worker.Start(); err != nil {
			t.Fatal(err)
		}
		return worker
	}

	// The plant: it goes on until the last kill.
	ctx, stop := context.WithCancel(t.Context())
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		b.work(ctx, t)
	}()
	atWork := 0
	for range kills {
		worker := start()
		time.Sleep(100*time.Millisecond + rand.N(300*time.Millisecond))
		isCosting := false
		if err := b.DB.Pool.QueryRow(t.Context(), `SELECT EXISTS (SELECT FROM pg_stat_activity
			WHERE datname = current_database() AND state = 'active' AND query LIKE '%costing.advance%' AND pid <> pg_backend_pid())`).Scan(&isCosting); err != nil {
			t.Fatal(err)
		}
		if isCosting {
			atWork++
		}
		if err := worker.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = worker.Wait() // it was killed
	}
	stop()
	<-finished

	behind := func() (events int64) {
		if err := b.DB.Pool.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM event.inbox) + h.position - c.position
			FROM event.log_head AS h, event.consumer AS c WHERE c.name = 'costing'`).Scan(&events); err != nil {
			t.Fatal(err)
		}
		return events
	}
	left := behind()
	worker := start()
	for wait := 0; behind() > 0; wait++ {
		if wait == 600 {
			text, _ := os.ReadFile(log.Name())
			t.Fatalf("%d events are not costed; the worker says\n%s", behind(), text[max(0, len(text)-4000):])
		}
		time.Sleep(50 * time.Millisecond)
	}
	_ = worker.Process.Signal(syscall.SIGTERM)
	if err := worker.Wait(); err != nil {
		t.Errorf("the worker ends with %v", err)
	}
	read := func() (rows int64, all string) {
		if err := b.DB.Pool.QueryRow(t.Context(), digest).Scan(&rows, &all); err != nil {
			t.Fatal(err)
		}
		return rows, all
	}
	rows, killed := read()
	hold(t, t, b.DB)

	// Once more from the beginning, undisturbed.
	conn, err := b.DB.Pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
		`SET session_replication_role = replica`,
		`TRUNCATE costing.journal_entry, costing.account_total, costing.movement_cost, costing.layer, costing.item_stock, costing.labour_cost,
			costing.work_order_cost, costing.receipt_match`,
		`UPDATE event.consumer SET position = 0 WHERE name = 'costing'`,
		`RESET session_replication_role`,
	} {
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	conn.Release()
	b.advance(t, 5000)
	again, undisturbed := read()
	t.Logf("%d rows of the journal; %d of %d kills hit a costing under way, %d events were left at the end", rows, atWork, kills, left)
	if rows != again || killed != undisturbed {
		t.Errorf("%d rows with kills, %d without:\n%s\n%s", rows, again, killed, undisturbed)
	}
	if rows < 100 {
		t.Errorf("only %d rows: the plant did not work", rows)
	}
}

// work keeps a plant going: goods come, orders are made, completed, sometimes taken back.
func (b *bundle) work(ctx context.Context, t *testing.T) {
	i := b.items(t, "fifo", "moving_average", "standard")
	end := time.Now().Truncate(time.Second)
	for n := 1; ctx.Err() == nil; n++ {
		receipt := b.receive(t, "ACME", i+"-M", "40", "KGM", strconv.Itoa(n%7+1)+".37")
		b.receive(t, "ACME", i+"-N", "200", "H87", strconv.Itoa(n%5)+".1234")
		order := b.Post(t, "/v1/work-orders", m{"item": i + "-P", "quantity": "100"}).Want(201).Text("number")
		b.Post(t, "/v1/material-issues", m{"work_order": order, "lines": []m{{"item": i + "-M", "quantity": "33"}}}).Want(201)
		b.Post(t, "/v1/production-reports", m{"work_order": order, "kind": "setup", "started_at": end.Add(-5 * time.Minute), "ended_at": end}).Want(201)
		report := b.Post(t, "/v1/production-reports", m{
			"work_order": order, "good_quantity": "47", "scrap_quantity": "3", "scrap_reason": "BAD",
			"started_at": end.Add(-time.Duration(n%50) * time.Minute), "ended_at": end,
		}).Want(201).Text("number")
		if n%3 == 0 {
			b.Post(t, "/v1/production-report-reversals", m{"production_report": report, "reason": "MISTAKE"}).Want(201)
			b.Post(t, "/v1/production-reports", m{"work_order": order, "good_quantity": "45"}).Want(201)
		}
		b.Post(t, "/v1/work-order-completions", m{"work_order": order}).Want(201)
		if n%4 == 0 {
			b.Post(t, "/v1/supplier-invoices", m{
				"supplier": "ACME", "external_number": i + "-" + strconv.Itoa(n), "invoiced_on": "2026-01-05",
				"lines": []m{{"goods_receipt": receipt, "line": 1, "quantity": "40", "amount": "200.01"}},
			}).Want(201)
			b.Post(t, "/v1/work-order-reopenings", m{"work_order": order, "reason": "MISTAKE"}).Want(201)
			b.Post(t, "/v1/material-returns", m{"work_order": order, "lines": []m{{"item": i + "-M", "quantity": "2"}}}).Want(201)
			b.Post(t, "/v1/work-order-completions", m{"work_order": order}).Want(201)
		}
		if n%5 == 0 {
			b.receive(t, "ACME", i+"-M", "40", "KGM", "9")
			b.Post(t, "/v1/goods-receipt-reversals", m{"goods_receipt": receipt, "reason": "MISTAKE"})
		}
		b.Post(t, "/v1/scrappings", m{"item": i + "-P", "from": "B", "quantity": "30", "reason": "BAD"}).Want(201)
	}
}
