package floor_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/millrace-erp/millrace/internal/browsertest"
	"github.com/millrace-erp/millrace/internal/httpapi/httpapitest"
)

// The variants of every screen, and of every board. 320 × 533 is the smallest handheld that there is.
var (
	viewports = []viewport{{320, 533}, {360, 640}, {480, 800}, {800, 1280}, {1280, 800}}
	walls     = []viewport{{360, 640}, {800, 1280}, {1280, 800}, {1920, 1080}, {3840, 2160}}
	languages = []string{"en", "de", "tr"}
	sides     = []string{"right", "left"}
	contrasts = []string{"normal", "high"}
)

type viewport struct{ width, height int }

// fault is what the lint says of a screen in one variant, or axe-core of it in one contrast.
type fault struct {
	Kind, Where, Detail      string
	Language, Hand, Contrast string
	viewport                 viewport
	screen                   string
}

func (f fault) String() string {
	return fmt.Sprintf("%s: %s: %s (%s) at %d × %d in %s, %s hand, %s contrast", f.screen, f.Kind, f.Where, f.Detail, f.viewport.width, f.viewport.height, f.Language, f.Hand, f.Contrast)
}

// grouped says each fault once, with the number of variants that have it.
func grouped(faults []fault) []string {
	count, first := map[string]int{}, map[string]fault{}
	for _, one := range faults {
		key := one.screen + "\x00" + one.Kind + "\x00" + one.Where
		if count[key]++; count[key] == 1 {
			first[key] = one
		}
	}
	var lines []string
	for _, key := range slices.Sorted(maps.Keys(count)) {
		line := first[key].String()
		if count[key] > 1 {
			line += fmt.Sprintf(" and %d more", count[key]-1)
		}
		lines = append(lines, line)
	}
	return lines
}

// axeSum is the checksum of axe-core 4.14.1, as it is published.
const axeSum = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"

func script(t testing.TB, file string) string {
	t.Helper()
	text, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	if sum := sha256.Sum256(text); file == "axe-core/axe.min.js" && hex.EncodeToString(sum[:]) != axeSum {
		t.Fatalf("%s is not what was published", file)
	}
	return string(text)
}

// glove lints what a page shows.
type glove struct {
	t         testing.TB
	page      *browsertest.Page
	report    *report // nil unless somebody wants to look
	viewports []viewport
	hands     []string // nil: both
	screens   []string
	faults    []fault
}

// learn brings the lint and axe-core into the page, which forgets them when it is loaded again.
func (g *glove) learn() {
	g.t.Helper()
	if !browsertest.Eval[bool](g.page, `Boolean(window.glove && window.axe)`) {
		browsertest.Eval[bool](g.page, script(g.t, "lint.js"))
		browsertest.Eval[bool](g.page, `(() => {`+script(g.t, "axe-core/axe.min.js")+`; return true; })()`)
	}
}

// look lints the screen that is open in all variants, or in some languages only where it holds words of the moment.
func (g *glove) look(name string, in ...string) {
	g.t.Helper()
	if len(in) == 0 {
		in = languages
	}
	g.learn()
	label := name
	if len(in) == 1 {
		label += " " + in[0]
	}
	g.screens = append(g.screens, label)
	if g.picture(label) {
		return
	}
	before := len(g.faults)
	for _, v := range g.viewports {
		g.page.Size(v.width, v.height)
		hands := g.hands
		if hands == nil {
			hands = sides
		}
		request, err := json.Marshal(map[string]any{"width": v.width, "languages": in, "hands": hands, "contrasts": contrasts})
		if err != nil {
			g.t.Fatal(err)
		}
		for _, one := range browsertest.Eval[[]fault](g.page, `glove.run(`+string(request)+`)`) {
			one.screen, one.viewport = label, v
			g.faults = append(g.faults, one)
		}
	}
	usual := viewports[1]
	g.page.Size(usual.width, usual.height)
	for _, contrast := range contrasts {
		g.wear(in[0], "right", contrast)
		for _, one := range g.axe(contrast == "normal") {
			one.screen, one.viewport, one.Language, one.Hand, one.Contrast = label, usual, in[0], "right", contrast
			g.faults = append(g.faults, one)
		}
	}
	if g.report != nil {
		g.report.add(g, label, in, g.faults[before:])
	}
	g.page.Size(usual.width, usual.height)
	g.wear(in[0], "right", "normal")
}

