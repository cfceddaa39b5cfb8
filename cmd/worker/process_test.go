package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"github.com/millrace-erp/millrace/internal/demo"
	"github.com/millrace-erp/millrace/internal/httpapi/httpapitest"
	"github.com/millrace-erp/millrace/internal/testdb"
)

// process is a worker as it runs in a plant.
type process struct {
	*exec.Cmd
	out bytes.Buffer
}

func startProcess(t *testing.T, url string, environ ...string) *process {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{Cmd: exec.Command(self)}
	p.Env = append(append(os.Environ(), beWorker+"=1", "MILLRACE_DATABASE_URL="+url, "MILLRACE_ENCRYPTION_KEY="+httpapitest.EncryptionKey, "MILLRACE_LOG_LEVEL=warn"), environ...)
	p.Stdout, p.Stderr = &p.out, &p.out
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if p.ProcessState == nil {
			_ = p.Process.Kill()
			_ = p.Wait()
		}
	})
	return p
}

// stop asks the worker to end and says how it did.
func (p *process) stop(t *testing.T) {
	t.Helper()
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := p.Wait(); err != nil {
		t.Errorf("the worker ended by %v:\n%s", err, p.out.String())
	}
}

// ledger is a factory with many movements, made behind the back of everything.
func ledger(t *testing.T, movements int) *httpapitest.API {
	t.Helper()
	api := httpapitest.New(t)
	api.DB.SkipChecks()
	client := &demo.Client{URL: api.URL, Tokens: httpapitest.Tokens(), HTTP: http.DefaultClient}
	if err := demo.Load(t.Context(), client, func(int, int, string) {}); err != nil {
		t.Fatal(err)
	}
	_, err := api.DB.Pool.Exec(t.Context(), `
		SET session_replication_role = replica;
		INSERT INTO inventory.movement (id, posted_at, occurred_at, movement_type, item_id, lot_id, from_location_id, to_location_id, quantity,
			document_type, document_id, actor)
		SELECT 1000000 + n, date_trunc('day', now()) + n * interval '1 millisecond', now() - interval '1 hour', 'receipt', i.id, 0, f.id, t.id,
			n + 0.123456, 'goods_receipt', 1, 'operator ' || n % 40
		FROM generate_series(1, `+strconv.Itoa(movements)+`) AS n
		JOIN LATERAL (SELECT id FROM catalog.item ORDER BY id OFFSET n % 6 LIMIT 1) AS i ON true
		CROSS JOIN (SELECT id FROM catalog.location WHERE kind = 'supplier' LIMIT 1) AS f
		CROSS JOIN (SELECT id FROM catalog.location WHERE kind = 'storage' LIMIT 1) AS t;
		RESET session_replication_role;
		ANALYZE inventory.movement`)
	if err != nil {
		t.Fatal(err)
	}
	return api
}

// until asks the database until it says yes.
func until(t *testing.T, api *httpapitest.API, sql string, wait time.Duration) {
	t.Helper()
	for deadline := time.Now().Add(wait); ; time.Sleep(20 * time.Millisecond) {
		var yes bool
		if err := api.DB.Pool.QueryRow(t.Context(), sql).Scan(&yes); err != nil {
			t.Fatal(err)
		}
		if yes {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", sql)
		}
	}
}

const allDone = `SELECT bool_and(finished_at IS NOT NULL) AND NOT EXISTS (SELECT FROM river.river_job WHERE kind = 'export_write' AND state <> 'completed') FROM export.file`

