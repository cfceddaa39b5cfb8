package floor_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/millrace-erp/millrace/internal/browsertest"
	"github.com/millrace-erp/millrace/internal/demo"
	"github.com/millrace-erp/millrace/internal/httpapi/httpapitest"
	"github.com/millrace-erp/millrace/internal/testdb"
)

// plant is the API with an issuer of its own, over the demonstration's factory.
type plant struct {
	*httpapitest.API
	token string
}

const pin = "739152"

// factory starts the API over the demonstration's factory, with an operator, whose badge is BADGE-7.
func factory(t testing.TB) *plant {
	t.Helper()
	p := &plant{}
	p.API, p.token = httpapitest.Issuing(t, testdb.New(t))
	for _, record := range demo.Factory() {
		p.PostKey(t, record.Key, record.Path, string(record.Body)).Want(200)
	}
	p.Post(t, "/v1/operators", map[string]any{"number": "O-7", "name": "Ayşe Demir", "roles": []string{"operator"}, "sites": []string{"*"}}).Want(200)
	p.Post(t, "/v1/badges", map[string]any{"badge": "BADGE-7", "operator": "O-7"}).Want(200)
	p.Post(t, "/v1/operator-pins", map[string]any{"operator": "O-7", "pin": pin}).Want(200)
	return p
}

// Post sends a command as the administrator.
func (p *plant) Post(t testing.TB, path string, body any) *httpapitest.Answer {
	t.Helper()
	return p.PostKey(t, httpapitest.Key(), path, body)
}

// PostKey sends a command as the administrator, under the given key.
func (p *plant) PostKey(t testing.TB, key, path string, body any) *httpapitest.Answer {
	t.Helper()
	text, ok := body.(string)
	if !ok {
		b, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		text = string(b)
	}
	for {
		answer := p.send(t, http.MethodPost, path, text, key)
		// A machine that is slow enough says so, and is asked again as devices do.
		if answer.Status != http.StatusServiceUnavailable || t.Context().Err() != nil {
			return answer
		}
		time.Sleep(time.Second)
	}
}

// Get reads as the administrator.
func (p *plant) Get(t testing.TB, path string) *httpapitest.Answer {
	t.Helper()
	return p.send(t, http.MethodGet, path, "", "")
}

func (p *plant) send(t testing.TB, method, path, body, key string) *httpapitest.Answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, p.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+p.token)
	if key != "" {
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Idempotency-Key", key)
	}
	return p.Do(t, req)
}

// device opens the screens at the address on a fresh device, paired and with the operator signed in, all by scans and taps.
func device(t testing.TB, api *plant, address string) *browsertest.Page {
	t.Helper()
	page := browsertest.Open(t, address+"/floor/")
	pair(t, api, page)
	signIn(page)
	return page
}

// pair makes the device of the page known.
func pair(t testing.TB, api *plant, page *browsertest.Page) {
	t.Helper()
	name := "TAB-" + httpapitest.Key()[:4]
	api.Post(t, "/v1/devices", map[string]any{"code": name, "name": "At the gate", "roles": []string{"operator"}, "sites": []string{"*"}}).Want(200)
	code := api.Post(t, "/v1/pairing-codes", map[string]any{"device": name}).Want(201).Text("code")
	page.Has(`[data-screen="pairing"]`)
	page.Scan(code)
}

func signIn(page *browsertest.Page) {
	logIn(page, "BADGE-7")
	page.Wait(`(async () => { const { reference } = await import('/floor/lib/codes.js'); return reference().items.length > 0; })()`)
}

func logIn(page *browsertest.Page, badge string) {
	tryLogIn(page, badge)
	page.Wait(`!document.querySelector('[data-screen="pad"], [data-screen="login"]')`)
}

func tryLogIn(page *browsertest.Page, badge string) {
	page.Has(`[data-screen="login"]`)
	page.Scan(badge)
	page.Has(`[data-screen="pad"]`)
	for _, digit := range pin {
		page.Tap(`[data-key="` + string(digit) + `"]`)
	}
	page.Tap(`[data-primary]`)
}

// settled waits until the journal holds so many taps and none is queued.
func settled(page *browsertest.Page, taps int) []record {
	page.Wait(fmt.Sprintf(`(async () => { const { list } = await import('/floor/lib/outbox.js'); const all = await list(1000);
		return all.length >= %d && all.every((one) => one.state !== 'queued'); })()`, taps))
	return journal(page)
}

