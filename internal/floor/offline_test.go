package floor_test

import (
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/millrace-erp/millrace/internal/browsertest"
)

// network stands between the devices and the API, and breaks as networks and servers do.
type network struct {
	*httptest.Server

	mu       sync.Mutex
	isDown   bool
	isDeaf   bool          // to commands alone
	lose     int           // so many answers to commands are thrown away after the server gave them
	refresh  int           // and so many to devices that ask for new tokens
	commands int           // that came to the server
	held     chan struct{} // commands and questions about scans wait until it is closed
}

func between(t testing.TB, api *plant) *network {
	t.Helper()
	target, err := url.Parse(api.URL)
	if err != nil {
		t.Fatal(err)
	}
	n := &network{}
	proxy := &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(target); r.Out.Host = r.In.Host },
		FlushInterval: -1,
		ErrorHandler:  func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
	n.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		isCommand := r.Header.Get("Idempotency-Key") != ""
		n.mu.Lock()
		if isCommand && !n.isDown {
			n.commands++
		}
		isDown, isLost := n.isDown || isCommand && n.isDeaf, false
		if isCommand && !isDown && n.lose > 0 {
			n.lose--
			isLost = true
		}
		if !isCommand && !isDown && n.refresh > 0 && r.URL.Path == "/oauth2/token" {
			n.refresh--
			isLost = true
		}
		held := n.held
		n.mu.Unlock()
		if (isCommand || r.URL.Path == "/v1/scans") && held != nil {
			<-held
		}
		switch {
		case isDown:
			panic(http.ErrAbortHandler)
		case isLost:
			proxy.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		default:
			proxy.ServeHTTP(w, r)
		}
	}))
	n.Config.ErrorLog = nil
	t.Cleanup(func() { n.CloseClientConnections(); n.Close() })
	return n
}

// down takes the server away, with the connections that it has, or lets it back.
func (n *network) down(isDown bool) {
	n.mu.Lock()
	n.isDown = isDown
	n.mu.Unlock()
	if isDown {
		n.CloseClientConnections()
	}
}

// refuse breaks the connections of commands alone: reads and log-ins go on.
func (n *network) refuse(isRefusing bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.lose = 0
	n.isDeaf = isRefusing
}

func (n *network) loseAnswers(count int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.lose = count
}

// moving is the screen on which each scan of the lot moves one piece.
func moving(t testing.TB, api *plant, page *browsertest.Page) {
	t.Helper()
	api.Post(t, "/v1/opening-stocks", map[string]any{"item": "CRATE-6420", "lot": "OFF-1", "to": "FIN-01", "quantity": "1000"}).Want(201)
	page.Tap(`[data-task="transfer"]`)
	places(page)
}

func places(page *browsertest.Page) {
	page.Has(`[data-screen="transfer from"]`)
	page.Scan("FIN-01")
	page.Has(`[data-screen="transfer to"]`)
	page.Scan("FIN-02")
	page.Has(`[data-screen="transfer item"]`)
}

const label = "010952123400101010OFF-1\x1d301"

// pause is what hands need between two scans of one label.
func pause() { time.Sleep(300 * time.Millisecond) }

// scans gives the screen so many scans as a scanner's do, without typing each.
func scans(page *browsertest.Page, count int) {
	browsertest.Eval[any](page, fmt.Sprintf(`(async () => { const { scanned } = await import('/floor/lib/scanner.js'); for (let i = 0; i < %d; i++) scanned((i %% 2 ? ']C1' : '') + '010952123400101010OFF-1\x1d301'); return null; })()`, count))
}

func queued(page *browsertest.Page, count int) {
	page.Wait(fmt.Sprintf(`(async () => { const { counts } = await import('/floor/lib/outbox.js'); return (await counts()).queued === %d; })()`, count))
}

// once holds every tap of the journal to one effect, and the journal to what the server says of it.
func once(t *testing.T, api *plant, page *browsertest.Page, taps int) {
	t.Helper()
	records := settled(page, taps)
	if len(records) != taps {
		t.Errorf("the journal holds %d taps, not %d", len(records), taps)
	}
	keys := make([]string, 0, len(records))
	receipts := map[string]bool{}
	for i, r := range records {
		if r.State != "confirmed" || r.Sequence != int64(i+1) || receipts[r.Receipt] || !strings.HasPrefix(r.Receipt, "TR-") {
			t.Errorf("tap %d: number %d, %s, receipt %q, %s", i+1, r.Sequence, r.State, r.Receipt, r.Problem)
		}
		receipts[r.Receipt] = true
		keys = append(keys, r.Key)
	}
	var requests, movements int
	if err := api.DB.Pool.QueryRow(t.Context(), `SELECT
		(SELECT count(*) FROM event.request WHERE key = ANY($1::uuid[]) AND status = 201),
		(SELECT count(*) FROM inventory.movement WHERE movement_type = 'transfer')`, keys).Scan(&requests, &movements); err != nil {
		t.Fatal(err)
	}
	if requests != taps || movements != taps {
		t.Errorf("%d taps made %d requests and %d movements", taps, requests, movements)
	}
	page.Wait(`(async () => { const { report } = await import('/floor/lib/outbox.js'); await report('test'); return true; })()`)
	journals := api.Get(t, "/v1/journals").Want(200)
	if journals.Len("items") != 1 || journals.Text("items", 0, "highest_sequence") != fmt.Sprint(taps) || journals.Len("items", 0, "missing") != 0 ||
		journals.Text("items", 0, "queued") != "0" {
		t.Errorf("the server says of the journal: %s", journals.Body)
	}
}