func (g *glove) wear(language, hand, contrast string) {
	g.t.Helper()
	browsertest.Eval[any](g.page, fmt.Sprintf(`(async () => { if (document.documentElement.lang !== %[1]q) await glove.speak(%[1]q); glove.wear(%[2]q, %[3]q); })()`, language, hand, contrast))
}

// axe gives what axe-core finds against WCAG 2.2, levels A and AA; or of colours alone, for a screen that is only dyed
// in another way.
func (g *glove) axe(isWhole bool) []fault {
	g.t.Helper()
	rules := `{ type: 'rule', values: ['color-contrast'] }`
	if isWhole {
		rules = `['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']`
	}
	return browsertest.Eval[[]fault](g.page, `(async () => {
		const { violations } = await axe.run(document, { runOnly: `+rules+`, resultTypes: ['violations'] });
		return violations.flatMap((one) => one.nodes.map((node) => ({ kind: 'axe ' + one.id, where: node.target.flat().join(' '), detail: node.failureSummary.replace(/\s+/g, ' ') })));
	})()`)
}

// click taps at once: where fingers land is what other tests are about.
func (g *glove) click(selector string) {
	g.t.Helper()
	g.page.Wait(fmt.Sprintf(`(() => { const e = document.querySelector(%q); if (!e || e.disabled) return false; e.click(); return true; })()`, selector))
}

// at opens a task from the home screen.
func (g *glove) at(task string) {
	g.t.Helper()
	browsertest.Eval[any](g.page, `location.hash = ''`)
	g.page.Has(`[data-screen="home"]`)
	browsertest.Eval[any](g.page, fmt.Sprintf(`location.hash = %q`, task))
	g.page.Has(fmt.Sprintf(`[data-screen^=%q]`, task))
}

// step waits for a step and looks at it.
func (g *glove) step(name string) {
	g.t.Helper()
	g.page.Has(fmt.Sprintf(`[data-screen=%q]`, name))
	g.look(name)
}

func (g *glove) scan(code string) { g.t.Helper(); g.page.Insert(code + "\n") }

func (g *glove) number(digits string) {
	g.t.Helper()
	g.page.Has(`[data-screen="pad"]`)
	for _, digit := range digits {
		g.click(`[data-key="` + string(digit) + `"]`)
	}
	g.click(`[data-primary]`)
}

