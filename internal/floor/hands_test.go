package floor_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/millrace-erp/millrace/internal/browsertest"
)

// full lets the device store nothing more, or again.
func full(page *browsertest.Page, isFull bool) {
	browsertest.Eval[any](page, fmt.Sprintf(`(() => {
		self.isFull = %t;
		const store = IDBObjectStore.prototype;
		for (const name of ['add', 'put']) {
			store['real ' + name] ??= store[name];
			store[name] = function (...values) {
				if (self.isFull) throw new DOMException('there is no room', 'QuotaExceededError');
				return this['real ' + name](...values);
			};
		}
		return null;
	})()`, isFull))
}

// TestDeviceIsFull: a tap that the device cannot store is told red and loud, is not said to be taken, is not sent, and is
// still on the screen when there is room again. What was stored before is sent all the same.
func TestDeviceIsFull(t *testing.T) {
	t.Parallel()
	api := factory(t)
	n := between(t, api)
	page := device(t, api, n.URL)
	moving(t, api, page)
	page.Scan(label)
	settled(page, 1)
	n.refuse(true)
	pause()
	page.Scan(label)
	queued(page, 1)
	page.Has(`[data-verdict="queued"]`)
	taken := browsertest.Eval[int](page, `millrace.sounds.filter((one) => one === 'taken').length`)
	full(page, true)
	pause()
	page.Scan(label)
	page.Wait(`document.querySelector('[data-verdict="error"]')?.innerText.includes('full') && millrace.sounds.at(-1) === 'refused'`)
	if now := browsertest.Eval[int](page, `millrace.sounds.filter((one) => one === 'taken').length`); now != taken {
		t.Error("the screen said that it took what it could not store")
	}
	page.Shot("full")
	n.refuse(false)
	browsertest.Eval[any](page, `import('/floor/lib/session.js').then(({ current }) => { for (const tokens of Object.values(current().tokens)) tokens.until = 0; return null; })`)
	browsertest.Eval[any](page, `import('/floor/lib/outbox.js').then(({ flush }) => { flush(); return null; })`)
	api.until(t, 2, `SELECT count(*) FROM inventory.movement WHERE movement_type = 'transfer'`, nil)
	full(page, false)
	page.Tap(`[data-primary]`)
	page.Has(`[data-screen="transfer item"]`)
	page.Reload()
	page.Has(`[data-screen="transfer from"]`)
	once(t, api, page, 3)
}

// TestScanOnThePad: what is scanned while a number is asked for confirms no number, whichever way the scan comes, and is answered.
func TestScanOnThePad(t *testing.T) {
	t.Parallel()
	api := factory(t)
	page := device(t, api, api.URL)
	moving(t, api, page)
	page.Scan("(01)09521234001010(10)OFF-1")
	page.Has(`[data-screen="pad"]`)
	page.Press(200, "7")
	page.Has(`[data-value="7"]`)
	pause()
	page.Insert("NOBODY-KNOWS")
	page.Press(10, "\r") // the scanner's own
	page.Wait(`document.querySelector('[data-screen="pad"] + .slot [data-verdict="error"]')`)
	page.Shot("pad-error")
	pause()
	page.Has(`[data-screen="pad"] [data-value="7"]`)
	page.Scan("NOBODY-KNOWS-1")
	page.Wait(`document.querySelector('[data-verdict="error"]')`)
	pause()
	page.Has(`[data-screen="pad"] [data-value="7"]`)
	// Keys of the device itself, pressed by a fast hand.
	page.Wait(`(() => { document.querySelector('[data-verdict]')?.click(); return !document.querySelector('[data-verdict]'); })()`)
	page.Press(200, "\b")
	page.Press(70, "12345")
	page.Press(70, "\r")
	page.Has(`[data-screen="transfer summary"]`)
	if got := browsertest.Eval[string](page, `document.querySelector('.big-value b').innerText`); got != "12,345" {
		t.Errorf("12345 was keyed in, and %s came of it", got)
	}
}

// TestScanInAField: a scan that comes while a text is written is no part of the text.
func TestScanInAField(t *testing.T) {
	t.Parallel()
	api := factory(t)
	page := device(t, api, api.URL)
	moving(t, api, page)
	page.Scan("(01)09521234001010")
	page.Has(`[data-screen="transfer lot"]`)
	const field = `document.querySelector('.entry input')`
	write := func() {
		page.Tap(`.entry input`)
		page.Press(150, "OF")
		page.Wait(field + `.value === 'OF'`)
		pause()
	}
	write()
	page.Scan("NOBODY-KNOWS")
	page.Has(`[data-verdict="error"]`)
	page.Wait(field + `.value === 'OF'`)
	browsertest.Eval[any](page, `import('/floor/lib/signal.js').then(({ tell }) => { tell('language'); return null; })`) // drawn again
	pause()
	page.Wait(field + `.value === 'OF' && ` + field + `.form.querySelector('button').disabled === false`)
	page.Tap(`.entry input`)
	page.Press(150, "F-1")
	pause()
	page.Insert("NOBODY-KNOWS-1")
	page.Press(10, "\r")
	page.Wait(`document.querySelector('[data-verdict="error"]')`)
	page.Has(`[data-screen="transfer lot"]`)
	page.Wait(field + `.value === 'OFF-1'`)
	page.Tap(`.entry input`)
	page.Insert(label) // what is wanted, in the way of DataWedge
	page.Press(10, "\r")
	once(t, api, page, 1)
}

