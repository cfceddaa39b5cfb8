package floor_test

import (
	"fmt"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/millrace-erp/millrace/internal/browsertest"
	"github.com/millrace-erp/millrace/internal/testdb"
)

// TestHistoryHasWords holds that whatever a history can tell has a name that people know: tables and their columns as the audit tells
// them, values that are words of ours, and commands.
func TestHistoryHasWords(t *testing.T) {
	t.Parallel()
	db := testdb.New(t)
	list := func(query string) []string {
		t.Helper()
		rows, err := db.Pool.Query(t.Context(), query)
		if err != nil {
			t.Fatal(err)
		}
		found, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	const audited = ` FROM pg_trigger AS g JOIN pg_class AS c ON c.oid = g.tgrelid AND g.tgname = c.relname || '_audited'
		JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attname NOT IN ('id', 'transaction_id', 'incarnation')
		JOIN pg_type AS y ON y.oid = a.atttypid `
	wanted := list(`SELECT DISTINCT 'kind.' || c.relname` + audited)
	wanted = append(wanted, list(`SELECT DISTINCT 'field.' || regexp_replace(a.attname, '_id$', '')`+audited+`
		WHERE a.attname !~ '_id$' OR EXISTS (SELECT FROM pg_constraint AS f JOIN pg_attribute AS n ON n.attrelid = f.confrelid AND n.attname IN ('number', 'code', 'sscc', 'name')
			WHERE f.conrelid = c.oid AND f.contype = 'f' AND f.conkey = ARRAY[a.attnum])`)...)
	wanted = append(wanted, list(`SELECT DISTINCT 'value.' || e.enumlabel`+audited+`JOIN pg_enum AS e ON e.enumtypid = y.oid`)...)
	wanted = append(wanted, list(`SELECT 'command.' || (regexp_matches(p.prosrc, '"([a-z-]+)":', 'g'))[1] FROM pg_proc AS p WHERE p.oid = 'event.required_scope'::regproc`)...)
	wanted = slices.DeleteFunc(wanted, func(key string) bool { return key == "command.resolve-scan" || key == "command.report-journal" }) // they change nothing
	slices.Sort(wanted)
	var english map[string]string
	read(t, "web/board/en.json", &english) // TestTexts holds the other languages to it
	for _, key := range wanted {
		if english[key] == "" {
			t.Errorf("%s has no text", key)
		}
	}
	for key := range english {
		switch room, _, _ := strings.Cut(key, "."); room {
		case "field", "value", "command":
			if !slices.Contains(wanted, key) {
				t.Errorf("%s is told by no history", key)
			}
		}
	}
	script, err := os.ReadFile("web/board/history.js")
	if err != nil {
		t.Fatal(err)
	}
	words := strings.Split(regexp.MustCompile(`const words = /\^\(([a-z_|]+)\)\$/`).FindStringSubmatch(string(script))[1], "|")
	slices.Sort(words)
	if want := list(`SELECT DISTINCT a.attname::text COLLATE "C"` + audited + `WHERE y.typtype = 'e' ORDER BY 1`); !slices.Equal(words, want) {
		t.Errorf("words of ours are the values of %v, not of %v", want, words)
	}
}

// TestHistoryOnTheBoard: whoever may see it finds a record by typing or by a scan, sees who changed what, on which device and by which
// command, from what to what, page by page and live; who may not is not offered the page, and is refused by the API. It is the supervisor
// of one site who looks, and who finds the jobs of that site as well.
func TestHistoryOnTheBoard(t *testing.T) {
	t.Parallel()
	api := factory(t)
	number(t, api)
	for _, kind := range []string{"operators", "devices"} {
		api.Post(t, "/v1/"+kind, object{
			map[string]string{"operators": "number", "devices": "code"}[kind]: map[string]string{"operators": "O-9", "devices": "DESK-1"}[kind],
			"name": map[string]string{"operators": "Jorinde Ğülay", "devices": "At the desk"}[kind], "roles": []string{"supervisor"}, "sites": []string{"ELBE"},
		}).Want(200)
	}
	api.Post(t, "/v1/badges", object{"badge": "BADGE-9", "operator": "O-9"}).Want(200)
	api.Post(t, "/v1/operator-pins", object{"operator": "O-9", "pin": pin}).Want(200)
	order := api.Post(t, "/v1/purchase-orders", object{"site": "ELBE", "supplier": "POLYNORD", "lines": []object{{"item": "PP-NAT", "quantity": "1000", "unit": "KGM"}}}).Want(201).Text("number")
	receipt := api.Post(t, "/v1/goods-receipts", object{"purchase_order": order, "lines": []object{{"line": 1, "quantity": "500", "unit": "KGM", "lot": "PP-2"}}}).Want(201).Text("number")
	api.Post(t, "/v1/opening-stocks", object{"item": "CRATE-6420", "lot": "B-1", "to": "FIN-01", "quantity": "500"}).Want(201)
	reason := func(name string) {
		api.Post(t, "/v1/reasons", object{"code": "MOISTURE", "name": name, "kind": "rejection"}).Want(200)
	}
	for i := range 60 {
		reason(fmt.Sprintf("wet, %d", i))
	}

	page := browsertest.Open(t, api.URL+"/floor/")
	page.Has(`[data-screen="pairing"]`)
	page.Scan(api.Post(t, "/v1/pairing-codes", object{"device": "DESK-1"}).Want(201).Text("code"))
	logIn(page, "BADGE-9")
	// Somebody signed in inspects the goods, on this device.
	sent := browsertest.Eval[int](page, `(async () => {
		const { authorize } = await import('/floor/lib/session.js');
		return (await fetch('/v1/inspections', { method: 'POST', headers: { ...await authorize(), 'Content-Type': 'application/json', 'Idempotency-Key': crypto.randomUUID() },
			body: JSON.stringify({ goods_receipt: '`+receipt+`', line: 1, unit: 'KGM', accepted_quantity: '500' }) })).status;
	})()`)
	if sent != http.StatusCreated {
		t.Fatalf("inspection: %d", sent)
	}
	page.Size(1280, 800)
	page.Navigate(api.URL + "/board/#shipping")
	page.Tap(`nav a[href="#history"]`)
	page.Has(`[data-board="history"][data-stale="false"][data-live="true"] input[name="record"]`)
	page.Shot("board-history-empty")

	// By keys into the field, which has the focus.
	page.Scan(receipt)
	page.Has(`[data-entry]`)
	if at := browsertest.Eval[string](page, `location.hash`); at != "#/history=goods_receipt:"+receipt {
		t.Errorf("the page is %s", at)
	}
	const line = `.request:first-child .change.update [data-field="state"]`
	for selector, want := range map[string]string{
		line + " del": "waiting", line + " ins": "accepted", ".request:first-child .who": "Jorinde Ğülay (O-9)", ".request:first-child .who .code + .code": "At the desk (DESK-1)",
		".request:first-child .who > span:nth-of-type(2)": "Inspect goods", ".request:first-child .change.update h3": "Changed: Goods receipt, line 1", ".request:first-child .seal": "not sealed yet",
		".request:last-child h3": "New: Goods receipt", "h1": "History: Goods receipt " + receipt, ".zone": "Europe/Berlin",
	} {
		if got := text(page, selector); !strings.Contains(got, want) {
			t.Errorf("%s is %q, not %q", selector, got, want)
		}
	}
	page.Shot("board-history-receipt")

	// By a scan while the focus is elsewhere, as a GS1 label with item and lot.
	browsertest.Eval[any](page, `document.activeElement.blur()`)
	page.Scan("010952123400101010B-1\x1d301")
	page.Has(`h1`)
	page.Wait(`location.hash.startsWith('#/history=lot:B-1&item=CRATE-6420') && document.querySelector('[data-field="status"]')`)
	page.Shot("board-history-lot")

	// Page by page, and live.
	page.Navigate(api.URL + "/board/#/history=reason:MOISTURE")
	page.Wait(`document.querySelectorAll('[data-entry]').length === 50`)
	page.Tap(`.more-button`)
	page.Wait(`document.querySelectorAll('[data-entry]').length === 61 && !document.querySelector('.more-button')`)
	reason("damp")
	page.Wait(`document.querySelectorAll('[data-entry]').length === 62 && document.querySelector('.request:first-child ins').innerText === 'damp'`)
	if was := text(page, ".request:first-child del"); was != "wet, 59" {
		t.Errorf("it was %q", was)
	}
	if order := browsertest.Eval[bool](page, `[...document.querySelectorAll('[data-entry]')].every((one, i, all) => i === 0 || Number(all[i - 1].dataset.entry) > Number(one.dataset.entry))`); !order {
		t.Error("the newest is not first")
	}

	// What nobody knows by its code is asked for; a link leads on.
	page.Scan("POLYNORD")
	page.Tap(`.choices a[href="#/history=partner:POLYNORD"]`)
	page.Wait(`document.querySelector('h1').innerText.includes('POLYNORD') && document.querySelector('[data-entry]')`)
	page.Tap(`.language:nth-of-type(2)`)
	page.Wait(`document.querySelector('.request:last-child h3')?.innerText.trim() === 'Neu: Kunde oder Lieferant'`)
	page.Shot("board-history-partner-de")
	page.Navigate(api.URL + "/board/#/history=item:NONE")
	page.Wait(`document.querySelector('.content .empty')?.innerText.includes('Artikel NONE')`)
	page.Scan("NOBODY-KNOWS-THIS")
	page.Has(`.choices a`)
	page.Size(360, 640)
	page.Shot("board-history-unknown-de")
	page.Navigate(api.URL + "/board/#/history=goods_receipt:" + receipt)
	page.Wait(`document.querySelector('[data-entry]') && document.querySelector('input[name="record"]').value === '` + receipt + `'`)
	page.Shot("board-history-receipt-de")
	page.Size(1280, 800)
	page.Navigate(api.URL + "/board/#jobs")
	page.Wait(`document.querySelector('[data-board="jobs"] tbody')?.innerText.includes('document_render')`)
	page.Navigate(api.URL + "/board/#stock=QUA-01")
	page.Has(`tbody tr`)
	if found := browsertest.Eval[bool](page, `Boolean(document.querySelector('a.record'))`); found {
		t.Error("a line of a table is a link for a finger")
	}
	// The pages of these tests have a finger, not a mouse.
	browsertest.Eval[any](page, `(() => { const real = matchMedia; window.matchMedia = (query) => (query === '(pointer: coarse)' ? { matches: false } : real.call(window, query)); })()`)
	page.Tap(`a.record[href="#/history=lot:PP-2&item=PP-NAT"]`)
	page.Wait(`document.querySelector('h1').innerText.includes('PP-2, PP-NAT') && document.querySelector('[data-entry]')`)

	// An operator has no right to it.
	other := device(t, api, api.URL)
	other.Navigate(api.URL + "/board/#shipping")
	other.Has(`[data-board="shipping"][data-stale="false"] nav a[href="#stock"]`)
	other.Wait(`!document.querySelector('nav a[href="#history"], nav a[href="#jobs"], a.record')`)
	other.Navigate(api.URL + "/board/#/history=goods_receipt:" + receipt)
	other.Has(`[data-board="history"] .no-right`)
	if status := browsertest.Eval[int](other, `(async () => {
		const { authorize } = await import('/floor/lib/session.js');
		return (await fetch('/v1/audit/purchasing/goods_receipt/`+receipt+`', { headers: await authorize() })).status;
	})()`); status != http.StatusForbidden {
		t.Errorf("the API answers an operator with %d", status)
	}
}