// furnished gives the factory something to do for every task, and names as long as they come.
func furnished(t *testing.T, api *plant) (receipt, unit string) {
	t.Helper()
	busy(t, api)
	bought := api.Post(t, "/v1/purchase-orders", object{"site": "ELBE", "supplier": "POLYNORD", "lines": []object{
		{"item": "PP-NAT", "quantity": "1000", "unit": "KGM"}, {"item": "MB-BLUE", "quantity": "50.125", "unit": "KGM"},
	}}).Want(201).Text("number")
	received := func(line int, quantity, lot string) string {
		return api.Post(t, "/v1/goods-receipts", object{"purchase_order": bought, "lines": []object{{"line": line, "quantity": quantity, "unit": "KGM", "lot": lot}}}).Want(201).Text("number")
	}
	receipt = received(1, "499.875", "PP-2026-11-0000123-B")
	api.Post(t, "/v1/inspections", object{"goods_receipt": received(1, "25", "PP-WET"), "line": 1, "unit": "KGM", "rejected_quantity": "25", "reason": "MOISTURE"}).Want(201)
	api.Post(t, "/v1/inspections", object{"goods_receipt": received(2, "20.125", "MB-1"), "line": 1, "unit": "KGM", "accepted_quantity": "20.125"}).Want(201)
	for _, stock := range []object{
		{"item": "PP-NAT", "lot": "PP-A", "to": "RAW-01", "quantity": "5000"},
		{"item": "MB-BLUE", "lot": "MB-0", "to": "RAW-01", "quantity": "100000"},
		{"item": "INS-M6", "to": "RAW-02", "quantity": "123456"},
		{"item": "BODY-6420", "lot": "BODY-1", "to": "WIP-02", "quantity": "120"},
	} {
		api.Post(t, "/v1/opening-stocks", stock).Want(201)
	}
	work := func(item, quantity string) string {
		return api.Post(t, "/v1/work-orders", object{"item": item, "quantity": quantity}).Want(201).Text("number")
	}
	api.Post(t, "/v1/production-reports", object{"work_order": work("LID-64", "120"), "good_quantity": "120", "lot": "LID-1", "materials": []object{{"item": "PP-NAT", "lot": "PP-A"}}}).Want(201)
	crates := work("CRATE-6420", "60")
	api.Post(t, "/v1/material-issues", object{"work_order": crates, "lines": []object{{"item": "BODY-6420", "lot": "BODY-1", "quantity": "60"}, {"item": "LID-64", "lot": "LID-1", "quantity": "60"}}}).Want(201)
	api.Post(t, "/v1/production-reports", object{"work_order": crates, "good_quantity": "60", "lot": "CR-1"}).Want(201)
	work("BODY-6420", "1200")
	for i, quantity := range []string{"36", "12", "24", "8"} {
		order := api.Post(t, "/v1/sales-orders", object{"site": "ELBE", "customer": "LYONPRIM", "lines": []object{{"item": "CRATE-6420", "quantity": quantity, "unit_price": "9.90"}}}).Want(201).Text("number")
		api.Post(t, "/v1/reservations", object{"sales_order": order}).Want(201)
		if i > 0 {
			pick := api.Post(t, "/v1/picks", object{"sales_order": order, "lines": []object{{"line": 1, "quantity": quantity}}}).Want(201).Text("number")
			if i > 1 {
				sscc := api.Post(t, "/v1/handling-units", object{"kind": "pallet", "contents": []object{{"pick": pick, "line": 1, "quantity": quantity}}}).Want(201).Text("sscc")
				if i == 2 {
					unit = sscc
					continue
				}
				api.Post(t, "/v1/shipments", object{"handling_units": []string{sscc}}).Want(201)
			}
		}
	}
	api.Post(t, "/v1/operators", object{"number": "O-8", "name": "Karl-Friedrich Wiesengrund-Lüdenscheidt", "roles": []string{"operator", "supervisor"}, "sites": []string{"*"}}).Want(200)
	api.Post(t, "/v1/badges", object{"badge": "BADGE-8", "operator": "O-8"}).Want(200)
	api.Post(t, "/v1/operator-pins", object{"operator": "O-8", "pin": pin}).Want(200)
	return receipt, unit
}

// TestGlove opens every screen and every step of every task once, and holds it, in every viewport, language, hand and
// contrast, to what gloves and eyes need (testdata/lint.js) and to what axe-core knows of WCAG 2.2.
// With MILLRACE_SCREENS_REPORT it leaves a page with pictures there: make screens.
func TestGlove(t *testing.T) {
	t.Parallel()
	api := factory(t)
	receipt, unit := furnished(t, api)
	api.Post(t, "/v1/devices", object{"code": "TAB-7", "name": "At the gate", "roles": []string{"operator", "supervisor"}, "sites": []string{"*"}}).Want(200)
	g := &glove{t: t, viewports: viewports, report: newReport(t), page: browsertest.Open(t, api.URL+"/floor/")}
	t.Cleanup(func() { // what was found before a screen did not come counts, too
		for _, line := range grouped(g.faults) {
			t.Error(line)
		}
		t.Logf("%d screens in %d variants", len(g.screens), len(viewports)*len(languages)*len(sides)*len(contrasts))
		if g.report != nil {
			g.report.write(t, g.faults)
		}
	})

	g.step("pairing")
	g.signIn(api)
	g.tasks(receipt, unit)
	g.verdicts()
	g.others()
	g.whole()
	g.boards(t, api)
	g.desk(t, api)
}

