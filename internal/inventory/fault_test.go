package inventory_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	osexec "os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/millrace-erp/millrace/internal/httpapi/httpapitest"
	"github.com/millrace-erp/millrace/internal/testdb"
)

// answered is a command and what its client was told in the end.
type answered struct {
	key, path string
	body      []byte
	status    int
	answer    []byte
}

// places are storage locations that the crowd moves goods between; most have no balance at first.
const places = 12

func crowdedPlant(t *testing.T, db *testdb.DB) {
	t.Helper()
	execute(t, db, plant)
	execute(t, db, fmt.Sprintf(`INSERT INTO catalog.location (site_id, code, name, kind) SELECT s.id, 'P' || g, 'P' || g, 'storage' FROM catalog.site AS s, generate_series(0, %d) AS g`, places-1))
	for i, body := range []string{`{"item": "BOLT", "to": "P0", "quantity": "500"}`, `{"item": "RESIN", "lot": "L1", "to": "P1", "quantity": "500"}`, `{"item": "RESIN", "lot": "L2", "to": "P0", "quantity": "500"}`} {
		execute(t, db, fmt.Sprintf(`SELECT inventory.post_opening_stock('{"key": "018f0000-0000-7000-8000-0000000000%02d", "actor": "t"}', '%s')`, i, body))
	}
}

// execute goes round the pool, whose connections the faults cut.
func execute(t testing.TB, db *testdb.DB, sql string) {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), db.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(context.Background(), sql); err != nil {
		t.Fatal(err)
	}
}

// command is what an operator may do next: mostly what is posted in groups, and some that go alone.
func command(r *rand.Rand) (path string, body m) {
	p := r.Perm(places)
	from, to := fmt.Sprint("P", p[0]%3), fmt.Sprint("P", p[1])
	if from == to {
		to = "A"
	}
	item := m{"item": "BOLT"}
	if r.IntN(2) == 0 {
		item = m{"item": "RESIN", "lot": fmt.Sprint("L", 1+r.IntN(2))}
	}
	item["quantity"] = fmt.Sprint(1 + r.IntN(30))
	switch r.IntN(10) {
	case 0:
		item["from"], item["reason"] = from, "DROPPED"
		return "/v1/scrappings", item
	case 1:
		item["to"] = to
		return "/v1/opening-stocks", item
	case 2:
		item["counted_quantity"] = item["quantity"]
		delete(item, "quantity")
		return "/v1/counts", m{"location": to, "reason": "MISCOUNT", "lines": []m{item}}
	case 3:
		item["from"], item["to"] = from, to
		return "/v1/put-aways", item
	default:
		item["from"], item["to"] = from, to
		return "/v1/transfers", item
	}
}

// crowd sends commands from many clients, each again under its key until it is answered, and gives what they were told.
func crowd(t *testing.T, clients, commands int, url func() string) []answered {
	t.Helper()
	var mu sync.Mutex
	var all []answered
	var again atomic.Int64
	var wait sync.WaitGroup
	for client := range clients {
		wait.Go(func() {
			r := rand.New(rand.NewPCG(uint64(client), 77))
			for range commands {
				path, b := command(r)
				body, err := json.Marshal(b)
				if err != nil {
					t.Error(err)
					return
				}
				c := answered{key: httpapitest.Key(), path: path, body: body}
				deadline := time.Now().Add(60 * time.Second)
				for {
					c.status, c.answer, _, err = send(t.Context(), url(), c)
					if err == nil && c.status != http.StatusServiceUnavailable && c.status != http.StatusConflict {
						break
					}
					if err == nil && c.status == http.StatusConflict && !bytes.Contains(c.answer, []byte("request-in-progress")) {
						break
					}
					if time.Now().After(deadline) {
						t.Errorf("%s %s was never answered: %d %s %v", path, body, c.status, c.answer, err)
						return
					}
					again.Add(1)
					time.Sleep(time.Duration(10+r.IntN(40)) * time.Millisecond)
				}
				if c.status >= 500 {
					t.Errorf("%s %s: %d %s", path, body, c.status, c.answer)
				}
				mu.Lock()
				all = append(all, c)
				mu.Unlock()
			}
		})
	}
	wait.Wait()
	t.Logf("%d commands answered, %d times sent again", len(all), again.Load())
	return all
}

// tokenAt is the token for the server of that URL, when it has an issuer of its own.
var tokenAt sync.Map

func send(ctx context.Context, url string, c answered) (status int, answer []byte, isReplayed bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+c.path, bytes.NewReader(c.body))
	if err != nil {
		return 0, nil, false, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", c.key)
	token, isOwn := tokenAt.Load(url)
	if !isOwn {
		token = httpapitest.Token()
	}
	req.Header.Set("Authorization", "Bearer "+token.(string))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil, false, err
	}
	defer resp.Body.Close()
	answer, err = io.ReadAll(resp.Body)
	return resp.StatusCode, answer, resp.Header.Get("Idempotent-Replayed") == "true", err
}

