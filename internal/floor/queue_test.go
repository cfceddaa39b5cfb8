package floor_test

import (
	"testing"
	"time"

	"github.com/millrace-erp/millrace/internal/browsertest"
)

// isReady waits until the service worker has the page.
func isReady(page *browsertest.Page) {
	page.Wait(`navigator.serviceWorker.controller && navigator.serviceWorker.ready.then((r) => r.active?.state === 'activated')`)
}

// TestBackgroundSync: what was tapped without a network is sent though no page is open any more.
func TestBackgroundSync(t *testing.T) {
	t.Parallel()
	api := factory(t)
	n := between(t, api)
	page := device(t, api, n.URL)
	moving(t, api, page)
	isReady(page)
	send := page.Sync(n.URL, "millrace-outbox")
	n.down(true)
	scans(page, 20)
	queued(page, 20)
	page.Navigate("about:blank")
	send() // in vain: nobody answers
	n.down(false)
	api.until(t, 20, `SELECT count(*) FROM inventory.movement WHERE movement_type = 'transfer'`, send)
	once(t, api, page.Again(n.URL+"/floor/"), 20)
}

// TestWorkerWaits: the service worker has the turn and its request hangs. The page sends what is tapped meanwhile when
// that is over, in order.
func TestWorkerWaits(t *testing.T) {
	t.Parallel()
	api := factory(t)
	n := between(t, api)
	page := device(t, api, n.URL)
	moving(t, api, page)
	isReady(page)
	send := page.Sync(n.URL, "millrace-outbox")
	n.down(true)
	scans(page, 3)
	queued(page, 3)
	other := page.Again("about:blank")
	page.Navigate("about:blank")
	held := n.hold()
	n.down(false)
	before := n.sent()
	for n.sent() == before { // until the worker asks
		send()
		time.Sleep(20 * time.Millisecond)
	}
	other.Navigate(n.URL + "/floor/#transfer")
	places(other)
	scans(other, 3)
	queued(other, 6)
	held()
	once(t, api, other, 6)
}

// TestTurnIsFrozen: a tab that the system froze has the turn to send and the turn to get tokens. It loses them.
func TestTurnIsFrozen(t *testing.T) {
	t.Parallel()
	api := factory(t)
	page := device(t, api, api.URL)
	moving(t, api, page)
	frozen := page.Again(api.URL + "/floor/manifest.webmanifest")
	for _, name := range []string{"millrace-outbox", "millrace-session"} {
		browsertest.Eval[any](frozen, `new Promise((resolve) => { navigator.locks.request('`+name+`', () => { resolve(null); return new Promise(() => {}); }); })`)
	}
	browsertest.Eval[any](page, `import('/floor/lib/session.js').then(({ limits }) => { limits.turn = 500; return null; })`)
	expire(page)
	scans(page, 2)
	once(t, api, page, 2)
}

// expire makes the device get new tokens before it sends anything more.
func expire(page *browsertest.Page) {
	browsertest.Eval[any](page, `(async () => {
		const { get, put } = await import('/floor/lib/db.js');
		const { load } = await import('/floor/lib/session.js');
		const session = await get('session');
		for (const tokens of Object.values(session.tokens)) tokens.until = 0;
		await put('session', session);
		await load();
		return null;
	})()`)
}

// TestRefreshAnswerIsLost: the server gave new tokens, and nobody heard of them. The operator need not sign in again.
func TestRefreshAnswerIsLost(t *testing.T) {
	t.Parallel()
	api := factory(t)
	n := between(t, api)
	page := device(t, api, n.URL)
	moving(t, api, page)
	n.mu.Lock()
	n.refresh = 2
	n.mu.Unlock()
	expire(page)
	scans(page, 2)
	once(t, api, page, 2)
	expire(page) // what came of the lost answer is good for the next one
	scans(page, 1)
	once(t, api, page, 3)
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.refresh > 0 {
		t.Error("no answer was lost")
	}
}

// TestSignOutInARefresh: who signs out while the device gets new tokens is signed out, and what they tapped is sent.
func TestSignOutInARefresh(t *testing.T) {
	t.Parallel()
	api := factory(t)
	n := between(t, api)
	page := device(t, api, n.URL)
	moving(t, api, page)
	n.refuse(true)
	scans(page, 1)
	queued(page, 1)
	expire(page)
	browsertest.Eval[any](page, `(async () => {
		const { authorize, signOut } = await import('/floor/lib/session.js');
		await Promise.all([authorize('O-7'), signOut()]);
		return null;
	})()`)
	n.refuse(false)
	settled(page, 1)
	// Nothing is left of the operator once all was sent.
	page.Wait(`(async () => { const { get } = await import('/floor/lib/db.js'); return !Object.keys((await get('session')).tokens).length; })()`)
	api.until(t, 0, `SELECT count(*) FROM identity.session WHERE operator_id IS NOT NULL AND revoked_at IS NULL`, nil)
	signIn(page)
	once(t, api, page, 1)
}

// TestDatabaseIsClosed: the browser closes the database of the page, as it does when it runs out of memory.
func TestDatabaseIsClosed(t *testing.T) {
	t.Parallel()
	api := factory(t)
	page := device(t, api, api.URL)
	moving(t, api, page)
	browsertest.Eval[any](page, `import('/floor/lib/db.js').then(async ({ open }) => { (await open()).close(); return null; })`)
	scans(page, 1)
	once(t, api, page, 1)
}

// TestUnpair: a device that holds taps stays paired, whatever the screen knows of them.
func TestUnpair(t *testing.T) {
	t.Parallel()
	api := factory(t)
	n := between(t, api)
	page := device(t, api, n.URL)
	moving(t, api, page)
	n.refuse(true)
	unpair := func(tap string) bool {
		return browsertest.Eval[bool](page, `(async () => {
			const { scanned } = await import('/floor/lib/scanner.js');
			const { add } = await import('/floor/lib/outbox.js');
			const { current, unpair } = await import('/floor/lib/session.js');
			const { operator, device } = current();
			`+tap+`
			return unpair();
		})()`)
	}
	if unpair(`await add({ path: '/v1/transfers', title: 'Move', operator, device, body: { from: 'FIN-01', to: 'FIN-02', item: 'CRATE-6420', lot: 'OFF-1', quantity: '1' } });`) {
		t.Fatal("the device forgot who it is, with a tap on it")
	}
	page.Has(`[data-screen="transfer item"]`)
	n.refuse(false)
	once(t, api, page, 1)
	if !unpair("") {
		t.Fatal("the device is still paired")
	}
	page.Has(`[data-screen="pairing"]`)
}

// sent is how many commands came.
func (n *network) sent() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.commands
}

// until waits until the query counts so many, and nudges while it does not.
func (p *plant) until(t *testing.T, want int, query string, nudge func()) {
	t.Helper()
	for end := time.Now().Add(3 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		var count int
		if err := p.DB.Pool.QueryRow(t.Context(), query).Scan(&count); err != nil {
			t.Fatal(err)
		}
		if count == want {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%d, not %d: %s", count, want, query)
		}
		if nudge != nil {
			nudge()
		}
	}
}