// signIn pairs the device and signs in, with a mistake at each.
func (g *glove) signIn(api *plant) {
	g.t.Helper()
	g.scan("2Z3Y-4X5W")
	g.page.Has(`[data-verdict="error"]`)
	g.look("pairing: wrong code", "en")
	g.scan(api.Post(g.t, "/v1/pairing-codes", object{"device": "TAB-7"}).Want(201).Text("code"))
	g.step("login")
	g.scan("BADGE-8")
	g.page.Has(`[data-screen="pad"]`)
	g.look("login: PIN")
	g.number("271828")
	g.page.Has(`[data-verdict="error"]`)
	g.look("login: wrong PIN", "en")
	g.scan("BADGE-8")
	g.number(pin)
	g.page.Wait(`(async () => { const { reference } = await import('/floor/lib/codes.js'); return reference().items.length > 0; })()`)
	g.step("home")
	g.at("journal")
	g.look("journal: empty")
}

// tasks goes through the steps of each task.
func (g *glove) tasks(receipt, unit string) {
	g.t.Helper()
	const crate = "(01)09521234001010(10)CR-1"
	pad := func(name string) { g.t.Helper(); g.page.Has(`[data-screen="pad"]`); g.look(name + " pad") }

	g.at("receive")
	g.page.Has(`[data-row]`)
	g.step("receive task")
	g.click(`[data-row$="PP-NAT"]`)
	g.step("receive summary")
	g.click(`[data-action="lot"]`)
	g.step("receive newLot")
	g.scan("PP-2026-11-0000124-C")
	for _, name := range []string{"supplier_lot", "delivery_note"} {
		g.page.Has(`[data-screen="receive summary"]`)
		g.click(`[data-action="details"]`)
		g.page.Has(`[data-screen="receive details"]`)
		g.click(`[data-row="` + name + `"]`)
		g.step("receive " + name)
		g.scan("PN-2026-4711")
	}
	g.page.Has(`[data-screen="receive summary"]`)
	g.click(`[data-action="details"]`)
	g.step("receive details")
	g.click(`[data-row="expires_on"]`)
	g.page.Has(`[data-screen="pad"]`)
	for _, digit := range "31122041" {
		g.click(`[data-key="` + string(digit) + `"]`)
	}
	pad("receive expiry")
	g.click(`[data-primary]`)
	g.page.Has(`[data-screen="receive summary"]`)
	g.look("receive summary: with details")
	g.click(`[data-action="change-quantity"]`)
	pad("receive")
	g.click(`[data-action="back"]`)

	g.at("inspect")
	g.page.Has(`[data-row]`)
	g.step("inspect task")
	g.scan(receipt)
	g.step("inspect summary")
	g.click(`[data-action="reject"]`)
	pad("inspect")
	g.number("123.875")
	g.step("inspect reason")
	g.click(`[data-row="MOISTURE"]`)
	g.page.Has(`[data-screen="inspect summary"]`)
	g.look("inspect summary: rejecting")

	g.at("put_away")
	g.page.Has(`[data-row]`)
	g.step("put_away task")
	g.scan("MB-1")
	g.step("put_away summary")
	g.click(`[data-action="place"]`)
	g.step("put_away place")

	g.at("issue")
	g.page.Has(`[data-row]`)
	g.step("issue task")
	g.click(`[data-row$="PP-NAT"]`)
	g.step("issue summary")

	g.at("report")
	g.page.Has(`[data-row]`)
	g.step("report task")
	g.click(`[data-row$="CRATE-6420"]`)
	g.step("report summary")
	g.click(`[data-action="details"]`)
	g.step("report details")
	g.click(`[data-row="newLot"]`)
	g.step("report newLot")
	g.scan("CR-2026-11-0000123-A")
	g.page.Has(`[data-screen="report summary"]`)
	g.scan("BODY-1")
	g.page.Wait(`document.body.innerText.includes('BODY-1')`)
	g.click(`[data-action="scrap"]`)
	pad("report")
	g.number("12")
	g.step("report scrapReason")
	g.click(`[data-row="FLASH"]`)
	g.page.Has(`[data-screen="report summary"]`)
	g.look("report summary: lot, scrap, material")

	g.at("transfer")
	g.step("transfer from")
	g.scan("FIN-01")
	g.step("transfer to")
	g.scan("FIN-02")
	g.step("transfer item")
	g.scan("(01)09521234001010")
	g.step("transfer lot")
	g.scan(crate)
	pad("transfer")
	g.number("1")
	g.step("transfer summary")
	g.click(`[data-action="back"]`)

	g.at("pick")
	g.page.Has(`[data-row]`)
	g.step("pick task")
	g.click(`[data-row]`)
	g.step("pick summary")

	g.at("pack")
	g.page.Has(`[data-row]`)
	g.step("pack task")
	g.click(`[data-row]`)
	g.step("pack summary")

	g.at("ship")
	g.page.Has(`[data-row]`)
	g.step("ship units")
	g.scan("00" + unit)
	g.page.Has(`[aria-pressed="true"]`)
	g.look("ship units: one chosen")
	g.click(`[data-primary]`)
	g.step("ship carrier")
	g.click(`[data-row="KUESTE"]`)
	g.step("ship summary")

	for _, task := range []string{"return", "send_back"} {
		g.at(task)
		g.page.Has(`[data-row]`)
		g.step(task + " task")
		g.click(`[data-row]`)
		if task == "return" {
			pad(task)
			g.number("4")
		}
		g.step(task + " reason")
		g.click(`[data-row]`)
		g.step(task + " summary")
	}

	g.at("count")
	g.step("count from")
	g.scan("RAW-02")
	g.step("count item")
	g.scan("(01)09521234001010")
	g.step("count lot")
	g.scan("INS-M6")
	pad("count")
	g.number("123446")
	if g.page.Comes(`document.querySelector('[data-screen="count reason"]')`, 0) {
		g.step("count reason")
		g.click(`[data-row]`)
	}
	g.step("count summary")
}

