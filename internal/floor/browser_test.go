package floor_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/millrace-erp/millrace/internal/browsertest"
	"github.com/millrace-erp/millrace/internal/demo"
	"github.com/millrace-erp/millrace/internal/httpapi/httpapitest"
)

// factory starts the API over the demonstration's factory.
func factory(t *testing.T) *httpapitest.API {
	t.Helper()
	api := httpapitest.New(t)
	for _, record := range demo.Factory() {
		api.PostKey(t, record.Key, record.Path, string(record.Body)).Want(200)
	}
	return api
}

// device opens the screens on a fresh device, paired and with an operator signed in, all by scans.
func device(t *testing.T, url string) *browsertest.Page {
	t.Helper()
	page := browsertest.Open(t, url+"/floor/")
	signIn(page)
	return page
}

func signIn(page *browsertest.Page) {
	page.Has(`[data-screen="pairing"]`)
	page.Scan(httpapitest.Token())
	page.Has(`[data-screen="pairing device"]`)
	page.Scan("tablet-3")
	page.Has(`[data-screen="login"]`)
	page.Scan("forklift")
	page.Has(`[data-screen="home"]`)
	page.Wait(`(async () => { const { reference } = await import('/floor/lib/codes.js'); return reference().items.length > 0; })()`)
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
	page := device(t, api.URL)
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
	t.Logf("feedback in ms: %v", browsertest.Eval[[]int](page, `millrace.feedback`))
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