// TestOffline cuts the network in the page and in its service worker, reloads the page without a network, closes it
// and opens another one: what was tapped comes out once, all of it, when the network is back.
func TestOffline(t *testing.T) {
	t.Parallel()
	api := factory(t)
	page := device(t, api, api.URL)
	moving(t, api, page)
	page.Wait(`navigator.serviceWorker.controller && navigator.serviceWorker.ready.then((r) => r.active?.state === 'activated')`)
	page.Scan(label)
	settled(page, 1)
	page.Offline(true)
	for range 3 {
		pause()
		page.Scan(label)
	}
	queued(page, 3)
	page.Wait(`document.querySelector('[data-verdict="queued"]') && document.querySelector('.status.wait')`)
	page.Shot("offline")
	if got := browsertest.Eval[[]string](page, `millrace.sounds`); !strings.Contains(strings.Join(got, " "), "queued") {
		t.Errorf("the sounds were %v", got)
	}
	page.Reload()
	places(page)
	scans(page, 5)
	queued(page, 8)
	page.Close()

	other := page.Again(api.URL + "/floor/#transfer")
	once(t, api, other, 9)
}

// TestAnswersAreLost: the server did it, twice, and nobody heard of it.
func TestAnswersAreLost(t *testing.T) {
	t.Parallel()
	api := factory(t)
	n := between(t, api)
	page := device(t, api, n.URL)
	moving(t, api, page)
	n.loseAnswers(2)
	page.Scan(label)
	page.Wait(`document.querySelector('[data-verdict="confirmed"]')`)
	pause()
	n.loseAnswers(1)
	page.Scan(label)
	once(t, api, page, 2)
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.commands < 5 {
		t.Errorf("%d commands came: no answer was lost", n.commands)
	}
}

// TestServerDies: the server is killed with two hundred taps on the way, in the middle of them, and started again.
func TestServerDies(t *testing.T) {
	t.Parallel()
	api := factory(t)
	server := newProcess(t, api)
	server.start(t)
	page := device(t, api, server.url)
	moving(t, api, page)
	isReady(page)
	server.kill()
	scans(page, 200)
	queued(page, 200)
	server.start(t)
	transfers := `SELECT least(count(*), 60) FROM inventory.movement WHERE movement_type = 'transfer'`
	api.until(t, 60, transfers, nil)
	server.kill()
	page.Wait(`document.querySelector('.status.wait')`)
	page.Reload() // the battery, for all the page knows
	page.Wait(`(async () => { const { counts } = await import('/floor/lib/outbox.js'); const { queued } = await counts(); return queued > 0 && queued < 200; })()`)
	server.start(t)
	once(t, api, page, 200)
}

// TestPlainHTTP is the tier below: no service worker, no locks, no crypto.randomUUID. Nothing is lost all the same.
func TestPlainHTTP(t *testing.T) {
	t.Parallel()
	api := factory(t)
	n := between(t, api)
	page := device(t, api, strings.Replace(n.URL, "127.0.0.1", "factory.test", 1))
	if browsertest.Eval[bool](page, `isSecureContext || 'serviceWorker' in navigator || Boolean(navigator.locks) || Boolean(crypto.randomUUID)`) {
		t.Fatal("this is no plain http")
	}
	moving(t, api, page)
	n.down(true)
	scans(page, 5)
	queued(page, 5)
	n.down(false)
	once(t, api, page, 5)
}

// TestAnswersAtOnce: the screen answers a scan while the disk of the device has not stored it, while nobody says what the
// code is, and while the server still thinks; and again when each of them knows. So no time that they take is waited for.
func TestAnswersAtOnce(t *testing.T) {
	t.Parallel()
	api := factory(t)
	n := between(t, api)
	page := device(t, api, n.URL)
	moving(t, api, page)
	page.Slower(4)
	held := n.hold()
	browsertest.Eval[any](page, `import('/floor/lib/db.js').then(async ({ open }) => {
		const journal = (await open()).transaction(['journal', 'kept'], 'readwrite').objectStore('journal');
		self.isSlow = true;
		const go = () => { if (isSlow) journal.count().onsuccess = go; };
		go();
		return null;
	})`)
	page.Scan(label)
	page.Wait(`document.querySelector('[data-verdict="heard"]') && !millrace.sounds?.includes('taken')`)
	browsertest.Eval[any](page, `isSlow = false`)
	page.Wait(`document.querySelector('[data-verdict="taken"], [data-verdict="queued"]') && millrace.sounds.includes('taken') && !millrace.sounds.includes('ok')`)
	held()
	page.Wait(`document.querySelector('[data-verdict="confirmed"]') && millrace.sounds.at(-1) === 'ok'`)
	held = n.hold()
	page.Scan("NOBODY-KNOWS")
	page.Wait(`document.querySelector('[data-verdict="heard"]')?.innerText.includes('NOBODY-KNOWS')`)
	held()
	page.Wait(`document.querySelector('[data-verdict="error"]') && millrace.sounds.at(-1) === 'refused'`)
	once(t, api, page, 1)
	feedback(page)
}