// TestExportsOutliveKills: the worker is killed again and again while it writes exports.
// Each of them is whole in the end, and was finished once.
func TestExportsOutliveKills(t *testing.T) {
	t.Parallel()
	const exports, kills, rows = 4, 8, 60_000
	api := ledger(t, rows)
	for range exports {
		api.Post(t, "/v1/exports", map[string]any{"kind": "movements"}).Want(202)
	}
	interrupted := 0
	for range kills {
		var before int
		if err := api.DB.Pool.QueryRow(t.Context(), `SELECT sum(generation) FROM export.file`).Scan(&before); err != nil {
			t.Fatal(err)
		}
		worker := startProcess(t, api.DB.URLAs(testdb.WorkerRole))
		until(t, api, `SELECT sum(generation) > `+strconv.Itoa(before)+` OR bool_and(finished_at IS NOT NULL) FROM export.file`, 60*time.Second)
		time.Sleep(rand.N(400 * time.Millisecond))
		if err := worker.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = worker.Wait()
		var open int
		if err := api.DB.Pool.QueryRow(t.Context(), `SELECT count(*) FROM river.river_job WHERE kind = 'export_write' AND state = 'running'`).Scan(&open); err != nil {
			t.Fatal(err)
		}
		interrupted += open
	}
	if interrupted == 0 {
		t.Fatal("no kill hit an export: this proves nothing")
	}
	worker := startProcess(t, api.DB.URLAs(testdb.WorkerRole))
	until(t, api, allDone, 2*time.Minute)
	worker.stop(t)

	for n := 1; n <= exports; n++ {
		meta := api.Get(t, fmt.Sprintf("/v1/exports/EX-%06d", n)).Want(200)
		content := api.Get(t, meta.Text("content")).Want(200).Body
		sum := sha256.Sum256(content)
		if hex.EncodeToString(sum[:]) != meta.Text("sha256") || meta.Text("rows") != strconv.Itoa(rows) {
			t.Errorf("export %d is not whole: %s", n, meta.Body)
		}
		if n == 1 {
			file, err := excelize.OpenReader(bytes.NewReader(content))
			if err != nil {
				t.Fatal(err)
			}
			list, err := file.GetRows("Movements")
			if err != nil || len(list) != rows+1 || list[rows][0] != strconv.Itoa(1_000_000+rows) {
				t.Errorf("%d rows, the last %v (%v)", len(list), list[len(list)-1], err)
			}
			_ = file.Close()
		}
	}
	var finished, foreign int
	err := api.DB.Pool.QueryRow(t.Context(), `
		SELECT (SELECT count(*) FROM (SELECT topic FROM event.inbox UNION ALL SELECT topic FROM event.log) AS e WHERE topic = 'export.finished'),
			(SELECT count(*) FROM export.chunk AS c JOIN export.file AS f ON f.id = c.file_id WHERE c.generation <> f.generation)`).Scan(&finished, &foreign)
	if err != nil || finished != exports || foreign != 0 {
		t.Errorf("%d exports were finished, %d pieces belong to none (%v)", finished, foreign, err)
	}
	t.Logf("%d kills met %d running exports", kills, interrupted)
}

// TestAStoppedWorkerGivesBack: at SIGTERM the worker ends, in the time it has, and what it
// could not end is done by the next one.
func TestAStoppedWorkerGivesBack(t *testing.T) {
	t.Parallel()
	api := ledger(t, 60_000)
	api.Post(t, "/v1/exports", map[string]any{"kind": "movements"}).Want(202)
	worker := startProcess(t, api.DB.URLAs(testdb.WorkerRole), "MILLRACE_DRAIN_TIMEOUT=1ms")
	until(t, api, `SELECT generation > 0 FROM export.file`, 60*time.Second)
	worker.stop(t)
	var state string
	var attempt int
	if err := api.DB.Pool.QueryRow(t.Context(), `SELECT state::text, attempt FROM river.river_job WHERE kind = 'export_write'`).Scan(&state, &attempt); err != nil {
		t.Fatal(err)
	}
	if (state != "available" || attempt != 0) && state != "completed" {
		t.Errorf("the job is %s, attempt %d", state, attempt)
	}
	second := startProcess(t, api.DB.URLAs(testdb.WorkerRole))
	until(t, api, allDone, time.Minute)
	second.stop(t)
}

// TestAnExportTakesLittleMemory: 100,000 rows of 17 columns in less than 100 MB of the
// worker as a whole, whatever else it does.
func TestAnExportTakesLittleMemory(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("the memory of a process is read from /proc")
	}
	const rows, limit = 100_000, 100 << 10 // kB
	api := ledger(t, rows)
	worker := startProcess(t, api.DB.URLAs(testdb.WorkerRole))
	until(t, api, `SELECT EXISTS (SELECT FROM river.river_job WHERE kind = 'event_run_checks' AND state = 'completed')`, 2*time.Minute)
	before := memory(t, worker, "VmRSS")
	api.Post(t, "/v1/exports", map[string]any{"kind": "movements"}).Want(202)
	until(t, api, allDone, 2*time.Minute)
	peak := memory(t, worker, "VmHWM")
	var took float64
	var size int64
	if err := api.DB.Pool.QueryRow(t.Context(), `SELECT extract(epoch FROM finished_at - as_of), size FROM export.file`).Scan(&took, &size); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d rows of 17 columns: %.1f s, %.1f MB; worker of %d MB before, %d MB at most", rows, took, float64(size)/1e6, before>>10, peak>>10)
	if peak >= limit {
		t.Errorf("the worker took %d kB, more than %d", peak, limit)
	}
	worker.stop(t)
}

// memory is a figure of /proc in kB.
func memory(t *testing.T, p *process, name string) int {
	t.Helper()
	status, err := os.Open(fmt.Sprintf("/proc/%d/status", p.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	defer status.Close()
	for lines := bufio.NewScanner(status); lines.Scan(); {
		if value, ok := strings.CutPrefix(lines.Text(), name+":"); ok {
			n, err := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(value, "kB")))
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Fatalf("no %s", name)
	return 0
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}