// verdicts makes each answer come in each language: they hold words of the moment.
func (g *glove) verdicts() {
	g.t.Helper()
	const label = "(01)09521234001010(10)B-1(30)"
	for _, language := range languages {
		g.wear(language, "right", "normal")
		g.at("transfer")
		g.scan("FIN-01")
		g.page.Has(`[data-screen="transfer to"]`)
		g.scan("FIN-02")
		g.page.Has(`[data-screen="transfer item"]`)
		g.scan(label + "2")
		g.page.Has(`[data-verdict="confirmed"]`)
		g.look("verdict: confirmed", language)
		g.scan("NOBODY-KNOWS-THIS-1234567890")
		g.page.Has(`[data-verdict="error"]`)
		g.look("verdict: unknown code", language)
		g.scan(label + "99999")
		g.page.Has(`[data-verdict="refused"]`)
		g.look("verdict: refused", language)
		g.page.Offline(true)
		g.scan(label + "1")
		g.page.Has(`[data-verdict="queued"]`)
		g.look("verdict: queued", language)
		g.click(`[data-action="journal"]`)
		g.page.Has(`[data-screen="journal"] .row.wait`)
		g.look("journal: queued and refused", language)
		g.click(`.row.no`)
		g.page.Has(`[data-screen="entry"]`)
		g.look("entry: refused", language)
		g.click(`[data-primary]`)
		g.page.Has(`[data-screen="journal"]`)
		g.page.Offline(false)
		browsertest.Eval[any](g.page, `import('/floor/lib/signal.js').then(({ tell }) => tell('retry')).then(() => import('/floor/lib/outbox.js')).then(({ flush }) => { flush(); })`)
		g.page.Wait(`!document.querySelector('.row.wait')`)
		g.click(`.row.ok`)
		g.page.Has(`[data-screen="entry"]`)
		g.look("entry: confirmed", language)
		// A mistake in the middle of a task: what is to be done is still there.
		g.at("issue")
		g.click(`[data-row$="PP-NAT"]`)
		g.page.Has(`[data-screen="issue summary"]`)
		g.scan(label + "1")
		g.page.Has(`[data-verdict="error"]`)
		g.look("issue summary: wrong item", language)
		g.at("report")
		g.click(`[data-row$="CRATE-6420"]`)
		g.page.Has(`[data-screen="report summary"]`)
		g.scan("KUESTE-MAKE-BELIEVE-LABEL")
		g.page.Has(`[data-verdict="error"]`)
		g.look("report summary: unknown code", language)
	}
	g.wear("en", "right", "normal")
}