// hold lets commands and questions about scans wait until it is let go.
func (n *network) hold() (letGo func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.held == nil {
		n.held = make(chan struct{})
	}
	return n.letGo
}

// letGo ends what hold began. It may be called twice.
func (n *network) letGo() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.held != nil {
		close(n.held)
		n.held = nil
	}
}

// TestHandOver: what one operator tapped without a network goes out in that name, though another one has the device by then.
func TestHandOver(t *testing.T) {
	t.Parallel()
	api := factory(t)
	api.Post(t, "/v1/operators", map[string]any{"number": "O-8", "name": "Jonas Petersen", "roles": []string{"operator"}, "sites": []string{"*"}}).Want(200)
	api.Post(t, "/v1/badges", map[string]any{"badge": "BADGE-8", "operator": "O-8"}).Want(200)
	api.Post(t, "/v1/operator-pins", map[string]any{"operator": "O-8", "pin": pin}).Want(200)
	n := between(t, api)
	page := device(t, api, n.URL)
	moving(t, api, page)
	n.refuse(true)
	page.Scan(label)
	queued(page, 1)
	page.Has(`.status.wait`)
	browsertest.Eval[any](page, `location.hash = 'settings'`)
	page.Tap(`[data-action="sign-out"]`)
	logIn(page, "BADGE-8")
	browsertest.Eval[any](page, `location.hash = 'transfer'`)
	places(page)
	page.Scan(label)
	queued(page, 2)
	n.refuse(false)
	once(t, api, page, 2)
	var names []string
	for _, r := range journal(page) {
		var name string
		if err := api.DB.Pool.QueryRow(t.Context(), `SELECT actor FROM event.request WHERE key = $1::uuid`, r.Key).Scan(&name); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	if got := strings.Join(names, " "); got != "O-7 O-8" {
		t.Errorf("the taps were sent as %s", got)
	}
}

// TestSignOutAtOnce: who signs out before the screen counted their tap leaves the device the right to send it.
func TestSignOutAtOnce(t *testing.T) {
	t.Parallel()
	api := factory(t)
	n := between(t, api)
	page := device(t, api, n.URL)
	moving(t, api, page)
	n.refuse(true)
	browsertest.Eval[any](page, `(async () => {
		const { add } = await import('/floor/lib/outbox.js');
		const { current, signOut } = await import('/floor/lib/session.js');
		const { operator, device } = current();
		await add({ path: '/v1/transfers', title: 'Move', operator, device, body: { from: 'FIN-01', to: 'FIN-02', item: 'CRATE-6420', lot: 'OFF-1', quantity: '1' } });
		await signOut();
	})()`)
	n.refuse(false)
	settled(page, 1)
	signIn(page)
	once(t, api, page, 1)
}

// TestWrongClock: a device two hours behind says what happened at the right time.
func TestWrongClock(t *testing.T) {
	t.Parallel()
	api := factory(t)
	page := device(t, api, api.URL)
	moving(t, api, page)
	browsertest.Eval[any](page, `(() => { const right = Date.now; Date.now = () => right() - 2 * 3600_000; return null; })()`)
	page.Wait(`(async () => { const { request } = await import('/floor/lib/api.js'); await request('/v1/tasks?kind=ship');
		const { skew } = await import('/floor/lib/clock.js'); return Math.abs(skew() - 2 * 3600_000) < 60_000; })()`)
	page.Scan(label)
	once(t, api, page, 1)
	var isRight bool
	if err := api.DB.Pool.QueryRow(t.Context(), `SELECT bool_and(abs(extract(epoch FROM posted_at - occurred_at)) < 120)
		FROM inventory.movement WHERE movement_type = 'transfer'`).Scan(&isRight); err != nil || !isRight {
		t.Errorf("the time of the movement is wrong: %v", err)
	}
	told := api.Get(t, "/v1/journals").Text("items", 0, "clock_skew_milliseconds")
	if skew, err := strconv.ParseFloat(told, 64); err != nil || math.Abs(skew-2*3600_000) > 60_000 {
		t.Errorf("the server was told of a skew of %s ms", told)
	}
}
