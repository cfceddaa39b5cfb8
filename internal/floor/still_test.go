package floor_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/millrace-erp/millrace/internal/browsertest"
)

// spots are where the targets of a screen lie, by name.
type spots map[string][4]int

// still holds that what work does moves no target, on small devices and large ones.
func still(t *testing.T, page *browsertest.Page, what string, work func()) {
	t.Helper()
	look := func() map[viewport]spots {
		all := map[viewport]spots{}
		for _, v := range []viewport{{320, 533}, {1280, 800}, {360, 640}} {
			page.Size(v.width, v.height)
			page.Wait(fmt.Sprintf(`innerWidth === %d`, v.width))
			all[v] = browsertest.Eval[spots](page, `Object.fromEntries([...document.querySelectorAll('button, input:not(.keeper)')].map((one) => {
				const { x, y, width, height } = one.getBoundingClientRect();
				return [Object.entries(one.dataset).find(([name]) => ['action', 'row', 'task', 'key', 'primary'].includes(name))?.join(' ') ?? one.tagName, [x, y, width, height].map(Math.round)];
			}))`)
		}
		return all
	}
	before := look()
	work()
	after := look()
	for v, spots := range before {
		if len(spots) < 2 {
			t.Errorf("%s: there is no target to look at", what)
		}
		for _, name := range slices.Sorted(maps.Keys(spots)) {
			if was, is := spots[name], after[v][name]; was != is {
				t.Errorf("%s: %q lay at %v and lies at %v, at %d × %d", what, name, was, is, v.width, v.height)
			}
		}
	}
}

// TestNothingMoves: no target moves when the screen says what became of a scan or a tap, when the network goes and comes,
// or when something was done meanwhile. A finger that is on its way finds what it was meant for.
func TestNothingMoves(t *testing.T) {
	t.Parallel()
	api := factory(t)
	n := between(t, api)
	t.Cleanup(n.letGo)
	page := device(t, api, n.URL)
	browsertest.Eval[any](page, `(() => { self.shifts = []; new PerformanceObserver((list) => {
		for (const one of list.getEntries()) for (const { node } of one.sources) {
			const target = (node instanceof Element ? node : node?.parentElement)?.closest('button, input');
			if (target && !one.hadRecentInput) shifts.push(target.outerHTML.slice(0, 200));
		}
	}).observe({ type: 'layout-shift', buffered: true }); return null; })()`)
	for _, lot := range []string{"PP-A", "PP-B"} {
		api.Post(t, "/v1/opening-stocks", object{"item": "PP-NAT", "lot": lot, "to": "RAW-01", "quantity": "500"}).Want(201)
	}
	api.Post(t, "/v1/work-orders", object{"item": "BODY-6420", "quantity": "10"}).Want(201)

	// What a scan is answered, in the middle of a task.
	browsertest.Eval[any](page, `location.hash = 'issue'`)
	page.Tap(`[data-row$="PP-NAT"]`)
	page.Has(`[data-screen="issue summary"]`)
	has := func(verdict string) { t.Helper(); page.Has(`[data-verdict="` + verdict + `"]`) }
	still(t, page, "a wrong scan", func() {
		page.Scan("INS-M6")
		has("error")
	})
	still(t, page, "a scan that is asked about", func() {
		n.hold()
		page.Scan("NOBODY-KNOWS-THIS-CODE-1234567890")
		has("heard")
	})
	still(t, page, "a scan that nobody knows", func() {
		n.letGo()
		has("error")
	})
	still(t, page, "the answer is put away", func() {
		page.Wait(`(() => { document.querySelector('.verdict').click(); return !document.querySelector('[data-verdict]'); })()`)
	})
	still(t, page, "the network goes", func() {
		page.Offline(true)
		page.Has(`.status.wait`)
	})
	still(t, page, "the network comes", func() {
		page.Offline(false)
		browsertest.Eval[any](page, `import('/floor/lib/signal.js').then(({ tell }) => { tell('retry'); return null; })`)
		page.Has(`.status.ok`)
	})

	// What a tap is answered.
	browsertest.Eval[any](page, `location.hash = ''`)
	moving(t, api, page)
	n.hold()
	still(t, page, "a tap is taken", func() {
		page.Scan("(01)09521234001010(10)OFF-1(30)99999")
		has("queued")
		page.Has(`.status.wait`)
	})
	still(t, page, "it is refused", func() {
		n.letGo()
		has("refused")
		page.Has(`.status.no`)
	})
	still(t, page, "another one is confirmed", func() {
		page.Scan(label)
		has("confirmed")
	})

	// What was done meanwhile, in the list of what is to be done.
	goods := api.Post(t, "/v1/purchase-orders", object{"site": "ELBE", "supplier": "POLYNORD", "lines": []object{{"item": "PP-NAT", "quantity": "1000", "unit": "KGM"}}}).Want(201).Text("number")
	for _, lot := range []string{"IN-1", "IN-2"} {
		receipt := api.Post(t, "/v1/goods-receipts", object{"purchase_order": goods, "lines": []object{{"line": 1, "quantity": "25", "unit": "KGM", "lot": lot}}}).Want(201).Text("number")
		api.Post(t, "/v1/inspections", object{"goods_receipt": receipt, "line": 1, "unit": "KGM", "accepted_quantity": "25"}).Want(201)
	}
	n.hold()
	pause()
	page.Scan(label)
	queued(page, 1)
	browsertest.Eval[any](page, `location.hash = 'put_away'`)
	page.Has(`[data-row$="IN-2"]`)
	still(t, page, "a task was done", func() {
		var task struct{ Items []struct{ Lot, From string } }
		if err := json.Unmarshal(api.Get(t, "/v1/tasks?kind=put_away").Want(200).Body, &task); err != nil {
			t.Fatal(err)
		}
		api.Post(t, "/v1/put-aways", object{"item": "PP-NAT", "lot": task.Items[0].Lot, "from": task.Items[0].From, "to": "RAW-01", "quantity": "25", "unit": "KGM"}).Want(201)
		n.letGo()
		page.Has(`[data-row$="` + task.Items[0].Lot + `"]:disabled`)
	})

	// The journal, while taps are answered.
	n.hold()
	browsertest.Eval[any](page, `location.hash = 'transfer'`)
	places(page)
	page.Scan(label)
	page.Scan("(01)09521234001010(10)OFF-1(30)99999")
	queued(page, 2)
	browsertest.Eval[any](page, `location.hash = 'journal'`)
	page.Has(`.row.wait`)
	still(t, page, "taps are answered", func() {
		n.letGo()
		page.Wait(`!document.querySelector('.row.wait') && document.querySelectorAll('.row.no').length === 2`)
	})
	for _, shift := range browsertest.Eval[[]string](page, `shifts`) {
		t.Error("the browser says that this moved: " + shift)
	}
}