// record is a tap in the journal of the device.
type record struct {
	Sequence int64
	Key      string
	State    string
	Receipt  string
	Path     string
	Tries    int
	Problem  json.RawMessage
	Answer   struct {
		DeliveryNote string `json:"delivery_note"`
	}
}

func journal(page *browsertest.Page) []record {
	return browsertest.Eval[[]record](page, `(async () => { const { list } = await import('/floor/lib/outbox.js'); return (await list(1000)).reverse(); })()`)
}

// TestWedge scans sixty labels as fast as they come: sixty movements, in the order of the scans.
func TestWedge(t *testing.T) {
	t.Parallel()
	api := factory(t)
	const scans = 60
	for i := range scans {
		api.Post(t, "/v1/opening-stocks", map[string]any{"item": "CRATE-6420", "lot": fmt.Sprintf("W-%02d", i), "to": "FIN-01", "quantity": "10"}).Want(201)
	}
	page := device(t, api, api.URL)
	page.Tap(`[data-task="transfer"]`)
	page.Has(`[data-screen="transfer from"]`)
	page.Scan("FIN-01")
	page.Has(`[data-screen="transfer to"]`)
	page.Scan("FIN-02")
	page.Has(`[data-screen="transfer item"]`)
	for i := range scans {
		label := fmt.Sprintf("010952123400101010W-%02d\x1d301", i)
		if i%2 == 1 { // with and without symbology identifier
			label = "]C1" + label
		}
		if i%10 == 9 { // the other way in, between the keys
			page.Insert(label + "\n")
			continue
		}
		page.Scan(label)
	}
	records := settled(page, scans)
	for i, r := range records {
		if r.State != "confirmed" || r.Sequence != int64(i+1) {
			t.Errorf("tap %d: number %d, %s %s", i, r.Sequence, r.State, r.Problem)
		}
	}
	var lots []string
	rows, err := api.DB.Pool.Query(t.Context(), `SELECT l.number FROM inventory.movement AS m JOIN inventory.lot AS l ON l.id = m.lot_id WHERE m.movement_type = 'transfer' ORDER BY m.id`)
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		var lot string
		if err := rows.Scan(&lot); err != nil {
			t.Fatal(err)
		}
		lots = append(lots, lot)
	}
	if len(lots) != scans {
		t.Fatalf("%d movements: %s", len(lots), strings.Join(lots, " "))
	}
	for i, lot := range lots {
		if lot != fmt.Sprintf("W-%02d", i) {
			t.Errorf("movement %d is of lot %s", i, lot)
		}
	}
	page.Shot("wedge")
	feedback(page)
}

// feedback tells how long the screen took from the last key of a scan, or the tap, until what it says was painted. It is a
// figure of this machine: that nothing is waited for is what TestAnswersAtOnce holds.
func feedback(page *browsertest.Page) {
	took := browsertest.Eval[[]int](page, `millrace.feedback`)
	slices.Sort(took)
	if len(took) > 0 {
		page.Log(fmt.Sprintf("feedback of %d scans and taps: half in %d ms, 99 of 100 in %d ms", len(took), took[len(took)/2], took[len(took)*99/100]))
	}
}

// TestReaderOfCodes holds the reader of the screens to the cases of the server's.
func TestReaderOfCodes(t *testing.T) {
	t.Parallel()
	cases, err := os.ReadFile("../gs1/testdata/scans.json")
	if err != nil {
		t.Fatal(err)
	}
	page := browsertest.Open(t, httpapitest.New(t).URL+"/floor/")
	for _, wrong := range browsertest.Eval[[]string](page, `(async () => {
		const { readScan, weight } = await import('/floor/lib/gs1.js');
		const wrong = [];
		for (const c of `+string(cases)+`) {
			const got = readScan(c.text);
			if (c.wrong) { if (got) wrong.push(c.text + ': was taken'); continue; }
			const sorted = (o) => JSON.stringify(Object.entries(o ?? {}).sort());
			if (!got || got.gtin !== c.gtin || sorted(got.elements) !== sorted(c.elements) || (c.plain && got.text !== c.plain) || weight(got.elements) !== (c.weight ?? '')) wrong.push(c.text + ': ' + JSON.stringify(got));
		}
		return wrong;
	})()`) {
		t.Error(wrong)
	}
}