// TestReadTwice: a label that comes twice in one moment is moved once, and the operator is told.
func TestReadTwice(t *testing.T) {
	t.Parallel()
	api := factory(t)
	page := device(t, api, api.URL)
	moving(t, api, page)
	browsertest.Eval[any](page, `import('/floor/lib/scanner.js').then(({ scanned }) => { for (let i = 0; i < 2; i++) scanned('010952123400101010OFF-1\x1d301'); return null; })`)
	page.Wait(`document.querySelector('[data-verdict="twice"]')`)
	pause()
	page.Scan(label) // another one of the same
	once(t, api, page, 2)
}

// TestReadByHandOnABusyPage: two scans that hands made one after the other are two, also when the page was busy and hears of both at once.
func TestReadByHandOnABusyPage(t *testing.T) {
	t.Parallel()
	api := factory(t)
	page := device(t, api, api.URL)
	moving(t, api, page)
	browsertest.Eval[any](page, `(() => {
		const now = performance.now();
		for (const at of [now - 900, now - 500]) {
			for (const key of [...'010952123400101010OFF-1', '\x1d', ...'301', 'Enter']) {
				const event = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true });
				Object.defineProperty(event, 'timeStamp', { value: at });
				document.activeElement.dispatchEvent(event);
			}
		}
		return null;
	})()`)
	once(t, api, page, 2)
}

// TestScannersKeepOpen: who only scans, and touches neither screen nor keys, is at work: the device does not lock itself.
func TestScannersKeepOpen(t *testing.T) {
	t.Parallel()
	api := factory(t)
	page := device(t, api, api.URL)
	moving(t, api, page)
	for range 3 {
		browsertest.Eval[any](page, `(() => { const now = Date.now; Date.now = () => now() + 5 * 60_000; return null; })()`)
		page.Wait(`import('/floor/lib/api.js').then(({ request }) => request('/v1/tasks?kind=ship'))`) // which tells the right time
		page.Insert(label)
		pause()
	}
	time.Sleep(5500 * time.Millisecond) // it looks every five seconds
	once(t, api, page, 3)
	page.Has(`[data-screen="transfer item"]`)
	browsertest.Eval[any](page, `(() => { const now = Date.now; Date.now = () => now() + 11 * 60_000; return null; })()`)
	page.Has(`[data-screen="login"]`)
}

// TestTurnIsAMinute: a page waits a minute for its turn, by a clock that the test winds forward.
func TestTurnIsAMinute(t *testing.T) {
	t.Parallel()
	api := factory(t)
	page := device(t, api, api.URL)
	moving(t, api, page)
	// Before anybody waits: the page may do so at once, and by a minute that the test does not have.
	browsertest.Eval[any](page, `(() => {
		const set = setTimeout;
		self.minutes = [];
		self.setTimeout = (work, after, ...rest) => { if (after !== 60_000) return set(work, after, ...rest); minutes.push(work); return 0; };
		return null;
	})()`)
	frozen := page.Again(api.URL + "/floor/manifest.webmanifest")
	browsertest.Eval[any](frozen, `new Promise((resolve) => { navigator.locks.request('millrace-outbox', () => { resolve(null); return new Promise(() => {}); }); })`)
	scans(page, 1)
	page.Wait(`minutes.length`)
	queued(page, 1)
	// Minutes are over, until the page has seen that one is.
	page.Wait(`(async () => { const { counts } = await import('/floor/lib/outbox.js'); minutes.forEach((one) => one()); return (await counts()).queued === 0; })()`)
	once(t, api, page, 1)
}

// TestWayBack: the button of the device that leads back does what the arrow of the screen does, and leads into no task
// that was left.
func TestWayBack(t *testing.T) {
	t.Parallel()
	api := factory(t)
	page := device(t, api, api.URL)
	page.Tap(`[data-task="transfer"]`)
	places(page)
	back := func(screen string) {
		t.Helper()
		browsertest.Eval[any](page, `(history.back(), null)`)
		page.Has(`[data-screen="` + screen + `"]`)
	}
	page.Scan("(01)09521234001010(10)OFF-1")
	page.Has(`[data-screen="pad"]`)
	back("transfer item")
	back("transfer to")
	back("transfer from")
	page.Scan("FIN-01") // and on from there
	page.Has(`[data-screen="transfer to"]`)
	back("transfer from")
	back("home")
	page.Tap(`[data-task="journal"]`)
	page.Tap(`[data-action="back"]`)
	page.Has(`[data-screen="home"]`)
	back("home")
}