// eachKeyOnce holds that what every client was told is what the database holds: one effect of what succeeded, none of what was
// refused, and the same answer for whoever asks again.
func eachKeyOnce(t *testing.T, db *testdb.DB, url string, all []answered) {
	t.Helper()
	done := 0
	for _, c := range all {
		n := one[int](t, db, `SELECT count(*) FROM inventory.movement WHERE request_key = $1::text::uuid`, c.key)
		isOne := n == 1 || (c.path == "/v1/counts" && n <= 1) // a count that found no difference moves nothing
		if c.status == http.StatusCreated {
			done++
		}
		if (c.status == http.StatusCreated && !isOne) || (c.status != http.StatusCreated && n != 0) {
			t.Errorf("%s %s was answered %d and has %d movements", c.path, c.body, c.status, n)
		}
		status, answer, isReplayed, err := send(t.Context(), url, c)
		if err != nil || status != c.status || !isReplayed || !bytes.Equal(withoutRequest(answer), withoutRequest(c.answer)) {
			t.Errorf("%s %s: told %d %s, and again %d %s (replayed: %t) %v", c.path, c.body, c.status, c.answer, status, answer, isReplayed, err)
		}
	}
	if n := one[int](t, db, `SELECT count(*) FROM event.request WHERE status = 0`); n != 0 {
		t.Errorf("%d requests are half done", n)
	}
	if done < len(all)/4 {
		t.Errorf("only %d of %d commands were done: the test did not test", done, len(all))
	}
	noDeadlock(t, db)
}

// withoutRequest leaves out what belongs to the run and not to the answer.
func withoutRequest(answer []byte) []byte {
	var document m
	if json.Unmarshal(answer, &document) != nil {
		return answer
	}
	delete(document, "request_id")
	text, err := json.Marshal(document)
	if err != nil {
		return answer
	}
	return text
}

// Backends are terminated in the middle of batches and of commands that go alone: every check holds, each key has one effect.
func TestTerminatedBackends(t *testing.T) {
	t.Parallel()
	api := httpapitest.New(t)
	crowdedPlant(t, api.DB)
	killer, err := pgx.Connect(t.Context(), api.DB.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer killer.Close(context.Background())
	stop := make(chan struct{})
	var killed atomic.Int64
	var wait sync.WaitGroup
	wait.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(time.Duration(20+rand.IntN(80)) * time.Millisecond):
			}
			tag, err := killer.Exec(context.Background(), `SELECT pg_terminate_backend(a.pid) FROM pg_stat_activity AS a
				WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() AND a.backend_type = 'client backend' AND a.state = 'active'
				ORDER BY random() LIMIT 1`)
			if err != nil {
				t.Error(err)
				return
			}
			killed.Add(tag.RowsAffected())
		}
	})
	all := crowd(t, 16, 50, func() string { return api.URL })
	close(stop)
	wait.Wait()
	api.DB.Pool.Reset()
	time.Sleep(100 * time.Millisecond)
	t.Logf("%d backends terminated", killed.Load())
	if killed.Load() == 0 {
		t.Error("nothing was terminated: the test did not test")
	}
	eachKeyOnce(t, api.DB, api.URL, all)
	catchUp(t, api.DB)
}

// The real server is killed again and again while a crowd works with it: every check holds, each key has one effect.
func TestKilledServer(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("builds the server")
	}
	db := testdb.New(t)
	crowdedPlant(t, db)
	binary := filepath.Join(t.TempDir(), "api")
	if out, err := osexec.CommandContext(t.Context(), "go", "build", "-o", binary, "github.com/millrace-erp/millrace/cmd/api").CombinedOutput(); err != nil {
		t.Fatalf("build the server: %v\n%s", err, out)
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	tokenAt.Store("http://"+address, httpapitest.Issued(t, db, "http://"+address))
	start := func() *osexec.Cmd {
		server := osexec.Command(binary)
		server.Env = append(os.Environ(), "MILLRACE_DATABASE_URL="+db.URLAs(testdb.APIRole), "MILLRACE_ENCRYPTION_KEY="+httpapitest.EncryptionKey, "MILLRACE_LISTEN="+address, "MILLRACE_LOG_LEVEL=error", "MILLRACE_RATE_DEVICE=0", "MILLRACE_RATE_CLIENT=0")
		server.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		if err := server.Start(); err != nil {
			t.Error(err)
		}
		return server
	}
	stop := make(chan struct{})
	kills := 0
	var wait sync.WaitGroup
	wait.Go(func() {
		for {
			server := start()
			select {
			case <-stop:
				_ = server.Process.Kill()
				_ = server.Wait()
				return
			case <-time.After(time.Duration(150+rand.IntN(300)) * time.Millisecond):
				_ = server.Process.Kill() // SIGKILL: nothing is finished, nothing is said
				_ = server.Wait()
				kills++
			}
		}
	})
	all := crowd(t, 16, 60, func() string { return "http://" + address })
	close(stop)
	wait.Wait()
	t.Logf("the server was killed %d times", kills)
	if kills < 2 {
		t.Error("the server was hardly killed: the test did not test")
	}
	// Backends of the last server end when they notice; then a fresh one answers.
	eachKeyOnce(t, db, httpapitest.Over(t, db).URL, all)
	catchUp(t, db)
}

// A client that leaves while its command waits for a balance: the command is done, and its key tells.
func TestClientThatLeaves(t *testing.T) {
	t.Parallel()
	api := setup(t)
	open(t, api, "BOLT", "", "A", "10")
	tx, err := api.DB.Pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(context.Background())
	if _, err := tx.Exec(t.Context(), `SELECT FROM inventory.balance FOR UPDATE`); err != nil {
		t.Fatal(err)
	}
	c := answered{key: httpapitest.Key(), path: "/v1/transfers", body: []byte(`{"item": "BOLT", "from": "A", "to": "B", "quantity": "4"}`)}
	impatient, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, _, _, err := send(impatient, api.URL, c); err == nil {
		t.Fatal("answered while the balance was locked")
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	status, answer, _, err := send(t.Context(), api.URL, c)
	if err != nil || status != http.StatusCreated {
		t.Fatalf("asked again: %d %s %v", status, answer, err)
	}
	if n := onHand(t, api.DB, "BOLT", "B"); n != "4" {
		t.Errorf("%s at B", n)
	}
}