// others are the screens without a tap.
func (g *glove) others() {
	g.t.Helper()
	g.at("journal")
	g.page.Has(`.row.ok`)
	g.look("journal")
	g.at("look_up")
	g.look("look_up")
	for name, code := range map[string]string{"lot": "CR-1", "item": "INS-M6", "place": "FIN-01", "order": "SO-000001"} {
		g.at("look_up")
		g.scan(code)
		g.page.Has(`[data-screen="found"]`)
		if name == "lot" {
			g.page.Has(`[data-lot="PP-A"]`)
		}
		g.look("found: " + name)
	}
	g.at("settings")
	g.look("settings")
	browsertest.Eval[any](g.page, `document.querySelector('.body').scrollTo(0, 99999)`)
	g.look("settings: below")
	g.at("receive")
	g.click(`[data-action="camera"]`)
	g.step("camera")
}

// whole holds that no step of a task was left out.
func (g *glove) whole() {
	g.t.Helper()
	for _, step := range browsertest.Eval[[]string](g.page, `(async () => {
		const { flows } = await import('/floor/screens/flows.js');
		return Object.values(flows).flatMap((flow) => flow.steps.map((step) => flow.id + ' ' + step.name));
	})()`) {
		flow, _, _ := strings.Cut(step, " ")
		if slices.Contains(g.screens, step) || slices.Contains([]string{"count reason"}, step) {
			continue
		}
		// Numbers are keyed in on the pad, which is the same in all steps of a task.
		if slices.Contains([]string{"quantity", "rejected", "scrap", "second", "rejectedSecond", "scrapSecond", "expires_on", "minutes"}, strings.TrimPrefix(step, flow+" ")) {
			continue
		}
		g.t.Errorf("nobody looked at the step %s", step)
	}
}

// boards are looked at as well: on a wall, at a desk, on a telephone.
func (g *glove) boards(t *testing.T, api *plant) {
	t.Helper()
	g.viewports = walls
	number(t, api)
	for _, name := range []string{"shipping", "work_centers", "stock", "stock=FIN-01", "warnings", "tablets", "jobs"} {
		base, _, _ := strings.Cut(name, "=")
		g.page.Navigate(api.URL + "/board/#" + name)
		g.page.Has(fmt.Sprintf(`[data-board=%q][data-stale="false"][data-live="true"] .content > :not(.empty), [data-board=%[1]q] .no-right`, base))
		g.look("board " + name)
	}
	for name, wait := range map[string]string{
		"history": ".search", "history=goods_receipt:GR-000003": ".change.update", "history=lot:CR-1&item=CRATE-6420": ".change", "history=item:NONE": ".search + .empty",
	} {
		g.page.Navigate(api.URL + "/board/#/" + name)
		g.page.Has(`[data-board="history"][data-stale="false"] ` + wait)
		g.look("board " + name)
	}
	g.page.Scan("NOBODY-KNOWS-THIS-1234567890")
	g.page.Has(`[data-board="history"] .choices`)
	g.look("board history: unknown", "en")
	g.page.Navigate(api.URL + "/board/#work_centers")
	g.unheard(`[data-board="work_centers"]`)
	g.look("board: without live connection")
	// A quarter of an hour later, and no answer since.
	g.page.Navigate(api.URL + "/board/#work_centers")
	g.page.Has(`[data-board="work_centers"] .card`)
	g.learn()
	for _, language := range []string{"de", "tr", "en"} { // the texts come while there is a network
		g.wear(language, "right", "normal")
	}
	g.page.Offline(true)
	browsertest.Eval[any](g.page, `(() => { const now = Date.now; Date.now = () => now() + 900_000; })()`)
	g.page.Has(`[data-stale="true"] .stale`)
	g.look("board: stale", "de")
	g.page.Offline(false)
}

// unheard is a page to which the stream of events does not come.
func (g *glove) unheard(page string) {
	g.t.Helper()
	g.page.Has(page + `[data-live="true"]`)
	browsertest.Eval[any](g.page, `import('/floor/lib/signal.js').then(({ tell }) => tell('stream', false))`)
	g.page.Has(page + `[data-live="false"][data-stale="false"]`)
}

// TestGloveCanFail shows the lint and axe-core a page for each fault that they look for, and one without.
func TestGloveCanFail(t *testing.T) {
	t.Parallel()
	page := browsertest.Open(t, httpapitest.New(t).URL+"/floor/")
	g := &glove{t: t, page: page, viewports: []viewport{{360, 640}}}
	const begin, end = `<main class="screen" style="width:360px;height:640px;position:relative;overflow:hidden">`, `</main>`
	const primary = `<button data-primary style="position:absolute;left:16px;right:16px;bottom:16px;height:120px;font-size:28px">Go</button>`
	button := func(style, text string) string {
		return `<button style="position:absolute;min-width:0;` + style + `">` + text + `</button>`
	}
	for _, one := range []struct{ want, html string }{
		{"", begin + `<h1>Right</h1>` + button("left:16px;top:100px;width:80px;height:80px", "One") + button("left:112px;top:100px;width:80px;height:80px", "Two") + primary + end},
		{"target too small", begin + button("left:16px;top:100px;width:80px;height:60px", "One") + end},
		{"too close", begin + button("left:16px;top:100px;width:80px;height:80px", "One") + button("left:100px;top:100px;width:80px;height:80px", "Two") + end},
		{"primary action too small", begin + strings.ReplaceAll(primary, "height:120px", "height:100px") + end},
		{"primary action is not on the screen", begin + strings.ReplaceAll(primary, "bottom:16px", "top:600px") + end},
		{"something lies on the primary action", begin + primary + `<div style="position:absolute;left:0;bottom:0;width:360px;height:200px;background:#fff"></div>` + end},
		{"primary action out of reach", begin + strings.ReplaceAll(primary, "bottom:16px", "top:16px") + end},
		{"more than one primary action", begin + primary + strings.ReplaceAll(primary, "bottom:16px", "bottom:200px") + end},
		{"back is on the side of the thumb", begin + `<header class="bar" style="position:absolute;inset:0 0 auto;height:80px"><button data-action="back" style="position:absolute;right:0;top:0;width:80px;height:80px" aria-label="Back"></button></header>` + end},
		{"text leaves its target", begin + button("left:16px;top:100px;width:80px;height:80px;white-space:nowrap;text-align:left", "Wareneingangsprüfung") + end},
		{"text is cut off", begin + `<p style="width:100px;overflow:hidden;white-space:nowrap">More than there is room for</p>` + end},
		{"text is covered", begin + `<p>Text</p><div style="position:absolute;inset:0;background:#fff"></div>` + end},
		{"texts overlap", begin + `<p style="position:absolute;top:100px">One text</p><p style="position:absolute;top:104px">Another text</p>` + end},
		{"text too small", begin + `<p style="font-size:12px">Small</p>` + end},
		{"number too small", begin + `<div class="big-value"><b style="font-size:30px">500</b></div>` + end},
		{"word is broken", begin + `<p style="width:60px;overflow-wrap:anywhere">Chargennummer</p>` + end},
		{"scrolls sideways", `<div style="width:500px;height:20px"></div>`},
		{"page scrolls", `<div style="height:900px"></div>`},
		{"axe color-contrast", begin + `<p style="color:#999;background:#fff">Pale</p>` + end},
		{"axe button-name", begin + button("left:16px;top:100px;width:80px;height:80px", "") + end},
		{"axe label", begin + `<input style="min-height:80px;width:200px">` + end},
	} {
		page.Navigate("about:blank")
		g.faults, g.screens = nil, nil
		browsertest.Eval[any](page, fmt.Sprintf(`(() => { document.documentElement.lang = 'en'; document.title = 'Broken'; document.body.style.cssText = 'margin:0;font:20px sans-serif'; document.body.innerHTML = '<style>button{font:inherit;padding:0}</style>' + %q; document.documentElement.dataset.hand = 'right'; })()`, one.html))
		if needsAxe := one.want == "" || strings.HasPrefix(one.want, "axe "); needsAxe {
			g.learn()
		} else {
			browsertest.Eval[bool](page, script(t, "lint.js"))
		}
		g.faults = browsertest.Eval[[]fault](page, `glove.lint()`)
		if one.want == "" || strings.HasPrefix(one.want, "axe ") {
			g.faults = append(g.faults, g.axe(true)...)
		}
		found := slices.ContainsFunc(g.faults, func(f fault) bool { return f.Kind == one.want })
		if one.want == "" && len(g.faults) > 0 {
			t.Errorf("the page is right, but: %v", grouped(g.faults))
		} else if one.want != "" && !found {
			t.Errorf("%s was not found, but %v", one.want, grouped(g.faults))
		}
	}
}
